import Foundation

/// Files that are whole or absent: written beside, synced, renamed, and the folder synced.
public enum DurableFile {
    /// Replaces the file's content. Mode 0600, and ours, unless said otherwise.
    public static func write(
        _ text: String, to path: String, mode: UInt32 = 0o600, owner: (user: UInt32, group: UInt32)? = nil
    ) throws(HostFault) {
        let temporary = "\(path).\(getpid()).new"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard file >= 0 else { throw HostFault.file(temporary, errno) }
        var isInPlace = false
        defer {
            close(file)
            if !isInPlace { unlink(temporary) }
        }
        if let owner, owner.user != geteuid() || owner.group != getegid() {
            guard fchown(file, owner.user, owner.group) == 0 else { throw HostFault.file(temporary, errno) }
        }
        // The creation mask does not apply to what was asked for.
        guard fchmod(file, mode) == 0 else { throw HostFault.file(temporary, errno) }
        try writeAll(Array(text.utf8), to: file, path: temporary)
        guard fsync(file) == 0 else { throw HostFault.file(temporary, errno) }
        guard rename(temporary, path) == 0 else { throw HostFault.file(path, errno) }
        isInPlace = true
        try syncFolder(of: path)
    }

    /// Adds a line to the end and syncs it.
    public static func append(line: String, to path: String) throws(HostFault) {
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw HostFault.file(path, errno) }
        defer { close(file) }
        try writeAll(Array((line + "\n").utf8), to: file, path: path)
        guard fsync(file) == 0 else { throw HostFault.file(path, errno) }
    }

    /// Nil when there is no such file.
    public static func read(_ path: String) throws(HostFault) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        if file < 0 {
            if errno == ENOENT { return nil }
            throw HostFault.file(path, errno)
        }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            if count < 0 {
                if errno == EINTR { continue }
                throw HostFault.file(path, errno)
            }
            bytes += buffer[..<count]
        }
    }

    public static func makeFolder(_ path: String) throws(HostFault) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw HostFault.said("the folder \(path) cannot be made: \(error.localizedDescription)") }
    }

    /// Harmless when it is not there.
    public static func remove(_ path: String) throws(HostFault) {
        guard unlink(path) == 0 || errno == ENOENT else { throw HostFault.file(path, errno) }
    }

    private static func writeAll(_ bytes: [UInt8], to file: Int32, path: String) throws(HostFault) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress?.advanced(by: written), bytes.count - written) }
            if count < 0 {
                if errno == EINTR { continue }
                throw HostFault.file(path, errno)
            }
            written += count
        }
    }

    private static func syncFolder(of path: String) throws(HostFault) {
        let folder = (path as NSString).deletingLastPathComponent
        let file = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw HostFault.file(folder, errno) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw HostFault.file(folder, errno) }
    }
}

/// Something on the host did not work: a file, a process, a lock.
public enum HostFault: Error, Sendable, Equatable, CustomStringConvertible {
    case file(String, Int32)
    case said(String)

    public var description: String {
        switch self {
        case .file(let path, let code): "\(path): \(String(cString: strerror(code)))"
        case .said(let text): text
        }
    }
}
