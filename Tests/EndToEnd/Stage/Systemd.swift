import Foundation

/// A systemd of the case's own, the first process of a process space of its own, on this machine's files. It knows no unit of the machine's.
struct Systemd: Sendable {
    private let stage: Stage
    private let running: RunningProgram
    /// Of systemd itself, seen from here.
    private let first: Int32

    /// In the machine's second hierarchy of control groups, wherever that lies.
    private static var group: String { "cutover-e2e-\(getpid())" }

    /// The units that were made there stay in the case's folder from one boot to the next.
    static func boot(_ stage: Stage) async throws -> Systemd {
        try await OwnSpaces.require("mount -t tmpfs tmpfs /run; mount -t cgroup2 cgroup2 /sys/fs/cgroup; mkdir /sys/fs/cgroup/\(group)-try; rmdir /sys/fs/cgroup/\(group)-try", stage)
        guard FileManager.default.isExecutableFile(atPath: "/lib/systemd/systemd") else { throw Trouble("there is no systemd: .ci/setup") }
        let folder = "\(stage.folder)/systemd"
        // Whatever the machine would start, up to emptying /tmp, is hidden; these stand in for the targets that every unit asks for.
        let script = """
            set -e
            mkdir -p '\(folder)/made' '\(folder)/targets' '\(folder)/none'
            for target in sysinit basic multi-user network shutdown; do printf '[Unit]\\nDefaultDependencies=no\\n' > '\(folder)/targets/'$target.target; done
            mount --bind '\(folder)/made' /etc/systemd/system
            mount --bind '\(folder)/targets' /lib/systemd/system
            for hidden in /lib/systemd/system-generators /etc/systemd/system-generators /usr/local/lib/systemd; do
                if [ -d $hidden ]; then mount --bind '\(folder)/none' $hidden; fi
            done
            mount -t tmpfs tmpfs /run
            mkdir -p /run/postgresql /run/sshd
            mount -t cgroup2 cgroup2 /sys/fs/cgroup
            group=/sys/fs/cgroup/$1
            mkdir -p $group; echo 0 > $group/cgroup.procs
            exec unshare --cgroup --pid --fork --kill-child --mount-proc env -i container=other PATH="$PATH" /lib/systemd/systemd --system --unit=multi-user.target
            """
        let running = try await RunningProgram.start(
            "/usr/bin/unshare", ["--mount", "--uts", "/bin/sh", "-c", script, "sh", group], environment: [:], folder: stage.folder,
            log: "\(stage.logs)/systemd")
        for _ in 0..<600 {
            if let first = Int32(Leftovers.read(running.pid, "task/\(running.pid)/children").trimmingCharacters(in: .whitespaces)) {
                let systemd = Systemd(stage: stage, running: running, first: first)
                if try await systemd.inside("/usr/bin/systemctl", "is-active", "multi-user.target").out == "active\n" { return systemd }
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        running.kill()
        throw Trouble("systemd does not come up: see \(stage.logs)/systemd.err")
    }

    /// As when the power goes.
    func cut() async {
        running.kill()
        _ = try? await running.ended(within: 20)
        for _ in 0..<200 where Leftovers.isAlive(first) { try? await Task.sleep(for: .milliseconds(50)) }
        for hierarchy in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] {
            let folders = (FileManager.default.enumerator(atPath: "\(hierarchy)/\(Self.group)")?.allObjects as? [String] ?? []).sorted { $0.count > $1.count }
            for folder in folders.map({ "/\($0)" }) + [""] { rmdir("\(hierarchy)/\(Self.group)\(folder)") }
        }
    }

    /// Runs a program in there.
    func inside(_ words: String...) async throws -> RunningProgram.Ended {
        try await RunningProgram.start(
            "/usr/bin/nsenter", ["--target", String(first), "--mount", "--pid", "--cgroup", "--"] + words, environment: stage.variables, folder: stage.folder,
            log: "\(stage.logs)/inside-\(UUID().uuidString.prefix(6))"
        ).ended()
    }

    /// `cutoverctl` in there, insisting on the exit code.
    @discardableResult
    func ctl(_ words: String..., code: Int) async throws -> RunningProgram.Ended {
        let ended = try await RunningProgram.start(
            "/usr/bin/nsenter", ["--target", String(first), "--mount", "--pid", "--cgroup", "--", stage.places.program("cutoverctl")] + words, environment: stage.variables,
            folder: stage.folder, log: "\(stage.logs)/inside-ctl-\(UUID().uuidString.prefix(6))"
        ).ended()
        try expect(ended.code == code, "`\(ended.words)` ended with \(ended.code), not \(code): \(ended.said)")
        return ended
    }

    /// Waits for the program's main process under systemd, and answers its number there.
    func main(of unit: String, otherThan old: Int = 0) async throws -> Int {
        for _ in 0..<600 {
            let shown = try await inside("/usr/bin/systemctl", "show", "--property=MainPID", "--value", unit).out
            if let pid = Int(shown.trimmingCharacters(in: .whitespacesAndNewlines)), pid > 0, pid != old { return pid }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw Trouble("\(unit) does not run")
    }
}
