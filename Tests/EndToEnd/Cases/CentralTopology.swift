import Foundation

/// One plugin for all tenants, by its URL: nobody reads what is another's, and a way back takes away one's own alone.
enum CentralTopology {
    @Sendable static func run(_ stage: Stage) async throws {
        var stage = stage
        try await stage.raise(tenants: 2, rows: 120, agents: false, topology: "central")
        stage.plan = try plan(stage)
        let store = try Database(url: try centralDatabase(stage))

        try await stage.forward("advance", "acme", "--to", "A2/backfill.verify", "--wait")
        try await clones(stage)
        try await stage.forward("advance", "globex", "--to", "A2/backfill.verify", "--wait", tenants: ["globex"])
        var owned: [String: Set<String>] = [:]
        for tenant in ["acme", "globex"] { owned[tenant] = try await belongings(stage, tenant, store) }
        try expect(owned["acme"]?.isDisjoint(with: owned["globex"] ?? []) == true, "namespaces of both tenants are the same")
        let strangers = try store.texts("SELECT DISTINCT namespace FROM memory_plugin.memory_records").filter { name in !owned.values.contains { $0.contains(name) } }
        try expect(strangers.isEmpty, "the plugin holds memories in nobody's namespaces: \(strangers)")
        if stage.all { try await stage.forward("advance", "acme", "--to", "A3/legacy.drop", "--wait") }

        let theirs = "SELECT count(*), md5(string_agg(r::text, '' ORDER BY id)) FROM memory_plugin.memory_records r WHERE namespace IN (\(list(owned["acme"] ?? [])))"
        let before = try store.rows(theirs)
        try await stage.ctl("revert", "globex", "--to", "start", "--reason", "the customer asked for it", "--confirm", "globex", code: 0)
        try expect(try store.rows(theirs) == before, "the way back of one tenant changed what is another's")
        let left = try store.number("SELECT count(*) FROM memory_plugin.memory_records WHERE namespace IN (\(list(owned["globex"] ?? [])))")
        try expect(left == 0, "after the way back \(left) memories are left in the plugin")
        try await stage.referee("v1", "globex")
        try await stage.ctl("check", "acme", code: 0)
        try await stage.ctl("journal", "verify", code: 0)
    }

    private static func plan(_ stage: Stage) throws -> String {
        let http = try String(contentsOfFile: stage.overHTTP(), encoding: .utf8)
        var text = http
        for (old, new) in [
            ("topology: sidecar, pluginDatabase: same-instance-schema", "topology: central, pluginDatabase: separate"),
            ("program: env:PLUGIN_COMMAND, listen: env:PLUGIN_LISTEN", "url: env:CENTRAL_PLUGIN_URL"),
        ] {
            try expect(text.contains(old), "the lab's plan has no `\(old)`")
            text = text.replacing(old, with: new)
        }
        return try stage.file("plan-central.yaml", text)
    }

    /// A tenant that was made from a copy of another's database is not let in beside it.
    private static func clones(_ stage: Stage) async throws {
        let (acme, globex) = (try stage.database("acme"), try stage.database("globex"))
        let workspace = try acme.texts("SELECT id FROM workspaces WHERE parent_id IS NULL ORDER BY id LIMIT 1")[0]
        let memory = try acme.texts("SELECT id FROM agent_memories ORDER BY id LIMIT 1")[0]
        for (make, unmake, word) in [
            ("INSERT INTO workspaces (id, name) VALUES ('\(workspace)', 'a copy')", "DELETE FROM workspaces WHERE id = '\(workspace)'", "workspaces: \(workspace)"),
            (
                "INSERT INTO agent_memories (id, workspace_id, content, scope) SELECT '\(memory)', id, 'a copy', 'LOCAL' FROM workspaces LIMIT 1",
                "DELETE FROM agent_memories WHERE id = '\(memory)'", "memories: \(memory)"
            ),
        ] {
            try globex.rows(make)
            let shut = try await stage.ctl("advance", "globex", "--to", "A1/backfill.copy", code: 3)
            let why = try await stage.why("globex")
            try expect(why.answer.contains("acme has 1 of the same \(word)"), "a copy of acme's is let in, or it is not said why not: \(why.answer); \(shut.said)")
            try globex.rows(unmake)
        }
    }

    /// The namespaces of a tenant's workspaces; what lies in them is what its v1 has, as far as it has a place.
    private static func belongings(_ stage: Stage, _ tenant: String, _ store: Database) async throws -> Set<String> {
        let database = try stage.database(tenant)
        let names = Set(try database.texts("SELECT id::text FROM workspaces").flatMap { id in ["workspace", "team", "org"].map { "\($0):\(id)" } })
        let expected = Set(try database.texts(
            """
            SELECT id::text FROM agent_memories m WHERE content NOT LIKE 'cutover-probe%'
                AND NOT EXISTS (SELECT FROM cutover.exceptions x WHERE x.id = m.id AND x.closed IS NULL AND NOT x.carried)
            """))
        let found = Set(try store.texts("SELECT id::text FROM memory_plugin.memory_records WHERE namespace IN (\(list(names))) AND content NOT LIKE 'cutover-probe%'"))
        try expect(!expected.isEmpty && expected == found, "\(tenant)'s namespaces hold \(found.count) memories, and it has \(expected.count); \(expected.symmetricDifference(found).count) differ")
        return names
    }

    private static func centralDatabase(_ stage: Stage) throws -> String {
        struct Record: Decodable {
            let centralPluginPassword: String
            let postgresPort: Int
        }
        let record = try JSONDecoder().decode(Record.self, from: Data(contentsOf: URL(fileURLWithPath: "\(stage.root)/lab.json")))
        return "postgresql://central_plugin:\(record.centralPluginPassword)@127.0.0.1:\(record.postgresPort)/central_plugin?sslmode=disable"
    }

    private static func list(_ names: Set<String>) -> String { names.sorted().map { "'\($0)'" }.joined(separator: ", ") }
}
