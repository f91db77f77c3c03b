import Foundation

/// At several points of the main job: which store serves whom, told by the doors themselves.
enum WhoServes {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(tenants: 2, rows: 60, agents: false)
        let (before, wired, strict) = (
            Served(agents: "v1 v1", old: "v1 v1", panel: "nobody", search: "v1", writes: ["v1"], reads: ["v1"]),
            Served(agents: "v2 v2", old: "v1 v1", panel: "v2", search: "v1", writes: ["v2", "v1"], reads: ["v2", "v1"]),
            Served(agents: "v2 v2", old: "closed closed", panel: "v2", search: "v2", writes: ["v2"], reads: ["v2"])
        )
        // Nothing of ours stands on the host yet that could ask.
        let unprepared = try await stage.ctl("matrix", "acme", code: 6)
        try expect(unprepared.out.contains("after host.prepare"), "of a host without our program it says: \(unprepared.said)")
        try await stage.forward("advance", "acme", "--to", "A0/host.prepare")
        try await insist(before, "before the plugin is started", stage)
        try await stage.forward("advance", "acme", "--to", "A1/backfill.copy")
        try await insist(before, "with both stores in step", stage)
        try await stage.forward("advance", "acme", "--to", "A1/env.wire")
        try await insist(wired, "wired", stage)
        try await aServerThatIsDown(stage)
        try await insist(wired, "with its server up again", stage)
        try await stage.forward("advance", "acme", "--to", "A3/legacy.archive", "--wait")
        try await insist(strict, "frozen", stage)

        // Asked while the soak counts, whose clock begins anew when anybody reads v1.
        try await stage.ctl("advance", "acme", "--to", "A3/soak.wait", code: 3)
        for _ in 0..<3 { try await insist(strict, "in its soak", stage) }
        try await stage.forward("advance", "acme", "--to", "A3/legacy.drop", "--wait")
        let evidence = try String(contentsOfFile: "\(stage.host("acme"))/evidence.jsonl", encoding: .utf8)
        try expect(!evidence.contains("somebody read"), "being asked who serves it counted as a read of v1")
        try await insist(strict, "with the table dropped", stage)
        try await stage.referee("v2", "acme")
        try await whoCannotBeAsked(stage)

        try await stage.ctl("revert", "acme", "--to", "A0/host.prepare", "--reason", "the customer asked for it", "--confirm", "acme", code: 0)
        try await insist(before, "taken back", stage)
        try await stage.backToTheStart()
        try await stage.ctl("journal", "verify", code: 0)
    }

    private struct Served: Equatable {
        let agents: String
        let old: String
        let panel: String
        let search: String
        let writes: [String]
        let reads: [String]
    }

    private static func insist(_ served: Served, _ moment: String, _ stage: Stage) async throws {
        let ended = try await stage.ctl("matrix", "acme", "--json", code: 0)
        let answer: MatrixAnswer = try ended.answer()
        guard let told = answer.tenants.first, answer.tenants.count == 1, told.asked, let doors = told.doors else { throw Trouble("\(moment), acme could not be asked: \(ended.said)") }
        let found = Served(
            agents: "\(doors.agents.writes ?? "-") \(doors.agents.reads)", old: "\(doors.oldRoute.writes ?? "-") \(doors.oldRoute.reads)",
            panel: doors.panel.reads, search: doors.search.reads, writes: told.writes, reads: told.reads)
        try expect(found == served, "\(moment), the doors of acme are served so: \(found); \(told.detail)")
        // The watch's own come and go meanwhile; one of ours would stay.
        _ = try await eventually("\(moment), no probe is left behind", within: 30) {
            try stage.database().number("SELECT count(*) FROM \(try place(stage)) WHERE content LIKE 'cutover-probe%'") == 0 ? true : nil
        }
    }

    /// Where a probe would be left: never the frozen table, whose counters are evidence.
    private static func place(_ stage: Stage) throws -> String {
        try stage.database().texts("SELECT coalesce(to_regclass('memory_plugin.memory_records')::text, 'public.agent_memories')")[0]
    }

    private static func aServerThatIsDown(_ stage: Stage) async throws {
        let pidFile = try EnvText(stage.env("acme")).require("WORKSPACE_SERVER_PIDFILE")
        guard let pid = Int32(try String(contentsOfFile: pidFile, encoding: .utf8).prefix { $0.isNumber }) else { throw Trouble("\(pidFile) names no process") }
        kill(pid, SIGSTOP)
        defer { kill(pid, SIGCONT) }
        let answer: MatrixAnswer = try await stage.ctl("matrix", "acme", "--json", code: 0).answer()
        guard let told = answer.tenants.first, let doors = told.doors else { throw Trouble("a tenant whose server hangs was not asked") }
        try expect(told.writes.isEmpty && told.reads.isEmpty && doors.agents.writes == "nobody" && !told.detail.isEmpty, "a server that hangs is told as \(told)")
    }

    /// One host is away: it is said so, and the other is asked all the same.
    private static func whoCannotBeAsked(_ stage: Stage) async throws {
        let text = try String(contentsOfFile: stage.fleet, encoding: .utf8)
        let away: [String: String?] = ["CUTOVER_FLEET": try stage.file("away.yaml", try AwayFleet.text(text, without: "globex")), "CUTOVER_SSH_CONFIG": "/dev/null"]
        let ended = try await stage.ctl("matrix", "--json", code: 6, changing: away)
        let answer: MatrixAnswer = try ended.answer()
        try expect(
            answer.tenants.map { "\($0.tenant) \($0.asked)" } == ["acme true", "globex false"] && answer.tenants.last?.detail.isEmpty == false,
            "with globex away the matrix says: \(ended.said)")
        let table = try await stage.ctl("matrix", code: 6, changing: away)
        try expect(table.out.contains("could not be asked") && table.out.contains("acme    v2"), "the table says: \(table.out)")
    }
}

struct MatrixAnswer: Decodable {
    struct Tenant: Decodable {
        struct Doors: Decodable {
            struct Door: Decodable {
                let writes: String?
                let reads: String
            }
            let agents: Door
            let oldRoute: Door
            let panel: Door
            let search: Door
            let keys: Door?
        }
        let tenant: String
        let asked: Bool
        let writes: [String]
        let reads: [String]
        let doors: Doors?
        let detail: String
    }
    let tenants: [Tenant]
}
