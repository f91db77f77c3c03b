import Foundation

/// Keys and values cross under an agent who writes, guards and deletes at their door, go on to the drop, and come back; the memories beside
/// them stay as they are.
enum KeyValues {
    @Sendable static func run(_ stage: Stage) async throws { try await thereAndBack(stage) }

    /// The plugin's tables in a PostgreSQL of their own.
    @Sendable static func separately(_ stage: Stage) async throws { try await thereAndBack(stage, separately: true) }

    private static func thereAndBack(_ stage: Stage, separately: Bool = false) async throws {
        var stage = stage
        stage.plan = try plan(stage, separately: separately)
        try await stage.raise(tenants: 1, rows: 60, separatePluginDatabase: separately)
        let hand = try await stage.python("hand.py", stage.env("acme"), String(stage.chance.number(in: 1...1_000_000)))
        try await stage.forward("advance", "acme", "--to", "A2/backfill.verify", "--wait")
        // Asked while an agent is at the door.
        try await isServed("v1", stage)
        hand.kill(SIGTERM)
        let ended = try await hand.ended()
        try expect(ended.code == 0, "the door did not serve its agent: \(ended.said)")
        let own = try ended.answer([String: Int?].self)
        try expect(own.count == 12 && own.contains { $0.value == nil } && own.contains { $0.value != nil }, "the agent did too little: \(own)")

        let database = try stage.database()
        let before = try database.texts(everything)
        try holds(own, before)
        // No release without the door yet: the old table is not closed, whoever signs.
        try await stage.ctl("advance", "acme", "--to", "A3/legacy.freeze", "--wait", code: 3)
        _ = try await stage.sign()
        try await stage.ctl("advance", "acme", "--to", "A3/legacy.freeze", "--wait", code: 3)
        try expect(try await stage.why().answer.contains("roll out the release without that door"), "it is not said that the door is still open")
        try await release("--keyless", stage)
        try await isServed("closed", stage)
        let end = try await stage.forward("run")
        try expect(end.code == 3, "`\(end.words)` ended with \(end.code): \(end.said)")
        let verified = try await stage.verified()
        try expect(verified.last == "A3/legacy.drop", "the run ended after \(verified.joined(separator: ", "))")
        try expect(try database.texts("SELECT to_regclass('workspace_memory')::text") == [""], "the table is still there")
        let plugins = separately ? try Database(url: EnvText(stage.env("acme")).require("MEMORY_PLUGIN_DATABASE_URL")) : database
        let records = try plugins.number("SELECT count(*) FROM memory_plugin.memory_records WHERE propagation->'cutover'->>'table' = 'workspace_memory'")
        try expect(records == before.count, "\(records) records for \(before.count) keys")
        try await isServed("closed", stage)
        try await stage.ctl("journal", "verify", code: 0)

        try await stage.ctl("revert", "acme", "--to", "start", "--reason", "the customer asked for it", "--confirm", "acme", code: 0)
        let after = try database.texts(everything)
        try expect(after == before, "after the way back \(Set(before).symmetricDifference(after).sorted().prefix(4)) differ")
        for one in [database, plugins] {
            let left = try one.texts("SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'cutover%' UNION ALL SELECT tgname::text FROM pg_trigger WHERE tgname LIKE 'cutover%'")
            try expect(left.isEmpty, "after the way back there is still \(left.joined(separator: ", "))")
        }
        try await release("", stage)
        try await stage.referee("v1", "acme")
    }

    private static let everything = """
        SELECT jsonb_build_array(workspace_id, id, key, value, version, expires_at, extract(epoch FROM updated_at))::text FROM workspace_memory ORDER BY workspace_id, key
        """

    /// What the agent was told is written is there, under the version it was told.
    private static func holds(_ own: [String: Int?], _ rows: [String]) throws {
        for (key, version) in own {
            let row = rows.first { $0.contains("\"\(key)\"") }
            guard let version else {
                try expect(row == nil, "\(key) was deleted, and is there: \(row ?? "")")
                continue
            }
            try expect(row?.contains(", \(version), ") == true, "\(key) has not the version \(version): \(row ?? "it is gone")")
        }
    }

    /// As its doors tell. The memories' server was never wired here, and no plan of ours moves them.
    private static func isServed(_ keys: String, _ stage: Stage) async throws {
        let answer: MatrixAnswer = try await stage.ctl("matrix", "acme", "--json", code: 0).answer()
        guard let told = answer.tenants.first, let doors = told.doors else { throw Trouble("acme could not be asked who serves it") }
        try expect(doors.keys?.writes == keys && doors.keys?.reads == keys, "the key/value door is served so: \(told)")
        try expect(doors.agents.writes == "v1" && doors.agents.reads == "v1" && told.writes == ["v1"] && told.reads == ["v1"], "acme is served so: \(told)")
    }

    /// The plan with windows of seconds.
    private static func plan(_ stage: Stage, separately: Bool) throws -> String {
        var text = try String(contentsOfFile: "\(stage.places.repository)/Plans/kv-deprecation.yaml", encoding: .utf8)
        for (long, short) in [
            ("minFreeMiB: 2048", "minFreeMiB: 64"), ("window: 24h", "window: 2s"), ("window: 30d", "window: 4s"), ("sampleEvery: 5m", "sampleEvery: 1s"),
            ("sampleEvery: 15m", "sampleEvery: 1s"), ("longestGap: 30m", "longestGap: 5s"), ("longestGap: 2h", "longestGap: 5s"), ("grace: 72h", "grace: 2s"),
            ("keepFor: 90d", "keepFor: 1h"), ("to: s3://cutover-archives/kv-deprecation/TENANT", "to: env:KV_ARCHIVE_DIR"),
            ("pluginDatabase: same-instance-schema", "pluginDatabase: \(separately ? "separate" : "same-instance-schema")"),
            ("env: staging", "env: lab-canary"), ("env: production", "env: lab"), ("bake: 24h", "bake: 1s"),
        ] {
            try expect(text.contains(long), "the plan says nothing of '\(long)'")
            text = text.replacing(long, with: short)
        }
        return try stage.file("kv.yaml", text)
    }

    /// Replaces the workspace server by the same program with that flag, as a release does.
    private static func release(_ flag: String, _ stage: Stage) async throws {
        let ended = try await stage.python("release.py", stage.env("acme"), flag).ended()
        try expect(ended.code == 0, "the release failed: \(ended.said)")
    }
}

extension Stage {
    /// Starts one of the programs that play the door's agents and its releases.
    fileprivate func python(_ program: String, _ words: String...) async throws -> RunningProgram {
        try await RunningProgram.start(
            "/usr/bin/python3", ["\(places.repository)/Tests/Fixtures/key-value-hand/\(program)"] + words, environment: [:], folder: folder,
            log: "\(logs)/\(program)-\(UUID().uuidString)")
    }
}
