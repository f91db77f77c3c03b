import Foundation

/// What a person on call comes upon.
enum RunbookNights {
    private static let (wired, young, copied) = ("globex", "initech", "tenant-4")

    static let scenes: [Runbooks.Scene] = [
        Runbooks.Scene("under way", wired) { stage, walk in
            try breakable(wired, stage)
            try breakable(young, stage)
            try await stage.forward(wired, to: "A1/shadow.watch")
            try await walk(stage, ["PERSON": ["release-manager"]], [:])
        },
        Runbooks.Scene("somebody is at work", young) { stage, walk in
            try await stage.back(young)
            let first = try await stage.stoppedInside(young, to: "A0/sidecar.start")
            defer { first.kill(SIGCONT) }
            try await walk(stage, [:], [:])
            first.kill(SIGCONT)
            let ended = try await first.ended()
            try expect(ended.code == 0, "whoever was at work ended with \(ended.code): \(ended.said)")
        },
        Runbooks.Scene("a step is in doubt", young) { stage, walk in
            try await stage.forward(young, to: "A0/sidecar.start")
            let killed = try await stage.stoppedInside(young, to: "A1/mirror.install")
            killed.kill()
            _ = try await killed.ended()
            try await walk(stage, [:], [:])
        },
        Runbooks.Scene("a step failed", young) { stage, walk in
            try await stage.back(young)
            try await stage.forward(young, to: "A0/host.prepare")
            _ = try stage.file("broken-\(young)", "")
            try await stage.ctl("advance", young, "--to", "A0/sidecar.start", code: 1)
            try await walk(stage, [:], [:])
        },
        Runbooks.Scene("what failed is mended", young) { stage, walk in
            try FileManager.default.removeItem(atPath: "\(stage.folder)/broken-\(young)")
            try await walk(stage, [:], [:])
        },
        Runbooks.Scene("the plugin is down", wired) { stage, walk in
            _ = try stage.file("broken-\(wired)", "")
            guard let plugin = try plugin(of: wired, stage) else { throw Trouble("no plugin runs at \(wired)") }
            kill(plugin, SIGKILL)
            try await walk(stage, [:], [:])
        },
        Runbooks.Scene("the plugin is back", wired) { stage, walk in
            try FileManager.default.removeItem(atPath: "\(stage.folder)/broken-\(wired)")
            _ = try await eventually("the watch starts the plugin again", within: 60) { try plugin(of: wired, stage) }
            let stage = stage
            _ = try await eventually("the plugin answers", within: 60, pause: 1000) { try await stage.ctl("check", wired).code == 0 ? true : nil }
            try await walk(stage, [:], [:])
        },
        Runbooks.Scene("a conflict is open", copied) { stage, walk in
            try await stage.forward(copied, to: "A1/backfill.copy")
            let database = try stage.database(copied)
            let id = try inBoth(database)[0]
            try database.rows(
                "UPDATE public.agent_memories SET content = 'edited at the old door' WHERE id = '\(id)'; UPDATE memory_plugin.memory_records SET content = 'edited at the new door' WHERE id = '\(id)'")
            let stage = stage
            let listed = try await eventually("the conflict is listed", within: 20) { try await stage.exceptions(copied).conflicts.first }
            try await walk(stage, ["NUMBER": [String(listed.n)]], [:])
        },
        Runbooks.Scene("the stores differ", copied) { stage, walk in
            let database = try stage.database(copied)
            let id = try inBoth(database)[1]
            try database.rows(
                "BEGIN; SELECT set_config('cutover.own', pg_current_xact_id()::text, true); UPDATE memory_plugin.memory_records SET content = content || '.' WHERE id = '\(id)'; COMMIT")
            try await walk(stage, [:], [:])
        },
        Runbooks.Scene("capture was switched off", copied) { stage, walk in
            let database = try stage.database(copied)
            try database.rows("ALTER TABLE public.agent_memories DISABLE TRIGGER cutover_capture")
            try await isShut("is not enabled always", stage)
            try database.rows("ALTER TABLE public.agent_memories ENABLE ALWAYS TRIGGER cutover_capture")
            try await isShut("was off or replaced for a while", stage)
            try await walk(stage, [:], [:])
        },
        Runbooks.Scene("a check stands in the way", copied) { stage, walk in try await walk(stage, [:], [:]) },
        Runbooks.Scene("a table was truncated", copied) { stage, walk in
            try stage.database(copied).rows("TRUNCATE memory_plugin.memory_records")
            try await isShut("v2 was truncated", stage)
            try await walk(stage, [:], [:])
        },
        Runbooks.Scene("a host is away", young) { stage, walk in
            let fleet = try String(contentsOfFile: stage.fleet, encoding: .utf8)
            let away: [String: String?] = ["CUTOVER_FLEET": try stage.file("away.yaml", try AwayFleet.text(fleet, without: young)), "CUTOVER_SSH_CONFIG": "/dev/null"]
            try await walk(stage, [:], away)
        },
        Runbooks.Scene("the host is back", young) { stage, walk in try await walk(stage, [:], [:]) },
        Runbooks.Scene("a newer plan", young) { stage, walk in
            let text = try String(contentsOfFile: stage.places.plan, encoding: .utf8)
            stage.plan = try stage.file("newer.yaml", text.replacing("revision: 1\n", with: "revision: 2\n").replacing("chunkRows: 200", with: "chunkRows: 100"))
            try await walk(stage, [:], [:])
        },
        Runbooks.Scene("one goes back", wired) { stage, walk in
            try await stage.forward(wired, to: "A1/env.wire")
            try await walk(stage, [:], [:])
        },
        Runbooks.Scene("everywhere back", wired) { stage, walk in
            try await stage.forward(wired, to: "A1/env.wire")
            try await walk(stage, [:], [:])
        },
        Runbooks.Scene("before the purge", wired) { stage, walk in
            try await stage.forward(wired, to: "A3/legacy.drop")
            try await walk(stage, [:], [:])
        },
    ]

    /// While a file is there, the tenant's plugin ends as soon as it is started.
    private static func breakable(_ tenant: String, _ stage: Stage) throws {
        try PluginWrapper.put("[ ! -e '\(stage.folder)/broken-\(tenant)' ] || exit 1\n\"$PLUGIN\" & child=$!\nwait $child", on: tenant, stage)
    }

    /// Known by the address it was told to listen on.
    private static func plugin(of tenant: String, _ stage: Stage) throws -> Int32? {
        let listens = "MEMORY_PLUGIN_LISTEN_ADDR=\(try EnvText(stage.env(tenant)).require("PLUGIN_LISTEN"))"
        return Leftovers.all.first { $0.command.split(separator: " ").first?.hasSuffix("lab-plugin") == true && Leftovers.read($0.pid, "environ").contains(listens) }?.pid
    }

    private static func inBoth(_ database: Database) throws -> [String] {
        let ids = try database.texts(
            "SELECT m.id::text FROM public.agent_memories m JOIN memory_plugin.memory_records r ON r.id = m.id AND r.content = m.content WHERE m.scope = 'LOCAL' ORDER BY m.id LIMIT 2")
        try expect(ids.count == 2, "there are no two memories in both stores")
        return ids
    }

    /// A gate of the next step says so, live.
    private static func isShut(_ words: String, _ stage: Stage) async throws {
        _ = try await eventually("a gate says '\(words)'", within: 60, pause: 1000) { try await stage.ctl("preview", copied, code: 0).out.contains(words) ? true : nil }
    }
}
