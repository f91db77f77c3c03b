import CrashPoints
import Crypto
public import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A directory, made where needed, as the place of archives. Files are readable by their owner alone.
public struct DirectoryPlace: ArchivePlace {
    public let directory: URL

    public init(_ directory: URL) { self.directory = directory }

    /// Reads the whole file: its mark is its SHA-256.
    public func find(_ name: String) async throws -> ArchivedObject? {
        guard FileManager.default.fileExists(atPath: path(name)) else { return nil }
        return try stretch(of: name, from: 0, count: .max)
    }

    /// At most `count` bytes of a file, as if they were an object of their own.
    public func stretch(of name: String, from offset: Int, count: Int) throws -> ArchivedObject {
        let file = try FileHandle(forReadingFrom: url(name))
        defer { try? file.close() }
        try file.seek(toOffset: UInt64(offset))
        var (hash, bytes) = (SHA256(), 0)
        while let slice = try file.read(upToCount: min(1 << 20, count - bytes)), !slice.isEmpty {
            hash.update(data: slice)
            bytes += slice.count
        }
        return ArchivedObject(bytes: bytes, mark: hash.finalize().map { String(format: "%02x", $0) }.joined())
    }

    /// Nil when there is no file of that name.
    public func bytes(_ name: String) -> Int? { try? FileManager.default.attributesOfItem(atPath: path(name))[.size] as? Int }

    /// Makes a file durable that was written here piece by piece, and gives it its name: under that it is whole or not there.
    public func rename(_ arrived: String, to name: String) async throws {
        try await FileUpload(temporary: path(arrived), final: path(name), isThere: true).finish()
    }

    public func read(_ name: String, from offset: Int, count: Int) async throws -> [UInt8] {
        guard FileManager.default.fileExists(atPath: path(name)) else { throw DataPathError.archive("\(name) is missing") }
        let file = try FileHandle(forReadingFrom: url(name))
        defer { try? file.close() }
        try file.seek(toOffset: UInt64(offset))
        return Array(try file.read(upToCount: count) ?? Data())
    }

    public func begin(_ name: String) async throws -> any ArchiveUpload {
        do { try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700]) } catch {
            throw DataPathError.archive("cannot make \(directory.path): \(String(cString: strerror(errno)))")
        }
        return try FileUpload(temporary: path(name) + ".partial", final: path(name))
    }

    public func delete(_ name: String) async throws {
        for path in [path(name) + ".partial", path(name)] where FileManager.default.fileExists(atPath: path) {
            try FileManager.default.removeItem(atPath: path)
            CrashPoint.reached("removed", file: path)
        }
    }

    private func url(_ name: String) -> URL { directory.appendingPathComponent(name) }
    private func path(_ name: String) -> String { url(name).path }
}

/// Written under another name, and renamed when all of it is on disk.
private actor FileUpload: ArchiveUpload {
    private let temporary: String
    private let final: String
    private var descriptor: Int32

    init(temporary: String, final: String, isThere: Bool = false) throws {
        CrashPoint.reached("begun", file: final)
        if !isThere { unlink(temporary) }
        descriptor = open(temporary, O_WRONLY | O_CLOEXEC | (isThere ? 0 : O_CREAT | O_EXCL), 0o600)
        (self.temporary, self.final) = (temporary, final)
        guard descriptor >= 0 else { throw DataPathError.archive("cannot write \(temporary): \(String(cString: strerror(errno)))") }
    }

    func append(_ bytes: [UInt8]) throws {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw trouble("write") }
            written += count
        }
    }

    func finish() throws {
        CrashPoint.reached("not synced", file: final)
        guard fsync(descriptor) == 0 else { throw trouble("make durable") }
        let code = close(descriptor)
        descriptor = -1
        guard code == 0, rename(temporary, final) == 0 else { throw trouble("finish") }
        CrashPoint.reached("renamed", file: final)
        // A new name is durable only once its directory is.
        let directory = open((final as NSString).deletingLastPathComponent, O_RDONLY)
        guard directory >= 0 else { throw trouble("make durable the directory of") }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw trouble("make durable the directory of") }
        CrashPoint.reached("written", file: final)
    }

    func abandon() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        unlink(temporary)
    }

    private func trouble(_ what: String) -> DataPathError {
        .archive("cannot \(what) \(final): \(String(cString: strerror(errno)))")
    }
}
