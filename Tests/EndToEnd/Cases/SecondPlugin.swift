import Foundation

/// A plugin by somebody else, with a store of its own, reached over HTTP alone: all the way to the drop, and back.
enum SecondPlugin {
    @Sendable static func run(_ stage: Stage) async throws {
        var stage = stage
        try await stage.raise(agents: false)
        let memories = "\(stage.folder)/second-plugin.db"
        try PluginWrapper.put(
            """
            SECOND_PLUGIN_FILE='\(memories)' SECOND_PLUGIN_FAULTS='\(stage.folder)/faults.json' \
                python3 '\(stage.places.repository)/Tests/Fixtures/second-plugin/second-plugin.py' & child=$!
            wait $child
            """, on: "acme", stage)
        stage.plan = try stage.overHTTP(accepts: [])
        try await wayBackIsShut(stage)

        stage.plan = try stage.overHTTP(revision: 2)
        try await stage.ctl("adopt", "acme", code: 0)
        try await stage.forward("advance", "acme", "--to", "A2/backfill.verify", "--wait")
        try await holdsWhatV1Has(stage, memories)
        try await isServed(by: ["v2", "v1"], stage)
        try await stage.forwardToTheDrop()
        try await isServed(by: ["v2"], stage)
        let steps = try await stage.verified()
        try expect(steps == Stage.steps, "the steps were verified in this order: \(steps.joined(separator: ", "))")
        try await stage.ctl("journal", "verify", code: 0)
        try await stage.ctl("check", "acme", code: 0)

        try await stage.backToTheStart()
        let left = try await ask(stage, memories, "SELECT count(*) FROM memories WHERE propagation LIKE '%digest%'")
        try expect(left == ["0"], "after the way back the plugin still has \(left) of our records")
    }

    /// As its own doors tell, behind which the plugin's store can't be looked into.
    private static func isServed(by stores: [String], _ stage: Stage) async throws {
        let answer: MatrixAnswer = try await stage.ctl("matrix", "acme", "--json", code: 0).answer()
        guard let told = answer.tenants.first, let doors = told.doors else { throw Trouble("acme could not be asked who serves it") }
        try expect(told.writes == stores && told.reads == stores && doors.agents.writes == "v2" && doors.agents.reads == "v2", "who serves acme over HTTP: \(told)")
    }

    private static func wayBackIsShut(_ stage: Stage) async throws {
        let shut = try await stage.ctl("advance", "acme", "--to", "A1/backfill.copy", code: 3)
        let why = try await stage.why()
        try expect(why.answer.contains("no-way-back-over-http"), "the copy began, or it is not said why not: \(shut.said); \(why.answer)")
        let preview = try await stage.ctl("preview", "acme", code: 0)
        try expect(preview.out.contains("over HTTP: what agents write"), "the preview does not say what HTTP cannot do")
    }

    /// Every row of v1 that is not excepted lies in the plugin's own file, in its namespace, to the byte.
    private static func holdsWhatV1Has(_ stage: Stage, _ memories: String) async throws {
        let expected = try stage.database().texts(
            """
            SELECT m.id || ' ' || (CASE scope WHEN 'LOCAL' THEN 'workspace:' || w.id WHEN 'TEAM' THEN 'team:' || coalesce(w.parent_id, w.id) ELSE 'org:' || w.id END)
                || ' ' || encode(sha256(convert_to(content, 'UTF8')), 'hex')
            FROM agent_memories m LEFT JOIN workspaces w ON w.id = m.workspace_id
            WHERE content NOT LIKE 'cutover-probe%' AND NOT EXISTS (SELECT FROM cutover.exceptions x WHERE x.id = m.id AND x.closed IS NULL AND NOT x.carried) ORDER BY 1
            """)
        let found = try await ask(stage, memories, "SELECT id || ' ' || namespace || ' ' || sha(content) FROM memories WHERE content NOT LIKE 'cutover-probe%' ORDER BY 1")
        try expect(expected.count > 150 && expected == found, "v1 has \(expected.count) rows to be carried, the plugin \(found.count), \(Set(expected).symmetricDifference(found).count) differ")
    }

    /// The rows of one column of the plugin's own file.
    private static func ask(_ stage: Stage, _ file: String, _ sql: String) async throws -> [String] {
        let script = """
            import sqlite3, sys, hashlib
            db = sqlite3.connect(sys.argv[1])
            db.create_function("sha", 1, lambda text: hashlib.sha256(text.encode()).hexdigest())
            for row in db.execute(sys.argv[2]): print(row[0])
            """
        let running = try await RunningProgram.start(
            "/usr/bin/python3", ["-c", script, file, sql], environment: [:], folder: stage.folder, log: "\(stage.logs)/ask-\(UUID().uuidString)")
        let ended = try await running.ended()
        try expect(ended.code == 0, "the plugin's file cannot be read: \(ended.said)")
        return ended.out.split(separator: "\n").map(String.init)
    }
}
