import Foundation
import Transports

/// An OpenSSH server of this test run on loopback, with keys of its own, and configurations for its clients.
///
/// A watchdog stops it within a second of this process's end, however it ended.
final class SSHServer: Sendable {
    let folder: String
    let port: Int
    /// Where `silent.test` points.
    private let silence: Listener

    private static let running = Task { try await SSHServer() }
    static func shared() async throws -> SSHServer { try await running.value }

    private init() async throws {
        let folder = "/tmp/cst-\(getpid())"
        let silence = try Listener()
        let port = try Listener().port
        (self.folder, self.port, self.silence) = (folder, port, silence)
        let script = #"""
            set -e
            folder=$1; port=$2; owner=$3
            rm -rf "$folder"; mkdir -m 700 "$folder"; cd "$folder"
            [ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
            ssh-keygen -q -t ed25519 -N '' -f host_key; ssh-keygen -q -t ed25519 -N '' -f id; ssh-keygen -q -t ed25519 -N '' -f refused
            cp id.pub authorized_keys
            echo "command=\"echo not now >&2; exit 1\" $(cat refused.pub)" >> authorized_keys
            echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 host_key.pub)" > known_hosts
            : > nobody_known
            cat > server <<X
            ListenAddress 127.0.0.1
            Port $port
            HostKey $folder/host_key
            AuthorizedKeysFile $folder/authorized_keys
            PidFile $folder/pid
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            MaxStartups 500
            MaxSessions 500
            LogLevel ERROR
            X
            cat > config <<X
            Host refused.test
            IdentityFile $folder/refused
            Host stranger.test
            UserKnownHostsFile $folder/nobody_known
            StrictHostKeyChecking no
            Host closed.test
            Port 1
            Host silent.test
            Port $4
            Host *
            User $(id -un)
            HostName 127.0.0.1
            Port $port
            IdentitiesOnly yes
            IdentityAgent none
            IdentityFile $folder/id
            UserKnownHostsFile $folder/known_hosts
            GlobalKnownHostsFile /dev/null
            SetEnv SECRET_OF_THE_SESSION=x
            X
            sed -i 's/^ *//' server config
            /usr/sbin/sshd -D -f "$folder/server" -E "$folder/log" </dev/null >/dev/null 2>&1 &
            server=$!
            ( while [ -e "/proc/$owner/exe" ]; do sleep 0.5; done
              kill "$server"; for control in "$folder"/cutover-ssh-*/*; do ssh -o ControlPath="$control" -O exit x; done; rm -rf "$folder" ) </dev/null >/dev/null 2>&1 &
            for _ in $(seq 100); do [ -s pid ] && exit 0; sleep 0.05; done
            cat log >&2; exit 1
            """#
        // Not by Foundation's Process: it waits for whatever was started in the background as well.
        let words: [String] = ["bash", "-c", script, "sshd", folder, String(port), String(getpid()), String(silence.port)]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer { arguments.forEach { free($0) } }
        var child: pid_t = 0
        var status: Int32 = -1
        guard posix_spawn(&child, "/bin/bash", nil, nil, &arguments, environ) == 0, waitpid(child, &status, 0) == child, status == 0 else {
            throw Failure(description: "no sshd: see above")
        }
    }

    struct Failure: Error, CustomStringConvertible { let description: String }

    var settings: SSHSettings {
        var settings = SSHSettings(environment: ["PATH": "/usr/bin:/bin", "HOME": folder, "XDG_RUNTIME_DIR": folder, "CUTOVER_SSH_CONFIG": "\(folder)/config"])
        settings.connectSeconds = 5
        return settings
    }
}

/// Takes connections at a port of the system's choice, and says nothing.
private final class Listener: Sendable {
    let port: Int
    private let socket: Int32

    init() throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr = in_addr(s_addr: UInt32(0x7f00_0001).bigEndian)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (socket, length) = (socket, size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, length) == 0 && listen(socket, 8) == 0 && getsockname(socket, $0, &size) == 0 }
        }
        guard bound else { throw SSHServer.Failure(description: String(cString: strerror(errno))) }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(socket) }
}
