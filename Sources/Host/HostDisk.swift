/// What a host's program keeps its files on. What was written is durable once its file was synced, and a name once its folder was.
///
/// Faults name the path and carry the system's error number.
public protocol HostDisk: Sendable {
    /// Makes the file where it is not there.
    func open(_ path: String, for purpose: FilePurpose) throws(HostFault) -> any WritableFile
    /// Nil when there is no such file.
    func read(_ path: String) throws(HostFault) -> [UInt8]?
    /// As `read`, of what nobody but we writes: a link in its place is not followed.
    func readOwn(_ path: String) throws(HostFault) -> [UInt8]?
    /// Why the folder, or a path to none yet, is not for us alone.
    func flaw(of folder: String) -> String?
    /// Must take the place of whatever is called `new` as one act.
    func rename(_ path: String, to new: String) throws(HostFault)
    /// Harmless when it is not there.
    func remove(_ path: String) throws(HostFault)
    func state(ofFolder path: String) -> FolderState
    /// One folder, in one that is there, for us alone. Harmless when it is there.
    func makeFolder(_ path: String) throws(HostFault)
    func syncFolder(_ path: String) throws(HostFault)
    /// Drafts of this file (with a slash at the end, of all files in the folder) that were left by processes which died while they wrote them.
    func removeStrays(of path: String)
    /// The same in every folder that lies in this one.
    func removeStrays(inFoldersOf path: String)
    /// Nil when another process, or somebody else in this one, holds it. Let go with the value, however the process ends.
    func tryLock(_ path: String) throws(HostFault) -> (any HeldLock)?
}

/// A disk on which there is nobody else.
extension HostDisk {
    public func readOwn(_ path: String) throws(HostFault) -> [UInt8]? { try read(path) }
    public func flaw(of folder: String) -> String? { nil }
}

public enum FilePurpose: Sendable {
    /// Emptied, with exactly that mode and owner; ours when nil.
    case writingAnew(mode: UInt32, owner: (user: UInt32, group: UInt32)?)
    case addingToTheEnd
}

public enum FolderState: Sendable { case absent, empty, filled }

/// A file open for writing, by one at a time.
public protocol WritableFile {
    /// Nothing stood in it when it was opened.
    var wasEmpty: Bool { get }
    func write(_ bytes: [UInt8]) throws(HostFault)
    func sync() throws(HostFault)
    func close()
}

public protocol HeldLock: AnyObject, Sendable {}

extension HostDisk {
    /// Where nobody can tell whether a process lives.
    public func removeStrays(of path: String) {}
    public func removeStrays(inFoldersOf path: String) {}
}
