import Cutover
import Foundation
import Transports

/// A trivial operation on 200 hosts over OpenSSH, on loopback: against the plain client, 50 at a time, and against Ansible with as many forks.
///
/// Cold, every side makes a connection of its own to each host, whose key exchange is the greater part of the work; warm, ours uses the
/// connections and the sessions that it has. The hosts are names of one server. Operations a second.
///
/// The server's key exchange is Curve25519, as servers before OpenSSH 9.0 have it. What 9.0 begins with (sntrup761) costs both ends up to
/// a tenth of a second of their processor, the same for all three sides, so that it hides what each of them adds: those figures are told too.
struct FanOut: Bench {
    let name = "ssh-fan-out"
    private static let hosts = 200

    func measure(_ ground: Ground) async throws -> [Figure] {
        try await tellOfDefaults()
        let site = try await FanOutSite(hosts: Self.hosts, exchange: "curve25519-sha256")
        defer { site.stop() }
        var warm: [Double] = []
        var round = 0
        let cold = try await paired(name) {
            round += 1
            let (first, second) = try await site.ours(round)
            tell(String(format: "%@: %.4g/s, then %.4g/s by the same sessions", name, first, second))
            warm.append(second)
            return first
        } against: {
            try await site.plain()
        }
        var second = Pairs()
        for run in cold.against.indices { second.add("\(name)-warm", run + 1, warm[run], cold.against[run]) }
        var ansible = Pairs()
        // It takes long, and its ratio is no close one.
        for run in 1...2 { ansible.add("\(name)-ansible", run, try await site.ours(round + run).cold, try await site.ansible()) }
        return [
            Figure("\(name)-cold", cold, unit: "ops/s", .atLeast(0.9)), Figure("\(name)-warm", second, unit: "ops/s", .atLeast(5)),
            Figure("\(name)-ansible", ansible, unit: "ops/s", .atLeast(6)),
        ]
    }
}

extension FanOut {
    /// One run with the key exchange that client and server of this machine choose by themselves.
    private func tellOfDefaults() async throws {
        let site = try await FanOutSite(hosts: Self.hosts, exchange: nil)
        defer { site.stop() }
        let (ours, plain, ansible) = (try await site.ours(0).cold, try await site.plain(), try await site.ansible())
        tell(String(format: "%@, this machine's own choice of key exchange: %.3g/s, plain ssh %.3g/s, Ansible %.3g/s (%.2f)", name, ours, plain, ansible, ours / ansible))
    }
}

/// An OpenSSH server with keys of its own, its clients' configuration, and the program that every host has: it reads its input and answers.
struct FanOutSite {
    private let folder: String
    private let hosts: Int
    private let server: pid_t

