import Foundation

/// The package's unit under a systemd that booted in a container: started, watched, killed, stopped, refused, taken away.
enum UnderSystemd {
    @Sendable static func run(_ stage: Stage) async throws {
        let containers = try Containers(stage)
        let package = try await Packaged.package(stage, try await Packaged.bundleAsBuilt(stage))
        let made = try await BareHost.tool(stage, "bare-root", "systemd")
        let root = made.out.trimmingCharacters(in: .whitespacesAndNewlines)
        try expect(made.code == 0 && !root.isEmpty, "there is no root to boot: \(made.said)")
        do {
            try await containers.shell(
                "\(containers.tool) run -d --name machine --systemd=always --network=none --volume '\(package)':/root/cutover.deb:ro --rootfs '\(root)':O /lib/systemd/systemd")
            let told = try await inside(stage, containers)
            try expect(told.code == 0, "under systemd the unit ended with \(told.code): \(told.said)")
            for word in ["booted", "runs", "restarted", "awaited", "stopped", "refused", "removed"] {
                try expect(told.out.contains("== \(word)"), "the run under systemd does not come to '\(word)': \(told.said)")
            }
        } catch {
            await containers.end()
            throw error
        }
        await containers.end()
    }

    private static func inside(_ stage: Stage, _ containers: Containers) async throws -> RunningProgram.Ended {
        let file = try stage.file("inside", script)
        return try await RunningProgram.start(
            "/bin/sh", ["-c", "exec \(containers.tool) exec -i machine /bin/bash -euo pipefail < '\(file)'"], environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"],
            folder: stage.folder, log: "\(stage.logs)/inside"
        ).ended(within: 400)
    }

    /// The tenant's env file is not there, so the loop has something to say, and then waits for a person.
    private static let script = """
        within() { for _ in $(seq 1 "$1"); do if eval "$2" > /dev/null 2>&1; then return 0; fi; sleep 1; done; echo "not within $1 s: $2" >&2; systemctl status cutover --no-pager >&2 || true; journalctl -u cutover --no-pager -o cat >&2 || true; exit 1; }
        of() { systemctl show -P "$1" cutover; }
        within 60 '[ "$(systemctl is-system-running)" = running ]'
        echo "== booted"

        dpkg -i /root/cutover.deb >&2
        cp /usr/share/doc/cutover/Plans/lab.yaml /etc/cutover/plan.yaml
        printf 'tenants:\\n  - { id: acme, host: a, transport: local, env: /nowhere/env, state: /var/lib/cutover/acme, labels: { env: lab } }\\n' > /etc/cutover/fleet.yaml
        mkdir -p /etc/systemd/system/cutover.service.d
        printf '[Service]\\nWatchdogSec=4s\\nRestartSec=1s\\n' > /etc/systemd/system/cutover.service.d/soon.conf
        systemctl daemon-reload
        # It comes back when the loop has said that it is ready.
        systemctl enable --now cutover >&2
        [ "$(of ActiveState)" = active ]
        [ "$(stat -c %U "/proc/$(of MainPID)")" = cutover ]
        within 30 'journalctl -u cutover -o cat | grep -F "host.prepare the env file /nowhere/env is not there"'
        within 30 'of StatusText | grep "^1 tenants"'
        [ "$(stat -c '%U %a' /var/lib/cutover/cutover.db)" = "cutover 600" ]
        # All that the program itself says are lines of JSON.
        journalctl _TRANSPORT=stdout _PID="$(of MainPID)" -o cat | grep -v '^{"' && exit 1
        # Longer than the watchdog waits.
        sleep 10
        [ "$(of NRestarts)" = 0 ]
        echo "== runs"

        first=$(of MainPID)
        kill -KILL "$first"
        within 30 '[ "$(of ActiveState)" = active ] && [ "$(of MainPID)" != '"$first"' ]'
        [ "$(of NRestarts)" = 1 ]
        echo "== restarted"

        # Whoever stands still is taken for dead.
        kill -STOP "$(of MainPID)"
        within 60 '[ "$(of NRestarts)" = 2 ] && [ "$(of ActiveState)" = active ]'
        su -s /bin/sh cutover -c 'cutoverctl journal verify --journal /var/lib/cutover/cutover.db'
        echo "== awaited"

        systemctl stop cutover
        within 5 '[ "$(of ActiveState) $(of Result)" = "inactive success" ]'
        echo "== stopped"

        # Wrong usage is not tried again and again; without a plan nothing is started at all.
        printf '[Service]\\nExecStart=\\nExecStart=/usr/bin/cutoverctl run --unattendedly\\n' > /etc/systemd/system/cutover.service.d/wrong.conf
        systemctl daemon-reload
        ! systemctl start cutover
        sleep 4
        [ "$(of ActiveState) $(of ExecMainStatus) $(of NRestarts)" = "failed 64 0" ]
        mv /etc/cutover/plan.yaml /root/
        systemctl start cutover
        [ "$(of ConditionResult)" = no ]
        echo "== refused"

        rm /etc/systemd/system/cutover.service.d/wrong.conf
        systemctl daemon-reload
        mv /root/plan.yaml /etc/cutover/
        systemctl reset-failed cutover
        systemctl start cutover
        dpkg --purge cutover >&2
        ! systemctl is-active cutover
        ! grep -qsx cutoverctl /proc/[0-9]*/comm
        # What it did stays: the journal is nobody's to throw away.
        [ -s /var/lib/cutover/cutover.db ]
        echo "== removed"
        """
}
