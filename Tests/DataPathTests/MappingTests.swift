import DataPath
import Foundation
import Postgres
import Testing

@Suite("Mapping and exceptions", .serialized)
struct MappingTests {
    @Test("scopes become the platform's namespaces")
    func forward() async throws {
        let stage = try await Stage.make()
        let local = try await stage.add1("a", workspace: Stage.grandchild)
        let team = try await stage.add1("b", workspace: Stage.grandchild, scope: "TEAM")
        let rootTeam = try await stage.add1("c", workspace: Stage.root, scope: "TEAM")
        let global = try await stage.add1("d", workspace: Stage.root, scope: "GLOBAL")
        try await stage.settle()
        #expect(try await stage.namespace(local) == "workspace:\(Stage.grandchild.lowercased)")
        #expect(try await stage.namespace(team) == "team:\(Stage.child.lowercased)")
        #expect(try await stage.namespace(rootTeam) == "team:\(Stage.root.lowercased)")
        #expect(try await stage.namespace(global) == "org:\(Stage.root.lowercased)")
    }

    @Test("rows without a place are listed with their reason, stay where they are, and close by themselves")
    func exceptions() async throws {
        let stage = try await Stage.make()
        let global = try await stage.add1("a", scope: "GLOBAL")
        try await stage.add1("\u{3000}\u{A0} \n")
        let ownerless = try await stage.add1("b", workspace: nil)
        try await stage.add2("c", namespace: "custom:mine")
        let late = UUID()
        try await stage.add2("d", namespace: "workspace:\(late.lowercased)")
        try await stage.settle()
        #expect(
            try await stage.reasons() == [
                "global-of-non-root": 1, "blank-content": 1, "no-workspace": 1, "unknown-namespace": 2,
            ])
        #expect(try await stage.text(1, global) == "a")
        #expect(try await stage.text(2, global) == nil)
        try await stage.agent.execute(
            "UPDATE workspaces SET parent_id = NULL WHERE id = '\(Stage.child)'; INSERT INTO workspaces (id, name) VALUES ('\(late)', 'late')")
        try await stage.forget(1, ownerless)
        try await stage.settle()
        #expect(try await stage.reasons() == ["blank-content": 1, "unknown-namespace": 1])
        #expect(try await stage.namespace(global) == "org:\(Stage.child.lowercased)")
        #expect(try await stage.count("agent_memories WHERE workspace_id = '\(late)'") == 1)
    }

    @Test("workspaces in a circle keep local and team rows moving; only their global rows have no place")
    func cycle() async throws {
        let stage = try await Stage.make()
        try await stage.agent.execute("UPDATE workspaces SET parent_id = '\(Stage.grandchild)' WHERE id = '\(Stage.root)'")
        let team = try await stage.add1("a", scope: "TEAM")
        try await stage.add1("b", scope: "GLOBAL")
        let local = try await stage.add2("c", namespace: "workspace:\(Stage.root.lowercased)")
        try await stage.settle()
        #expect(try await stage.namespace(team) == "team:\(Stage.root.lowercased)")
        #expect(try await stage.text(1, local) == "c")
        #expect(try await stage.reasons() == ["workspace-cycle": 1])
    }

    @Test("a tree deeper than fifty parents is walked no further")
    func deep() async throws {
        let stage = try await Stage.make()
        try await stage.agent.execute(
            """
            INSERT INTO workspaces (id, name, parent_id)
            SELECT ('10000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'deep', CASE WHEN n = 1 THEN '\(Stage.root)'::uuid
                ELSE ('10000000-0000-4000-8000-' || lpad((n - 1)::text, 12, '0'))::uuid END FROM generate_series(1, 80) n
            """)
        let deepest = UUID(uuidString: "10000000-0000-4000-8000-000000000080")
        let team = try await stage.add1("a", workspace: deepest, scope: "TEAM")
        try await stage.add1("b", workspace: deepest, scope: "GLOBAL")
        try await stage.settle()
        #expect(try await stage.namespace(team) == "team:10000000-0000-4000-8000-000000000079")
        #expect(try await stage.reasons() == ["workspace-cycle": 1])
    }

    @Test("a team row comes back to the owner it left")
    func owner() async throws {
        let stage = try await Stage.make()
        let id = try await stage.add1("x", workspace: Stage.sibling, scope: "TEAM", label: "kept label")
        try await stage.settle()
        await stage.writer.stop()
        // v1 loses the row unseen, and a look finds it in v2 only.
        try await stage.ours.execute(
            "BEGIN; SELECT set_config('cutover.own', pg_current_xact_id()::text, true); DELETE FROM agent_memories; DELETE FROM cutover.placed; COMMIT")
        try await stage.edit(2, id, "y")
        let writer = Writer(try await PostgresConnection.connect(stage.url), fence: 0)
        try await writer.start()
        _ = try await writer.step()
        let row = try await stage.agent.query("SELECT workspace_id, namespace, content FROM agent_memories")[0]
        #expect(try row.uuid("workspace_id") == Stage.sibling)
        #expect(try row.string("namespace") == "kept label")
        #expect(try row.string("content") == "y")
    }

    @Test("facts an agent wrote into propagation cannot break a look")
    func hostileFacts() async throws {
        let stage = try await Stage.make()
        let id = try await stage.add2("x")
        let facts = #"{"cutover": {"owner": "nobody", "label": "\#(String(repeating: "l", count: 80))", "updated_micros": "99999999999999999999"}}"#
        try await stage.agent.query("UPDATE memory_plugin.memory_records SET propagation = $1::jsonb", [.text(facts)])
        try await stage.settle()
        #expect(try await stage.count("agent_memories WHERE id = '\(id)' AND namespace = 'general'") == 1)
    }

    @Test("a row the other side refuses is listed alone and its neighbours go on")
    func refused() async throws {
        let stage = try await Stage.make()
        try await stage.agent.execute("ALTER TABLE memory_plugin.memory_records ADD CHECK (content <> 'refused')")
        let bad = try await stage.add1("refused")
        let good = try await stage.add1("welcome")
        try await stage.settle()
        #expect(try await stage.text(2, good) == "welcome")
        #expect(try await stage.reasons() == ["other": 1])
        try await stage.edit(1, bad, "polite")
        try await stage.settle()
        #expect(try await stage.text(2, bad) == "polite")
        #expect(try await stage.reasons().isEmpty)
    }

    @Test("a new life that has no place still ends the old life on the other side")
    func forgetWithoutPlace() async throws {
        let stage = try await Stage.make()
        let id = try await stage.add1("old")
        try await stage.settle()
        try await stage.forget(1, id)
        try await stage.add1("new", id: id, scope: "GLOBAL")
        try await stage.settle()
        #expect(try await stage.text(2, id) == nil)
        #expect(try await stage.reasons() == ["global-of-non-root": 1])
        try await stage.agent.execute("UPDATE workspaces SET parent_id = NULL WHERE id = '\(Stage.child)'")
        try await stage.settle()
        #expect(try await stage.text(2, id) == "new")
    }

    @Test("rows found in v2 beforehand are adopted when equal, else listed; probes are neither")
    func foreign() async throws {
        let stage = try await Stage.make(capture: false)
        let twin = try await stage.add1("twin")
        try await stage.agent.execute(
            """
            INSERT INTO memory_plugin.memory_namespaces (name, kind) VALUES ('workspace:\(Stage.child.lowercased)', 'workspace');
            INSERT INTO memory_plugin.memory_records (id, namespace, content, kind, source, created_at, embedding)
            SELECT id, 'workspace:' || workspace_id, content, 'fact', 'agent', created_at, embedding FROM agent_memories WHERE id = '\(twin)'
            """)
        let stranger = try await stage.add2("stranger")
        try await stage.add2("cutover-probe 1")
        try await Capture().install(stage.ours)
        let foreign = try await ForeignRows.inV2(stage.ours)
        #expect(foreign.ids == [stranger])
        #expect(foreign.count == 1)
        #expect(try await stage.placed(twin) == "live")
    }
}
