import Foundation

/// A disk of its own under a folder, small enough to be filled.
struct SmallDisk: Sendable {
    let folder: String
    private var filler: String { "\(folder)/filler" }

    /// Mounts it over the folder, which is made if need be. Throws `Skip` where that is not allowed.
    static func mount(_ folder: String, megabytes: Int) async throws -> SmallDisk {
        guard getuid() == 0 else { throw Skip("only root can mount a small disk") }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let ended = try await run("mount", "-t", "tmpfs", "-o", "size=\(megabytes)m,mode=755", "tmpfs", folder)
        guard ended.code == 0 else { throw Skip("a small disk can't be mounted here: \(ended.said)") }
        return SmallDisk(folder: folder)
    }

    /// Leaves at most that many bytes free.
    func fill(leaving bytes: Int = 0) throws {
        let file = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Trouble("the filler can't be made: \(String(cString: strerror(errno)))") }
        defer { close(file) }
        for size in [1 << 20, 1 << 16, 1 << 12] {
            let block = [UInt8](repeating: 7, count: size)
            while free >= bytes + size, write(file, block, size) > 0 {}
        }
    }

    func makeRoom() throws { try FileManager.default.removeItem(atPath: filler) }

    private var free: Int {
        var stats = statvfs()
        return statvfs(folder, &stats) == 0 ? Int(stats.f_bavail) * Int(stats.f_frsize) : 0
    }

    /// Does `work` on it, and takes it away however that ended.
    func mounted<Result>(_ work: () async throws -> Result) async throws -> Result {
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await work()) } catch { result = .failure(error) }
        _ = try? await Self.run("umount", "-l", folder)
        return try result.get()
    }

    private static func run(_ program: String, _ words: String...) async throws -> RunningProgram.Ended {
        try await RunningProgram.start("/usr/bin/\(program)", words, environment: [:], folder: "/", log: "/tmp/cutover-e2e-\(getpid())-\(program)").ended()
    }
}
