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
        // A file whose name is lost is lost with all its lines. An empty one may have been made by a process that did not live to sync its folder.
        if file.wasEmpty { try disk.syncFolder(folder(of: path)) }
        try file.write(Array((line + "\n").utf8))
        try file.sync()
    }

    /// Makes sure of the names in a folder: a process may have given a file its name and ended before that was durable. For whoever acts on
    /// what such a file says.
    static func settle(_ folder: String) throws(HostFault) { try disk.syncFolder(folder) }

    /// Nil when there is no such file.
    public static func read(_ path: String) throws(HostFault) -> String? { try disk.read(path).map { String(decoding: $0, as: UTF8.self) } }

    /// With those it lies in; theirs is the same mode, 0700, where they are made.
    public static func makeFolder(_ path: String) throws(HostFault) {
        let (disk, parent) = (disk, folder(of: path))
        switch disk.state(ofFolder: path) {
        case .filled: return
        // Whoever made it may have ended before its name was durable.
        case .empty: break
        case .absent:
            if parent != path { try makeFolder(parent) }
            do throws(HostFault) { try disk.makeFolder(path) } catch { throw HostFault.said("the folder \(path) cannot be made: \(error)") }
        }
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
