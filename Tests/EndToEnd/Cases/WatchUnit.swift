import Foundation

/// Where a systemd runs, it keeps the watch: begun again when it is killed, and after a boot with nobody's help; taken away with the program.
enum WatchUnit {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(agents: false)
        var systemd = try await Systemd.boot(stage)
        do {
            try await thereAndBack(stage, &systemd)
            await systemd.cut()
        } catch {
            await systemd.cut()
            throw error
        }
    }

    private static func thereAndBack(_ stage: Stage, _ systemd: inout Systemd) async throws {
        try await systemd.ctl("advance", "acme", "--to", "A0/host.prepare", code: 0)
        let made = try units(stage)
        try expect(made.count == 1 && made[0].hasPrefix("cutover-watch-acme-"), "these units were made: \(made)")
        let unit = made[0]
        let sound = try await systemd.inside("/usr/bin/systemd-analyze", "verify", "/etc/systemd/system/\(unit)")
        try expect(sound.code == 0 && sound.said.isEmpty, "systemd says of \(unit): \(sound.said)")
        try await isTheWatch(stage, systemd, unit)
        try await systemd.ctl("check", "acme", code: 0)

        // Killed, it is back.
        let killed = try await systemd.main(of: unit)
        try expect(try await systemd.inside("/bin/kill", "-KILL", String(killed)).code == 0, "\(killed) can't be killed")
        _ = try await systemd.main(of: unit, otherThan: killed)
        try await isTheWatch(stage, systemd, unit)

        // So it is after a boot, before anybody asks.
        await systemd.cut()
        try expect(Leftovers.all.filter { $0.command.contains("\(stage.root)/") && $0.command.contains(" host watch ") }.isEmpty, "the watch outlived its host")
        systemd = try await Systemd.boot(stage)
        _ = try await systemd.main(of: unit)
        try await isTheWatch(stage, systemd, unit)
        try await systemd.ctl("check", "acme", code: 0)

        // What would not survive the next boot is told, and mended by the step.
        _ = try await systemd.inside("/usr/bin/systemctl", "disable", unit)
        let drift = try await systemd.ctl("check", "acme", code: 2)
        try expect(drift.said.contains("come back after a boot"), "check does not say so: \(drift.said)")
        _ = try await systemd.inside("/usr/bin/systemctl", "enable", unit)

        try await systemd.ctl("revert", "acme", "--to", "start", code: 0)
        let left = try units(stage)
        try expect(left.isEmpty, "these units are still there: \(left)")
        let states = try await systemd.inside("/usr/bin/systemctl", "list-units", "--all", "--plain", "--no-legend", "cutover-*").out
        try expect(states.isEmpty, "systemd still knows \(states)")
        try expect(Leftovers.all.filter { $0.command.contains("\(stage.root)/") && $0.command.contains(" host watch ") }.isEmpty, "the watch still runs")
    }

    /// The process that systemd keeps is the one the host's operations find, and there is no other.
    private static func isTheWatch(_ stage: Stage, _ systemd: Systemd, _ unit: String) async throws {
        var seen = ""
        for _ in 0..<300 {
            let main = try await systemd.main(of: unit)
            let written = (try? String(contentsOfFile: "\(stage.host("acme"))/watch.pid", encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "none"
            let running = Leftovers.all.filter { $0.command.contains("\(stage.root)/") && $0.command.contains(" host watch ") }
            if written == String(main), running.count == 1 { return }
            seen = "systemd keeps \(main), the pid file says \(written), \(running.map(\.command)) run"
            try await Task.sleep(for: .milliseconds(100))
        }
        throw Trouble(seen)
    }

    /// Unit files, without the links to them.
    private static func units(_ stage: Stage) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(stage.folder)/systemd/made").filter { $0.hasSuffix(".service") }
    }
}
