import Foundation

/// The folder on a host that belongs to one tenant's migration: a real one, ours, and writable by nobody else. In any other one, whoever
/// could write there would write as we do: into another tenant's ledger, or over a file of the host's.
enum StateFolder {
    /// Why nothing is read or written there; nil where nothing speaks against it, or nothing stands there yet.
    static func flaw(_ path: String) -> String? {
        guard path.hasPrefix("/"), !path.split(separator: "/").contains(".."), !path.contains("\0") else { return "the state folder \(path) is not an absolute path" }
        return HostMachine.here.disk.flaw(of: path)
    }

    static func flaw(onThisMachine path: String) -> String? {
        var facts = stat()
        guard lstat(path, &facts) == 0 else { return errno == ENOENT ? looseParent(of: path) : "the state folder \(path) can't be looked at: \(String(cString: strerror(errno)))" }
        switch facts.st_mode & S_IFMT {
        case S_IFLNK: return "the state folder \(path) is a symbolic link: it may lead into another tenant's"
        case S_IFDIR: break
        default: return "the state folder \(path) is no folder"
        }
        // What is root's, nobody else has planted.
        if facts.st_uid != geteuid(), facts.st_uid != 0 { return "the state folder \(path) belongs to user \(facts.st_uid), and we are user \(geteuid()): chown it to whom it is to belong" }
        if facts.st_mode & 0o022 != 0 { return "the state folder \(path) can be written by others than its owner: chmod go-w \(path)" }
        return looseParent(of: path)
    }

    /// Makes it, for us alone, where it is not there.
    static func make(_ path: String) throws(HostFault) {
        if let flaw = flaw(path) { throw HostFault.said(flaw) }
        try DurableFile.makeFolder(path)
        // Somebody else may have been quicker, and with something else.
        if let flaw = flaw(path) { throw HostFault.said(flaw) }
    }

    /// Where anybody may rename what stands in it, anybody may put another folder in our place.
    private static func looseParent(of path: String) -> String? {
        let parent = (path as NSString).deletingLastPathComponent
        var facts = stat()
        guard stat(parent, &facts) == 0, facts.st_mode & S_IWOTH != 0, facts.st_mode & S_ISVTX == 0 else { return nil }
        return "\(parent), in which the state folder \(path) stands, can be written by everybody: chmod o-w \(parent), or set its sticky bit"
    }
}
