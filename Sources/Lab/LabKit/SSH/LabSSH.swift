import Foundation

/// The lab's OpenSSH server: every tenant's host is this machine, reached over loopback, with keys that are this lab's alone.
struct LabSSH {
    private static let server = "/usr/sbin/sshd"
    let layout: LabLayout
    let port: Int

    private var folder: String { "\(layout.root)/ssh" }
    /// For `CUTOVER_SSH_CONFIG`.
    var config: String { "\(folder)/config" }
    private var serverConfig: String { "\(folder)/server" }

    /// Keys and configurations stay as they are; the server starts if it does not run.
    func startIfStopped() throws {
        guard FileManager.default.isExecutableFile(atPath: Self.server) else {
            throw Spawn.Failed(description: "\(Self.server) is missing: the lab's hosts are reached by SSH. Type: sudo apt-get install openssh-server")
        }
        if !FileManager.default.fileExists(atPath: "\(folder)/id") { try makeKeys() }
        try writeConfigurations()
        if RunningProcess(pidFile: "\(folder)/sshd.pid")?.program == "sshd" { return }
        // What the server drops its rights into; the package makes it when it starts the system's own.
        if getuid() == 0 { try FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true) }
        _ = try Spawn.detached([Self.server, "-D", "-f", serverConfig, "-E", "\(folder)/log"], environment: [:], log: "\(folder)/log")
        for _ in 0..<250 {
            if RunningProcess(pidFile: "\(folder)/sshd.pid") != nil { return }
            usleep(20_000)
        }
        throw Spawn.Failed(description: "sshd did not come up; see \(folder)/log")
    }

    /// The server of this lab, or one of its sessions, which call themselves by other names.
    static func isOurs(_ process: RunningProcess, _ layout: LabLayout) -> Bool {
        guard process.program == "sshd" else { return false }
        // It writes its title over its arguments, all in one.
        if process.arguments.contains(where: { $0.contains("\(layout.root)/ssh/server") }) { return true }
        return RunningProcess(process.parent).map { isOurs($0, layout) } ?? false
    }

    // MARK: - Non public

    private func makeKeys() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        for name in ["host_key", "id"] {
            try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
            try Spawn.run(["/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "cutover-lab", "-f", "\(folder)/\(name)"], environment: [:])
        }
    }

    private func writeConfigurations() throws {
        let key = try String(contentsOfFile: "\(folder)/host_key.pub", encoding: .utf8).split(separator: " ").prefix(2).joined(separator: " ")
        try put("known_hosts", "[127.0.0.1]:\(port) \(key)\n")
        try put("authorized_keys", try String(contentsOfFile: "\(folder)/id.pub", encoding: .utf8))
        try put(
            "server",
            """
            ListenAddress 127.0.0.1
            Port \(port)
            HostKey "\(folder)/host_key"
            AuthorizedKeysFile "\(folder)/authorized_keys"
            PidFile "\(folder)/sshd.pid"
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            MaxStartups 500
            MaxSessions 500

            """)
        try put(
            "config",
            """
            Host *.lab
              HostName 127.0.0.1
              Port \(port)
              User \(NSUserName())
              IdentityFile "\(folder)/id"
              IdentitiesOnly yes
              IdentityAgent none
              UserKnownHostsFile "\(folder)/known_hosts"
              GlobalKnownHostsFile /dev/null

            """)
    }

    private func put(_ name: String, _ text: String) throws {
        try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
        chmod("\(folder)/\(name)", 0o600)
    }
}