    /// - Parameter exchange: the only key exchange that the server offers; its own choice if nil.
    init(hosts: Int, exchange: String?) async throws {
        self.hosts = hosts
        folder = "/tmp/cb-\(getpid())"
        let said = try await Self.shell(
            #"""
            folder=$1; hosts=$2; exchange=$3
            rm -rf "$folder"; mkdir -m 700 "$folder"; cd "$folder"
            [ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
            for key in host_key id; do ssh-keygen -q -t ed25519 -N '' -f $key; done
            port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
            echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 host_key.pub)" > known_hosts
            # Within a shell of that level bash does not read what its owner would have it do for each new connection.
            printf '%s\n' "ListenAddress 127.0.0.1" "Port $port" "HostKey $folder/host_key" "AuthorizedKeysFile $folder/id.pub" "PidFile $folder/pid" \
                ${exchange:+"KexAlgorithms $exchange"} "StrictModes no" "UsePAM no" "PasswordAuthentication no" "KbdInteractiveAuthentication no" "MaxStartups 500" "MaxSessions 500" "LogLevel ERROR" "SetEnv SHLVL=2" > server
            printf '%s\n' "Host *.bench" "User $(id -un)" "HostName 127.0.0.1" "Port $port" "IdentitiesOnly yes" "IdentityAgent none" "IdentityFile $folder/id" \
                "UserKnownHostsFile $folder/known_hosts" "GlobalKnownHostsFile /dev/null" "StrictHostKeyChecking yes" "BatchMode yes" > config
            mkdir -p state/bin; printf '#!/bin/sh\ncat >/dev/null\necho done\n' > state/bin/cutoverctl; chmod 755 state/bin/cutoverctl
            for n in $(seq "$hosts"); do echo "h$n.bench"; done > inventory
            /usr/sbin/sshd -f "$folder/server" -E "$folder/log"
            for _ in $(seq 200); do [ -s pid ] && break; sleep 0.05; done
            cat pid
            """#, [folder, String(hosts), exchange ?? ""])
        guard let pid = pid_t(said.trimmingCharacters(in: .whitespacesAndNewlines)) else { throw Trouble("no sshd: \(said)") }
        server = pid
    }

    func stop() {
        kill(server, SIGTERM)
        _ = try? Child.run(["/bin/bash", "-c", Self.hangUp + "rm -rf \(folder)", "hang-up", folder])
    }

    /// Operations a second, with a connection each to be made, and with those at hand.
    func ours(_ round: Int) async throws -> (cold: Double, warm: Double) {
        // Nothing is shared with the round before.
        let runtime = "\(folder)/r\(round)"
        try FileManager.default.createDirectory(atPath: runtime, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let settings = SSHSettings(environment: ["PATH": "/usr/bin:/bin", "HOME": folder, "XDG_RUNTIME_DIR": runtime, "CUTOVER_SSH_CONFIG": "\(folder)/config"])
        let transport = SSHTransport(program: "/bin/true", settings: settings)
        let cold = try await seconds { try await onAll(transport) }
        let warm = try await seconds { try await onAll(transport) }
        _ = try await Self.shell(Self.hangUp, [folder])
        return (Double(hosts) / cold, Double(hosts) / warm)
    }

    func plain() async throws -> Double {
        try await rate(#"cd "$1"; seq "$2" | xargs -P 50 -I{} ssh -F config -o ControlMaster=no -o ControlPath=none h{}.bench "$1/state/bin/cutoverctl host reading" >/dev/null"#)
    }

    /// Installed when it is first asked for: nothing but this bench wants it.
    func ansible() async throws -> Double {
        let place = ".build/ansible"
        _ = try await Self.shell(
            #"[ -x "$1/bin/ansible" ] || { python3 -m venv "$1" && "$1/bin/pip" install --quiet --disable-pip-version-check ansible-core==2.18.6; }"#, [place])
        let program = "\(FileManager.default.currentDirectoryPath)/\(place)/bin/ansible"
        let rate = try await rate(
            #"""
            cd "$1"; export HOME=$1 ANSIBLE_NOCOLOR=1 LC_ALL=C.UTF-8 ANSIBLE_SSH_CONTROL_PATH_DIR=$1/a
            "\#(program)" all -i inventory -m command -a true -f 50 --ssh-common-args "-F $1/config" > ansible.log 2>&1 || { tail ansible.log >&2; exit 1; }
            """#)
        _ = try await Self.shell(Self.hangUp, [folder])
        return rate
    }

    // MARK: - Non public

    /// Ends the connections that are kept.
    private static let hangUp = #"for control in "$1"/r*/cutover-ssh-*/* "$1"/a/*; do [ -S "$control" ] && ssh -o ControlPath="$control" -O exit x 2>/dev/null; done; "# + "true; "

    private func onAll(_ transport: SSHTransport) async throws {
        let state = "\(folder)/state"
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...hosts {
                group.addTask {
                    let host = TenantHost(id: TenantID("h\(number)"), host: "h\(number).bench", transport: "ssh", labels: [:], env: "\(state)/env", state: state)
                    let action = RemoteAction(id: OperationID("bench-\(number)"), operationClass: .reading, input: Array("{}\n".utf8), timeoutSeconds: 300)
                    let answer = try await transport.run(action, on: host)
                    guard answer.exitCode == 0, answer.output.contains("done") else { throw Trouble("host \(number) answered \(answer)") }
                }
            }
            try await group.waitForAll()
        }
    }

    private func rate(_ script: String) async throws -> Double {
        let time = try await seconds { _ = try await Self.shell(script, [folder, String(hosts)]) }
        return Double(hosts) / time
    }

    private static func shell(_ script: String, _ words: [String]) async throws -> String {
        let (status, said) = try await withCheckedThrowingContinuation { done in
            Thread.detachNewThread { done.resume(with: Result { try Child.run(["/bin/bash", "-ec", script, "bench"] + words) }) }
        }
        guard status == 0 else { throw Trouble("a script of the bench failed (status \(status)): \(said)") }
        return said
    }
}
