import Foundation

/// The account PostgreSQL runs under when the lab is started by root: it refuses to run as root itself.
struct Unprivileged: Sendable {
    let name: String
    let uid: uid_t
    let gid: gid_t

    /// Nil when the present user is not root, and so will do.
    static func needed() throws -> Unprivileged? {
        guard getuid() == 0 else { return nil }
        for name in ["postgres", "nobody"] {
            if let entry = getpwnam(name)?.pointee, entry.pw_uid != 0 {
                return Unprivileged(name: name, uid: entry.pw_uid, gid: entry.pw_gid)
            }
        }
        throw Spawn.Failed(description: "running as root, and there is no user postgres or nobody to run PostgreSQL as")
    }

    func command(_ arguments: [String]) -> [String] {
        ["setpriv", "--reuid=\(uid)", "--regid=\(gid)", "--clear-groups", "--"] + arguments
    }

    func own(_ path: String) { chown(path, uid, gid) }

    /// Whether this account can get to the path: every folder above may be entered by anybody.
    static func canReach(_ path: String) -> Bool {
        var at = URL(fileURLWithPath: path).standardizedFileURL
        while at.path != "/" {
            let found = try? FileManager.default.attributesOfItem(atPath: at.path)
            if let mode = found?[.posixPermissions] as? Int, mode & 0o001 == 0 { return false }
            at.deleteLastPathComponent()
        }
        return true
    }
}
