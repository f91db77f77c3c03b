import Foundation

/// A host with nothing on it but Debian's base, reached by OpenSSH: whoever logs in there is shut into that root, with processes and mounts of
/// their own. It shares the network and the case's folder with this machine.
struct BareHost: Sendable {
    let root: String
    /// The client's configuration that leads there.
    let sshConfig: String
    private let server: RunningProgram

    static func start(_ stage: Stage) async throws -> BareHost {
        try await OwnSpaces.require("mount --bind /dev /mnt; mount -t tmpfs tmpfs /mnt", stage)
        let made = try await tool(stage, "bare-root")
        let root = made.out.trimmingCharacters(in: .whitespacesAndNewlines)
        try expect(made.code == 0 && FileManager.default.fileExists(atPath: root), "there is no bare root: \(made.said)")
        let lab = "\(stage.root)/ssh", folder = "\(stage.folder)/bare"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let text = try String(contentsOfFile: "\(lab)/config", encoding: .utf8)
        guard let old = text.firstMatch(of: /Port ([0-9]+)/)?.1 else { throw Trouble("\(lab)/config names no port") }
        let port = try FreePort.any()
        for (name, change) in [("known_hosts", [(":\(old) ", ":\(port) ")]), ("config", [("Port \(old)", "Port \(port)"), ("\(lab)/known_hosts", "\(folder)/known_hosts")])] {
            let original = try String(contentsOfFile: "\(lab)/\(name)", encoding: .utf8)
            _ = try stage.file("bare/\(name)", change.reduce(original) { $0.replacingOccurrences(of: $1.0, with: $1.1) })
        }
        chmod(try stage.file("bare/enter", "#!/bin/sh\nexec /usr/sbin/chroot '\(root)' /bin/sh -c \"$SSH_ORIGINAL_COMMAND\"\n"), 0o755)
        let script = """
            set -e
            mount -t proc proc '\(root)/proc'; mount --bind /dev '\(root)/dev'; mount -t tmpfs tmpfs '\(root)/tmp'
            mkdir -p '\(root)\(stage.folder)'; mount --bind '\(stage.folder)' '\(root)\(stage.folder)'
            sed 's/^Port .*/Port \(port)/; s|^PidFile .*|PidFile \(folder)/pid|; s/^ListenAddress .*/ListenAddress 127.0.0.1/' '\(lab)/server' > '\(folder)/server'
            echo 'ForceCommand \(folder)/enter' >> '\(folder)/server'
            exec /usr/sbin/sshd -D -e -f '\(folder)/server'
            """
        // With its first process goes whatever runs in there.
        let server = try await RunningProgram.start(
            "/usr/bin/unshare", ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "/bin/sh", "-c", script], environment: [:], folder: stage.folder,
            log: "\(stage.logs)/bare-sshd")
        for _ in 0..<600 where !FileManager.default.fileExists(atPath: "\(folder)/pid") { try await Task.sleep(for: .milliseconds(50)) }
        try expect(FileManager.default.fileExists(atPath: "\(folder)/pid"), "no sshd: see \(stage.logs)/bare-sshd.err")
        return BareHost(root: root, sshConfig: "\(folder)/config", server: server)
    }

    func stop() async {
        server.kill()
        _ = try? await server.ended(within: 20)
    }

    /// Programs that run in there, and what each has mapped.
    var programs: [(command: String, files: Set<String>)] {
        Leftovers.all.filter { (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\($0.pid)/root")) == root }.map { process in
            // FileManager stops at the first page of such a file.
            let maps = (try? FileHandle(forReadingAtPath: "/proc/\(process.pid)/maps")?.readToEnd()).flatMap { $0 } ?? Data()
            let files = String(decoding: maps, as: UTF8.self).split(separator: "\n").compactMap { line in line.firstIndex(of: "/").map { String(line[$0...]) } }
            return (process.command, Set(files))
        }
    }

    /// Runs one of the repository's own tools.
    static func tool(_ stage: Stage, _ name: String, _ words: String..., environment: [String: String] = [:]) async throws -> RunningProgram.Ended {
        let inherited = ProcessInfo.processInfo.environment.filter { ["PATH", "HOME"].contains($0.key) }
        return try await RunningProgram.start(
            "\(stage.places.repository)/.ci/\(name)", words, environment: inherited.merging(environment) { $1 }, folder: stage.folder,
            log: "\(stage.logs)/\(name)-\(UUID().uuidString.prefix(4))"
        ).ended(within: 1800)
    }
}

enum FreePort {
    /// Of the system's choice.
    static func any() throws -> Int {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr = in_addr(s_addr: UInt32(0x7f00_0001).bigEndian)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let length = size
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, length) == 0 && getsockname(socket, $0, &size) == 0 }
        }
        guard bound else { throw Trouble("no port is free") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
