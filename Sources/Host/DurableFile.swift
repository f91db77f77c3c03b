import Foundation

/// Files that are whole or absent: written beside, synced, renamed, and the folder synced.
public enum DurableFile {
    private static var disk: any HostDisk { HostMachine.here.disk }

    /// Replaces the file's content. Mode 0600, and ours, unless said otherwise.
    public static func write(
        _ text: String, to path: String, mode: UInt32 = 0o600, owner: (user: UInt32, group: UInt32)? = nil
    ) throws(HostFault) {
        let disk = disk
        let temporary = "\(path).\(HostMachine.here.process).new"
        let file = try disk.open(temporary, for: .writingAnew(mode: mode, owner: owner))
        var isInPlace = false
        defer {
            file.close()
            if !isInPlace { try? disk.remove(temporary) }
        }
        try file.write(Array(text.utf8))
        try file.sync()
        try disk.rename(temporary, to: path)
        isInPlace = true
        try disk.syncFolder(folder(of: path))
    }

    /// Adds a line to the end and syncs it.
    public static func append(line: String, to path: String) throws(HostFault) {
        let file = try disk.open(path, for: .addingToTheEnd)
        defer { file.close() }
        try file.write(Array((line + "\n").utf8))
        try file.sync()
        // Synced alone, a file whose name is lost is lost with all its lines.
        if file.isNew { try disk.syncFolder(folder(of: path)) }
    }

    /// Nil when there is no such file.
    public static func read(_ path: String) throws(HostFault) -> String? { try disk.read(path).map { String(decoding: $0, as: UTF8.self) } }

    /// With those it lies in; theirs is the same mode, 0700, where they are made.
    public static func makeFolder(_ path: String) throws(HostFault) {
        let disk = disk
        if disk.isFolder(path) { return }
        let parent = folder(of: path)
        if parent != path { try makeFolder(parent) }
        do throws(HostFault) { try disk.makeFolder(path) } catch { throw HostFault.said("the folder \(path) cannot be made: \(error)") }
        try disk.syncFolder(parent)
    }

    /// Harmless when it is not there.
    public static func remove(_ path: String) throws(HostFault) { try disk.remove(path) }

    private static func folder(of path: String) -> String {
        let folder = (path as NSString).deletingLastPathComponent
        return folder.isEmpty ? "." : folder
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
