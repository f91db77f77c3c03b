import DataPath
import Foundation
import Postgres
import Testing

@Suite("what the drop asks again under its lock", .serialized)
struct DropConditionTests {
    /// What goes wrong between the gates and the lock, in SQL, and words of the refusal.
    struct Turn: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let sql: String
        let told: String
        init(_ name: String, _ sql: String, _ told: String) { (testDescription, self.sql, self.told) = (name, sql, told) }
    }

    static let turns: [Turn] = [
        Turn("another table under its name", "ALTER TABLE {t} RENAME TO elsewhere; CREATE TABLE {t} (LIKE elsewhere)", "not the table that was frozen"),
        Turn("its freeze switched off", "ALTER TABLE {t} DISABLE TRIGGER cutover_frozen", "no longer frozen"),
        Turn(
            "its freeze hollowed out", "CREATE OR REPLACE FUNCTION cutover.refuse_write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
            "no longer frozen"),
        Turn(
            "a row changed behind the freeze",
            "ALTER TABLE {t} DISABLE TRIGGER cutover_frozen; UPDATE {t} SET namespace = 'x' WHERE content = 'memory 1'; ALTER TABLE {t} ENABLE ALWAYS TRIGGER cutover_frozen",
            "1 rows"),
        Turn(
            "a row added behind the freeze",
            "ALTER TABLE {t} DISABLE TRIGGER cutover_frozen; INSERT INTO {t} (content, scope) VALUES ('late', 'LOCAL'); ALTER TABLE {t} ENABLE ALWAYS TRIGGER cutover_frozen",
            "1 rows"),
        Turn("the frozen list changed", "DELETE FROM cutover.frozen WHERE id = (SELECT min(id::text)::uuid FROM cutover.frozen)", "1 rows"),
        Turn(
            "a memory lost in v2",
            "ALTER TABLE memory_plugin.memory_records DISABLE TRIGGER ALL; DELETE FROM memory_plugin.memory_records WHERE content = 'memory 2'; ALTER TABLE memory_plugin.memory_records ENABLE ALWAYS TRIGGER cutover_capture",
            "1 rows are missing from v2"),
        Turn(
            "a text replaced in v2",
            "ALTER TABLE memory_plugin.memory_records DISABLE TRIGGER ALL; UPDATE memory_plugin.memory_records SET content = 'other' WHERE content = 'memory 2'; ALTER TABLE memory_plugin.memory_records ENABLE ALWAYS TRIGGER cutover_capture",
            "1 differ"),
        Turn("a conflict opened", "INSERT INTO cutover.conflicts (id, kind) VALUES (gen_random_uuid(), 'conflict')", "1 conflicts are open"),
        Turn("an exception nobody signed", "INSERT INTO cutover.exceptions (id, side, reason) VALUES (gen_random_uuid(), 1, 'other')", "not those that were signed"),
        Turn("a reader", "SELECT count(*) FROM {t}; SELECT pg_stat_force_next_flush()", "was read or written"),
    ]

    private func frozen() async throws -> (Stage, Drop.Conditions) {
        let stage = try await Stage.make()
        for number in 0..<5 { try await stage.add1("memory \(number)") }
        try await stage.settle()
        _ = try await Freeze().freeze(stage.ours)
        return (stage, try await given(stage))
    }

    /// As the gates find it once the counters have come to rest.
    private func given(_ stage: Stage) async throws -> Drop.Conditions {
        try await stage.ours.query("SELECT pg_stat_force_next_flush()")
        try await stage.agent.query("SELECT pg_stat_force_next_flush()")
        var touches = try await Drop().touches(stage.ours)
        for _ in 0..<20 {
            try await Task.sleep(for: .milliseconds(100))
            let now = try await Drop().touches(stage.ours)
            if now == touches { break }
            touches = now
        }
        let digest = try await stage.ours.query(
            "SELECT encode(sha256(coalesce(string_agg(uuid_send(id) || whole, ''::bytea ORDER BY id), ''::bytea)), 'hex') AS d FROM cutover.frozen")[0].string("d")
        return Drop.Conditions(archivedDigest: digest, exceptionsDigest: try await Drop().exceptionsDigest(stage.ours), touches: touches)
    }

    @Test("turned false before the rename, the table keeps its name", arguments: turns)
    func beforeHold(turn: Turn) async throws {
        let (stage, given) = try await frozen()
        try await stage.agent.execute(turn.sql.replacing("{t}", with: "agent_memories"))
        let failure = await #expect(throws: DataPathError.self) { try await Drop().hold(stage.ours, date: .now, opID: "abcdef0123", given: given) }
        // The agent's session tells its counters when it likes; once they are told they are what stops it.
        let said = failure?.description ?? ""
        #expect(said.contains(turn.told) || said.contains("its counters went"), "\(said)")
        #expect(try await Drop().state(stage.ours) == .inPlace)
        #expect(try await stage.count("pg_class WHERE relname LIKE '_cutover_hold%'") == 0)
    }

    @Test("turned false during the grace, the table stays", arguments: turns)
    func beforeDrop(turn: Turn) async throws {
        let (stage, before) = try await frozen()
        let held = try #require(try await Drop().hold(stage.ours, date: .now, opID: "abcdef0123", given: before).heldAs)
        let given = try await given(stage)
        try await stage.agent.execute(turn.sql.replacing("{t}", with: "\(held.name)"))
        await #expect(throws: DataPathError.self) { try await Drop().drop(stage.ours, given: given) }
        #expect(try await stage.count("pg_class WHERE relname = '\(held.name)' OR relname = 'elsewhere'") >= 1)
        #expect(try await stage.count("cutover.dropped") == 0)
        #expect(try await Capture().status(stage.ours).tablesThere)
    }

    @Test("an archive of another list, somebody who holds the table and somebody who depends on it stop it; then nothing does")
    func others() async throws {
        let (stage, before) = try await frozen()
        let held = try #require(try await Drop().hold(stage.ours, date: .now, opID: "abcdef0123", given: before).heldAs)
        var given = try await given(stage)
        let right = given
        given.archivedDigest = String(repeating: "0", count: 64)
        await #expect(throws: DataPathError.self) { try await Drop().drop(stage.ours, given: given) }
        try await stage.agent.execute("BEGIN; LOCK TABLE \(held.name) IN ACCESS SHARE MODE")
        await #expect(throws: DataPathError.tablesBusy("\(held)")) { try await Drop().drop(stage.ours, given: right, lockTimeoutSeconds: 0.2) }
        try await stage.agent.execute("ROLLBACK; CREATE VIEW onlooker AS SELECT id FROM \(held.name)")
        #expect(try await !Archive(DataPathSettings(v1Memories: held)).obstacles(stage.ours).isEmpty)
        await #expect(throws: (any Error).self) { try await Drop().drop(stage.ours, given: try await self.given(stage)) }
        #expect(try await stage.count(held.name) == 5)
        try await stage.agent.execute("DROP VIEW onlooker")
        #expect(try await Drop().drop(stage.ours, given: try await self.given(stage)).rows == 5)
    }
}
