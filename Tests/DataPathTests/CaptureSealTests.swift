import DataPath
import Foundation
import Postgres
import Testing

@Suite("The seal of the capture", .serialized) struct CaptureSealTests {
    private func broken(_ stage: Stage) async throws -> [String] {
        guard let sealed = try await CaptureSeal.remembered(stage.ours) else { return ["no seal"] }
        return try await CaptureSeal.read(stage.ours).broken(since: sealed)
    }

    private func newWriter(_ stage: Stage) async throws -> Writer {
        await stage.writer.stop()
        let writer = Writer(try await PostgresConnection.connect(stage.url, applicationName: "cutover-writer"), fence: 0)
        try await writer.start()
        return writer
    }

    private func settle(_ writer: Writer, _ stage: Stage) async throws {
        while true {
            _ = try await writer.step()
            let growth = try await Capture().growth(stage.ours)
            if growth.entries == 0, growth.markers == 0 { return }
        }
    }

    @Test("holds after an install, another install and a rewrite of the table; new columns are told and stop no look")
    func holds() async throws {
        let stage = try await Stage.make()
        #expect(try await broken(stage) == [])
        try await Capture().install(stage.ours)
        for statement in ["VACUUM FULL agent_memories", "VACUUM FULL memory_plugin.memory_records", "ANALYZE"] { try await stage.agent.execute(statement) }
        #expect(try await broken(stage) == [])
        try await stage.agent.execute("ALTER TABLE memory_plugin.memory_records ADD COLUMN heat int")
        #expect(try await broken(stage) == ["memory_plugin.memory_records has other columns: +heat integer"])
        let id = try await stage.add1("x")
        try await stage.settle()
        #expect(try await stage.text(2, id) == "x")
    }

    @Test("a trigger that was off stops the looks even when it is on again; captured anew, what was missed is carried over")
    func switchedOff() async throws {
        let stage = try await Stage.make()
        let ids = (try await stage.add1("kept"), try await stage.add1("edited"), try await stage.add1("forgotten"))
        try await stage.settle()
        try await stage.agent.execute("ALTER TABLE agent_memories DISABLE TRIGGER cutover_capture")
        #expect(try await broken(stage) == ["trigger cutover_capture on public.agent_memories is not enabled always"])
        try await stage.edit(1, ids.1, "edited unseen")
        try await stage.forget(1, ids.2)
        try await stage.agent.execute("ALTER TABLE agent_memories ENABLE ALWAYS TRIGGER cutover_capture")
        #expect(try await broken(stage) == ["trigger cutover_capture on public.agent_memories was off or replaced for a while"])
        try await stage.edit(1, ids.0, "kept, edited")
        await #expect(throws: DataPathError.self) { try await stage.writer.step() }
        #expect(try await stage.text(2, ids.0) == "kept", "nothing is looked at")
        await #expect(throws: DataPathError.self) { try await newWriter(stage) }
        await #expect(throws: DataPathError.self) { try await Quiesce().run(stage.ours) }
        await #expect(throws: DataPathError.refused("1 memories that were in step are absent from v1 and 0 from v2: captured again, they would count as forgotten")) {
            try await Capture().install(stage.ours)
        }
        try await Capture().install(stage.ours, acceptingAbsent: true)
        #expect(try await broken(stage) == [])
        let writer = try await newWriter(stage)
        try await settle(writer, stage)
        #expect(try await stage.text(2, ids.0) == "kept, edited")
        #expect(try await stage.text(2, ids.1) == "edited unseen")
        #expect(try await stage.text(2, ids.2) == nil)
        await writer.stop()
    }

    @Test("a table replaced by an empty one is not taken for a store in which everything was forgotten", arguments: [1, 2])
    func replaced(side: Int) async throws {
        let stage = try await Stage.make()
        let id = try await stage.add1("x")
        try await stage.settle()
        let table = stage.table(side)
        let schema = side == 1 ? "public" : "memory_plugin"
        let name = side == 1 ? "agent_memories" : "memory_records"
        try await stage.agent.execute("ALTER TABLE \(table) RENAME TO set_aside; CREATE TABLE \(table) (LIKE \(schema).set_aside INCLUDING ALL)")
        try await stage.edit(3 - side, id, "edited")
        await #expect(throws: DataPathError.self) { try await stage.writer.step() }
        #expect(try await stage.text(3 - side, id) == "edited")
        #expect(try await broken(stage) == ["\(schema).\(name) is another table than the one the capture was put on"])
        await #expect(throws: DataPathError.self) { try await Capture().install(stage.ours) }
        try await stage.agent.execute("DROP TABLE \(table); ALTER TABLE \(schema).set_aside RENAME TO \(name)")
        #expect(try await broken(stage) == [])
        try await stage.settle()
        #expect(try await stage.text(side, id) == "edited")
    }

    @Test("a dropped table is told as gone")
    func gone() async throws {
        let stage = try await Stage.make()
        try await stage.agent.execute("ALTER TABLE memory_plugin.memory_records RENAME TO elsewhere")
        #expect(try await broken(stage) == ["memory_plugin.memory_records is gone"])
    }

    @Test("a truncation is told by the round that looks at it", arguments: [1, 2])
    func truncated(side: Int) async throws {
        let stage = try await Stage.make()
        try await stage.add1("x")
        try await stage.settle()
        try await stage.agent.execute("TRUNCATE \(stage.table(side))")
        #expect(try await stage.writer.step().truncated == [side])
        #expect(try await stage.writer.step().truncated == [])
    }
}

