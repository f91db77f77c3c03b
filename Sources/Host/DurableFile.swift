import CrashPoints
import Foundation

/// Files that are whole or absent: written beside, synced, renamed, and the folder synced.
public enum DurableFile {
    private static var disk: any HostDisk { HostMachine.here.disk }

    /// Replaces the file's content. Mode 0600, and ours, unless said otherwise.
    /// - Parameter synced: where not, a crash of the machine may take the new content, or leave none.
    public static func write(
        _ text: String, to path: String, mode: UInt32 = 0o600, owner: (user: UInt32, group: UInt32)? = nil, synced: Bool = true
    ) throws(HostFault) {
        let disk = disk
        try drafted(text, for: path, mode: mode, owner: owner, synced: synced) { temporary throws(HostFault) in
            try disk.rename(temporary, to: path)
            CrashPoint.reached("renamed", file: path)
            if synced { try disk.syncFolder(folder(of: path)) }
        }
        CrashPoint.reached("written", file: path)
    }

    /// Makes a file on this machine that must not be there yet.
    public static func create(_ text: String, at path: String) throws(HostFault) {
        try drafted(text, for: path, mode: 0o600, owner: nil, synced: true) { temporary throws(HostFault) in
            guard link(temporary, path) == 0 else { throw HostFault.file(path, errno) }
            CrashPoint.reached("linked", file: path)
            unlink(temporary)
            try disk.syncFolder(folder(of: path))
        }
        CrashPoint.reached("made", file: path)
    }

    /// Writes the text beside the path; what `putInPlace` leaves of that when it throws is removed.
    private static func drafted(
        _ text: String, for path: String, mode: UInt32, owner: (user: UInt32, group: UInt32)?, synced: Bool, _ putInPlace: (String) throws(HostFault) -> Void
    ) throws(HostFault) {
        let disk = disk
        let temporary = "\(path).\(HostMachine.here.process).new"
        disk.removeStrays(of: path)
        CrashPoint.reached("begun", file: path)
        let file = try disk.open(temporary, for: .writingAnew(mode: mode, owner: owner))
        var isInPlace = false
        defer {
            file.close()
            if !isInPlace { try? disk.remove(temporary) }
        }
        try file.write(Array(text.utf8))
        CrashPoint.reached("not synced", file: path)
        if synced { try file.sync() }
        CrashPoint.reached("synced", file: path)
        try putInPlace(temporary)
        isInPlace = true
    }

    /// Adds a line to the end and syncs it.
    public static func append(line: String, to path: String) throws(HostFault) {
        let file = try disk.open(path, for: .addingToTheEnd)
        defer { file.close() }
        // A file whose name is lost is lost with all its lines. An empty one may have been made by a process that did not live to sync its folder.
        if file.wasEmpty { try disk.syncFolder(folder(of: path)) }
        CrashPoint.reached("line begun", file: path)
        try file.write(Array((line + "\n").utf8))
        CrashPoint.reached("line not synced", file: path)
        try file.sync()
        CrashPoint.reached("line written", file: path)
    }

    /// Makes sure of the names in a folder: a process may have given a file its name and ended before that was durable. For whoever acts on
    /// what such a file says.
    static func settle(_ folder: String) throws(HostFault) { try disk.syncFolder(folder) }

    /// Nil when there is no such file.
    /// - Parameter isOwn: one that we wrote ourselves: a link in its place is somebody else's doing, and is not followed.
    public static func read(_ path: String, isOwn: Bool = false) throws(HostFault) -> String? {
        try (isOwn ? disk.readOwn(path) : disk.read(path)).map { String(decoding: $0, as: UTF8.self) }
    }

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
    public static func remove(_ path: String) throws(HostFault) {
        disk.removeStrays(of: path)
        try disk.remove(path)
        CrashPoint.reached("removed", file: path)
    }

    /// Those of a whole folder, whoever they were to become.
    static func removeStrays(in folder: String) { disk.removeStrays(of: folder + "/") }

    /// Those of the folders in it.
    static func removeStrays(below folder: String) { disk.removeStrays(inFoldersOf: folder) }

    /// Foundation's own way traps on a path of one letter.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

/// Something on the host did not work: a file, a process, a lock.
public enum HostFault: Error, Sendable, Equatable, CustomStringConvertible {
    case file(String, Int32)
    case said(String)

    public var description: String {
        switch self {
        case .file(let path, ELOOP): "\(path) is a symbolic link, which is not followed: look who put it there, and remove it"
        case .file(let path, let code): "\(path): \(String(cString: strerror(code)))"
        case .said(let text): text
        }
    }
}
