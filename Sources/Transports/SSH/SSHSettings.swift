import Crypto
import Foundation

/// How the OpenSSH client is called.
///
/// The operator's own configuration, keys and agent count; what our guarantees rest on is set on the command line, which outweighs them:
/// host keys are always checked, nothing is ever asked, nothing is forwarded.
public struct SSHSettings: Sendable {
    /// In place of the operator's own `~/.ssh/config`.
    public var configFile: String?
    public var connectSeconds = 15
    /// How long a session is kept when nobody uses it, and after the last one the shared connection.
    public var idleSeconds = 120
    /// Clients at once; each needs a handful of descriptors of ours.
    public var atOnce: Int
    /// Sessions, those that somebody is at among them; each needs four descriptors of ours.
    public var mostSessions: Int
    /// Clients that begin at once; while it begins, each needs another five.
    static let beginningAtOnce = 8

    private let environment: [String: String]

    /// - Parameter environment: the operator's; of it the client gets what it, its agent and its helpers want, and none of the rest.
    ///   `CUTOVER_SSH_CONFIG` names a configuration file.
    public init(environment: [String: String]) {
        self.environment = environment
        configFile = environment["CUTOVER_SSH_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
        var limits = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
        atOnce = min(50, max(4, (Int(clamping: limits.rlim_cur) - 128) / 12))
        mostSessions = min(256, max(atOnce, (Int(clamping: limits.rlim_cur) - 192) / 4))
    }

    var clientEnvironment: [String: String] {
        environment.filter { ["HOME", "USER", "LOGNAME", "PATH", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR"].contains($0.key) }
    }

    /// Options for every call of the client, and where it leads to.
    ///
    /// A shared connection is known by the name it was made under, so what was found out about one name, its key first of all, counts
    /// for no other.
    func words(to destination: String) throws(SSHFailure) -> [String] {
        let name = SHA256.hash(data: Data("\(configFile ?? "")\n\(destination)".utf8)).prefix(16).map { String(format: "%02x", $0) }.joined()
        let options = [
            "BatchMode=yes", "StrictHostKeyChecking=yes", "ConnectTimeout=\(connectSeconds)", "ConnectionAttempts=1", "ServerAliveInterval=5",
            "ServerAliveCountMax=3", "ControlMaster=auto", "ControlPath=\(try controlFolder())/\(name)", "ControlPersist=\(idleSeconds)", "ClearAllForwardings=yes",
            "ForwardAgent=no", "ForwardX11=no", "PermitLocalCommand=no", "RequestTTY=no", "EscapeChar=none", "LogLevel=ERROR", "SendEnv=-*",
        ]
        return (configFile.map { ["-F", $0] } ?? []) + options.flatMap { ["-o", $0] }
    }

    /// The folder of the shared connections' sockets: whoever can write there could speak to our hosts.
    private func controlFolder() throws(SSHFailure) -> String {
        let base = environment["XDG_RUNTIME_DIR"].flatMap { $0.utf8.count < 40 && $0.hasPrefix("/") ? $0 : nil } ?? "/tmp"
        let path = "\(base)/cutover-ssh-\(getuid())"
        mkdir(path, 0o700)
        var found = stat()
        guard lstat(path, &found) == 0, found.st_mode & S_IFMT == S_IFDIR, found.st_uid == getuid(), found.st_mode & 0o077 == 0 else {
            throw SSHFailure(detail: "\(path) is not a folder of this account alone: remove it, or chmod 700 it")
        }
        return path
    }
}

/// Why nothing could be sent.
struct SSHFailure: Error {
    let detail: String
}
