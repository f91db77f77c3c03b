import DataPath
import Foundation
import Postgres
import Testing

@Suite("Capture", .serialized)
struct CaptureTests {
    @Test("installing twice changes nothing, and status sees what is missing or disabled")
    func install() async throws {
        let stage = try await Stage.make()
        try await Capture().install(stage.ours)
        #expect(try await Capture().status(stage.ours).inPlace)
        try await stage.agent.execute(
            """
            ALTER TABLE agent_memories ENABLE TRIGGER cutover_capture;
            DROP TRIGGER cutover_truncate ON memory_plugin.memory_records; DROP FUNCTION cutover.reverse
            """)
        let status = try await Capture().status(stage.ours)
        #expect(status.disabledTriggers == ["public.agent_memories.cutover_capture"])
        #expect(status.missingTriggers == ["memory_plugin.memory_records.cutover_truncate"])
        #expect(status.missingFunctions == ["reverse(text, uuid, text)"])
        try await Capture().install(stage.ours)
        #expect(try await Capture().status(stage.ours).inPlace)
    }

    @Test("removing leaves no trigger and no function, and keeps the records when asked")
    func remove() async throws {
        let stage = try await Stage.make()
        try await stage.add1("x")
        try await stage.settle()
        await stage.writer.stop()
        try await Capture().remove(stage.ours, keepRecords: true)
        #expect(try await stage.count("pg_trigger WHERE tgname LIKE 'cutover%'") == 0)
        #expect(try await stage.count("pg_proc WHERE pronamespace = 'cutover'::regnamespace") == 0)
        #expect(try await stage.count("cutover.placed") == 1)
        try await stage.add1("unseen")
        try await Capture().install(stage.ours)
        try await Capture().remove(stage.ours)
        #expect(try await stage.count("pg_namespace WHERE nspname = 'cutover'") == 0)
        try await Capture().remove(stage.ours)
    }

    @Test("a table held by others makes the install give up without a trigger waiting in the queue")
    func held() async throws {
        let stage = try await Stage.make(capture: false)
        let holder = try await PostgresConnection.connect(stage.url)
        try await holder.execute("BEGIN; LOCK TABLE agent_memories IN ROW EXCLUSIVE MODE")
        await #expect(throws: DataPathError.tablesBusy("triggers on public.agent_memories")) {
            try await Capture().install(stage.ours, lockTimeoutSeconds: 0.05, attempts: 2)
        }
        try await holder.execute("ROLLBACK")
        try await Capture().install(stage.ours)
        #expect(try await Capture().status(stage.ours).inPlace)
    }

    @Test("replication role and a leaked mark do not silence the triggers")
    func always() async throws {
        let stage = try await Stage.make()
        try await stage.agent.execute(
            """
            SET session_replication_role = replica; SELECT set_config('cutover.own', pg_current_xact_id()::text, false)
            """)
        let id = try await stage.add1("x")
        try await stage.agent.execute("RESET session_replication_role")
        try await stage.settle()
        #expect(try await stage.text(2, id) == "x")
    }

    @Test("an agent without rights on our schema is captured all the same")
    func rights() async throws {
        let stage = try await Stage.make()
        try await stage.agent.execute(
            """
            DO $$ BEGIN CREATE ROLE agent_role; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
            GRANT ALL ON ALL TABLES IN SCHEMA public TO agent_role; SET ROLE agent_role
            """)
        let id = try await stage.add1("x")
        try await stage.agent.execute("RESET ROLE")
        try await stage.settle()
        #expect(try await stage.text(2, id) == "x")
    }

    @Test("TRUNCATE is one marker, and its expansion forgets what was placed", arguments: [1, 2])
    func truncate(side: Int) async throws {
        let stage = try await Stage.make()
        for number in 0..<4 { try await stage.add1("x\(number)") }
        try await stage.settle()
        try await stage.agent.execute("TRUNCATE \(stage.table(side))")
        #expect(try await Capture().growth(stage.ours).markers == 1)
        try await stage.settle()
        #expect(try await stage.count(stage.table(3 - side)) == 0)
    }

    @Test("a re-parented workspace moves its rows and its subtree's")
    func reparent() async throws {
        let stage = try await Stage.make()
        let id = try await stage.add1("x", workspace: Stage.grandchild, scope: "TEAM")
        try await stage.settle()
        #expect(try await stage.namespace(id) == "team:\(Stage.child.lowercased)")
        try await stage.agent.execute("UPDATE workspaces SET parent_id = '\(Stage.sibling)' WHERE id = '\(Stage.grandchild)'")
        try await stage.settle()
        #expect(try await stage.namespace(id) == "team:\(Stage.sibling.lowercased)")
    }

    @Test("a rolled back write leaves no entry")
    func rollback() async throws {
        let stage = try await Stage.make()
        try await stage.agent.execute("BEGIN")
        try await stage.add1("x")
        try await stage.agent.execute("ROLLBACK")
        #expect(try await Capture().growth(stage.ours).entries == 0)
    }
}
