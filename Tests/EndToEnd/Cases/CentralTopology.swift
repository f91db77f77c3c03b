import Foundation

/// One plugin for all tenants, by its URL: nobody reads what is another's, to the last step of one and back again of the others.
enum CentralTopology {
    @Sendable static func run(_ stage: Stage) async throws {
        let (stage, store) = try await raised(stage, tenants: 3)
        try await stage.forward("advance", "acme", "--to", "A2/backfill.verify", "--wait")
        try await clones(stage)
        for tenant in ["globex", "initech"] { try await stage.forward("advance", tenant, "--to", "A2/backfill.verify", "--wait", tenants: [tenant]) }
        let owned = try await apart(stage, ["acme", "globex", "initech"], store)
        let carried = try ["acme", "initech"].map { try picture(owned[$0] ?? [], store) }

        // To the very end, and to the drop.
        try await stage.forward("advance", "acme", "--wait", signing: { _ in true })
        let steps = try await stage.verified()
        try expect(steps == Stage.steps + ["A3/archive.purge"], "acme did not come to its end: \(steps.joined(separator: ", "))")
        try await stage.forward("advance", "initech", "--to", "A3/legacy.drop", "--wait", tenants: ["initech"])
        for tenant in ["acme", "initech"] {
            try expect(try stage.database(tenant).texts("SELECT to_regclass('public.agent_memories')::text") == [""], "\(tenant)'s old table is still there")
        }
        try expect(try ["acme", "initech"].map { try picture(owned[$0] ?? [], store) } == carried, "on the way to the drop memories changed that nobody touched")
        try await doors(stage, ["acme", "globex", "initech"])

        // One comes back before its drop, and one from behind it.
        try await back("globex", stage, owned, store)
        try await back("initech", stage, owned, store)
        try await doors(stage, ["acme", "globex", "initech"])
        let left = try store.texts("SELECT DISTINCT namespace FROM memory_plugin.memory_records").filter { owned["acme"]?.contains($0) != true }
        try expect(left.isEmpty, "the plugin holds memories outside of acme's namespaces: \(left)")
        try expect(try picture(owned["acme"] ?? [], store) == carried[0], "acme's memories are others than before its drop")
        try await stage.ctl("check", "acme", code: 0)
        try await stage.ctl("journal", "verify", code: 0)
    }

    /// One to the drop, while another one comes back.
    @Sendable static func shortly(_ stage: Stage) async throws {
        let (stage, store) = try await raised(stage, tenants: 2)
        for tenant in ["acme", "globex"] { try await stage.forward("advance", tenant, "--to", "A2/backfill.verify", "--wait", tenants: [tenant]) }
        let owned = try await apart(stage, ["acme", "globex"], store)
        let carried = try picture(owned["acme"] ?? [], store)
        try await stage.forward("advance", "acme", "--to", "A3/legacy.drop", "--wait")
        try await back("globex", stage, owned, store)
        try await doors(stage, ["acme", "globex"])
        try expect(try picture(owned["acme"] ?? [], store) == carried, "acme's memories are others than before its drop")
        try await stage.ctl("journal", "verify", code: 0)
    }

    private static func raised(_ stage: Stage, tenants: Int) async throws -> (stage: Stage, store: Database) {
        var stage = stage
        try await stage.raise(tenants: tenants, rows: stage.all ? 120 : 30, agents: false, topology: "central")
        stage.plan = try plan(stage)
        return (stage, try Database(url: try centralDatabase(stage)))
    }

    /// Each tenant's namespaces, which are nobody else's.
    private static func apart(_ stage: Stage, _ tenants: [String], _ store: Database) async throws -> [String: Set<String>] {
        var owned: [String: Set<String>] = [:]
        for tenant in tenants {
            let names = try await belongings(stage, tenant, store)
            try expect(owned.values.allSatisfy { $0.isDisjoint(with: names) }, "\(tenant) has namespaces of another tenant")
            owned[tenant] = names
        }
        let strangers = try store.texts("SELECT DISTINCT namespace FROM memory_plugin.memory_records").filter { name in !owned.values.contains { $0.contains(name) } }
        try expect(strangers.isEmpty, "the plugin holds memories in nobody's namespaces: \(strangers)")
        return owned
    }

    /// Takes a tenant all the way back: nothing of it is left in the plugin, and nothing of anybody else's is another.
    private static func back(_ tenant: String, _ stage: Stage, _ owned: [String: Set<String>], _ store: Database) async throws {
        let others = owned.filter { $0.key != tenant }.values.reduce(into: Set<String>()) { $0.formUnion($1) }
        let before = try picture(others, store)
        try await stage.ctl("revert", tenant, "--to", "start", "--reason", "the customer asked for it", "--confirm", tenant, code: 0)
        try expect(try picture(others, store) == before, "the way back of \(tenant) changed what is another's")
        let left = try store.number("SELECT count(*) FROM memory_plugin.memory_records WHERE namespace IN (\(list(owned[tenant] ?? [])))")
        try expect(left == 0, "after the way back of \(tenant) \(left) memories are left in the plugin")
        try await stage.referee("v1", tenant)
    }

    /// All that lies in these namespaces, but for probes.
    private static func picture(_ names: Set<String>, _ store: Database) throws -> [[String]] {
        try store.rows(
            """
            SELECT count(*), md5(string_agg(r::text, '' ORDER BY id)) FROM memory_plugin.memory_records r
            WHERE namespace IN (\(list(names))) AND content NOT LIKE 'cutover-probe%'
            """)
    }

    /// What one tenant's agent commits is found at every door of that tenant, and at none of another's.
    private static func doors(_ stage: Stage, _ tenants: [String]) async throws {
        for tenant in tenants {
            let (agent, word) = (ProbeAgent(stage: stage, tenant: tenant), "lantern\(stage.chance.number(in: 1...1_000_000_000))")
            let id = try await agent.commit("the \(word) of \(tenant)")
            for other in tenants {
                let found = try await ProbeAgent(stage: stage, tenant: other).everything(about: word)
                // The word is in the question; the name is only in the answer.
                try expect(found.contains("of \(tenant)") == (other == tenant), "what \(tenant)'s agent committed is\(other == tenant ? " not" : "") found at the doors of \(other): \(found)")
            }
            try await agent.forget(id)
        }
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
        if !stage.all {
            for (long, short) in [("window: 6s", "window: 2s"), ("window: 8s", "window: 2s"), ("grace: 3s", "grace: 1s")] {
                try expect(text.contains(long), "the lab's plan has no `\(long)`")
                text = text.replacing(long, with: short)
            }
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
            SELECT id::text || ' ' || md5(content) FROM agent_memories m WHERE content NOT LIKE 'cutover-probe%'
                AND NOT EXISTS (SELECT FROM cutover.exceptions x WHERE x.id = m.id AND x.closed IS NULL AND NOT x.carried)
            """))
        let found = Set(try store.texts("SELECT id::text || ' ' || md5(content) FROM memory_plugin.memory_records WHERE namespace IN (\(list(names))) AND content NOT LIKE 'cutover-probe%'"))
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