@Suite("What the capture leaves", .serialized) struct CaptureTraceTests {
    @Test("taken away, the catalogue is to the row what it was before")
    func noTrace() async throws {
        let stage = try await Stage.make(capture: false)
        let before = try await catalogue(stage)
        try await Capture().install(stage.ours)
        try await Control.set(.sync, fence: 0, stage.ours)
        try await stage.writer.start()
        for number in 0..<3 { try await stage.add1("x\(number)") }
        try await stage.settle()
        await stage.writer.stop()
        #expect(try await catalogue(stage) != before)
        try await Capture().remove(stage.ours)
        let after = try await catalogue(stage)
        #expect(after == before, "\(after.symmetricDifference(before))")
        #expect(try await stage.agent.query("SELECT count(*) AS n FROM pg_settings WHERE name LIKE 'cutover%'")[0].int("n") == 0)
    }

    /// Everything the database's catalogue has of objects and settings, one a line; what vacuum and statistics move by themselves left out.
    private func catalogue(_ stage: Stage) async throws -> Set<String> {
        let rows = try await stage.agent.query(
            """
            SELECT 'class ' || concat_ws(' ', n.nspname, c.relname, c.relkind, c.relowner::regrole, c.relacl, c.reloptions, c.relrowsecurity) AS line
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname !~ '^pg_toast'
            UNION ALL SELECT 'schema ' || concat_ws(' ', nspname, nspowner::regrole, nspacl) FROM pg_namespace WHERE nspname !~ '^pg_t(oast_)?temp'
            UNION ALL SELECT 'trigger ' || concat_ws(' ', tgrelid::regclass, tgname, tgenabled, tgisinternal) FROM pg_trigger
            UNION ALL SELECT 'function ' || p.oid::regprocedure || coalesce(' ' || proacl::text, '') FROM pg_proc p
            UNION ALL SELECT 'type ' || t.oid::regtype FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname !~ '^pg_toast'
            UNION ALL SELECT 'constraint ' || concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
            UNION ALL SELECT 'column ' || concat_ws(' ', attrelid::regclass, attname, atttypid::regtype, attnotnull, attacl) FROM pg_attribute a
                WHERE attnum > 0 AND attrelid::regclass::text !~ 'pg_toast'
            UNION ALL SELECT 'default ' || concat_ws(' ', adrelid::regclass, adnum, pg_get_expr(adbin, adrelid)) FROM pg_attrdef
            UNION ALL SELECT 'event trigger ' || evtname FROM pg_event_trigger
            UNION ALL SELECT 'extension ' || extname FROM pg_extension
            UNION ALL SELECT 'setting ' || setconfig::text FROM pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
            UNION ALL SELECT 'publication ' || pubname FROM pg_publication
            UNION ALL SELECT 'default privilege ' || defaclacl::text FROM pg_default_acl
            """)
        return Set(try rows.map { try $0.string("line") })
    }
}
