import DataPath
import Foundation
import Postgres
import Testing

@Suite("Lag, quiesce and parity", .serialized)
struct BarrierTests {
    @Test("lag is not zero while a transaction that may hold entries is open")
    func lag() async throws {
        let stage = try await Stage.make()
        try await stage.add1("x")
        let before = try await Lag.read(stage.ours)
        #expect(before.entries == 1)
        #expect(!before.zero)
        try await stage.settle()
        let open = try await PostgresConnection.connect(stage.url)
        try await open.execute("BEGIN; INSERT INTO agent_memories (workspace_id, content, scope) VALUES ('\(Stage.child)', 'y', 'LOCAL')")
        let during = try await Lag.read(stage.ours)
        #expect(during.entries == 0)
        #expect(!during.zero)
        try await open.execute("COMMIT")
        try await stage.settle()
        // Other tests' databases on the same server hold xmin back now and then.
        var zero = false
        for _ in 0..<200 where !zero {
            zero = try await Lag.read(stage.ours, marker: during.marker).zero
            if !zero { try await Task.sleep(for: .milliseconds(50)) }
        }
        #expect(zero)
    }

    @Test("quiesce looks at everything left, and at its commit both stores are equal")
    func quiesce() async throws {
        let stage = try await Stage.make()
        for number in 0..<20 { try await stage.add1("x\(number)") }
        for number in 0..<20 { try await stage.add2("y\(number)") }
        try await stage.agent.execute("UPDATE workspaces SET parent_id = NULL WHERE id = '\(Stage.child)'")
        let report = try await Quiesce().run(stage.ours)
        #expect(report.rows == 40)
        #expect(report.looked >= 40)
        let parity = try await Parity().compare(stage.ours, against: .v1)
        #expect(parity.clean)
        #expect(parity.equal == 40)
        #expect(parity.digestV1 == parity.digestV2)
    }

    @Test("quiesce waits for an agent's open transaction, sees what it committed, and gives up unchanged when it stays open")
    func quiesceWaits() async throws {
        let stage = try await Stage.make()
        let id = try await stage.add1("old")
        try await stage.settle()
        let open = try await PostgresConnection.connect(stage.url)
        try await open.execute("BEGIN; UPDATE agent_memories SET content = 'new'")
        await #expect(throws: DataPathError.tablesBusy("quiesce")) {
            try await Quiesce().run(stage.ours, lockTimeoutSeconds: 0.2)
        }
        async let report = Quiesce().run(stage.ours, lockTimeoutSeconds: 5)
        try await until("EXISTS (SELECT FROM pg_locks WHERE NOT granted AND mode = 'ExclusiveLock' AND relation = 'agent_memories'::regclass)", stage.agent)
        try await open.execute("COMMIT")
        #expect(try await report.looked == 1)
        #expect(try await stage.text(2, id) == "new")
    }

    @Test("what the body throws rolls the quiesce back")
    func quiesceBody() async throws {
        let stage = try await Stage.make()
        try await stage.add1("x")
        await #expect(throws: DataPathError.refused("no")) {
            try await Quiesce().run(stage.ours) { _ in throw DataPathError.refused("no") }
        }
        #expect(try await Capture().growth(stage.ours).entries == 1)
        #expect(try await stage.count("memory_plugin.memory_records") == 0)
    }

    @Test("a difference nobody logged makes quiesce throw")
    func quiesceUnequal() async throws {
        let stage = try await Stage.make()
        let id = try await stage.add1("x")
        try await stage.settle()
        try await stage.plant("UPDATE memory_plugin.memory_records SET content = 'planted' WHERE id = '\(id)'")
        await #expect(throws: DataPathError.notEqual(differing: 1)) { try await Quiesce().run(stage.ours) }
    }

    @Test("parked conflicts and listed exceptions do not stop a quiesce")
    func quiesceAside() async throws {
        let stage = try await Stage.make()
        let id = try await stage.add1("x")
        try await stage.settle()
        try await stage.edit(1, id, "one")
        try await stage.edit(2, id, "two")
        try await stage.add1("g", scope: "GLOBAL")
        let report = try await Quiesce().run(stage.ours)
        #expect(report.setAside == 2)
        let parity = try await Parity().compare(stage.ours, against: .v1)
        #expect(parity.conflicts == 1)
        #expect(parity.exceptedIDs == 1)
        #expect(parity.clean)
    }

    @Test("parity names each kind of planted difference, and leaves probes out")
    func parity() async throws {
        let stage = try await Stage.make()
        var ids: [UUID] = []
        for number in 0..<8 { ids.append(try await stage.add1("x\(number)")) }
        try await stage.settle()
        let v2 = "memory_plugin.memory_records"
        try await stage.plant("DELETE FROM \(v2) WHERE id = '\(ids[0])'")
        try await stage.plant("DELETE FROM agent_memories WHERE id = '\(ids[1])'")
        try await stage.plant("UPDATE \(v2) SET content = 'x2 ' WHERE id = '\(ids[2])'")
        try await stage.plant("UPDATE \(v2) SET created_at = created_at + interval '1 microsecond' WHERE id = '\(ids[3])'")
        try await stage.plant("UPDATE \(v2) SET embedding = '[1,2,4]' WHERE id = '\(ids[4])'")
        try await stage.plant("UPDATE agent_memories SET scope = 'TEAM' WHERE id = '\(ids[5])'")
        try await stage.plant("UPDATE agent_memories SET content = 'cutover-probe 1', embedding = NULL WHERE id = '\(ids[6])'")
        try await stage.plant("DELETE FROM \(v2) WHERE id = '\(ids[6])'")
        let report = try await Parity().compare(stage.ours, against: .v1)
        #expect(report.missing == [ids[0]])
        #expect(report.extra == [ids[1]])
        #expect(Dictionary(uniqueKeysWithValues: report.different.map { ($0.id, $0.fields) }) == [
            ids[2]: ["content"], ids[3]: ["created_at"], ids[4]: ["embedding"], ids[5]: ["namespace"],
        ])
        #expect(report.equal == 1)
        #expect(!report.clean)
    }

    @Test("rows in flight are compared again until they settle, on a read-only session")
    func inFlight() async throws {
        let stage = try await Stage.make()
        let id = try await stage.add1("x")
        let reading = try await PostgresConnection.connect(stage.url, readOnly: true)
        #expect(try await Parity().compare(reading, against: .v1).inFlight == [id])
        var parity = Parity()
        let waited = Counted()
        parity.clock.pause = { _ in
            await waited.add()
            try await stage.settle()
        }
        let report = try await parity.compareUntilSettled(reading, against: .v1)
        #expect(await waited.count == 1)
        #expect(report.clean)
        #expect(report.equal == 1)
    }
}

extension Stage {
    /// A change no trigger sees.
    func plant(_ sql: String) async throws {
        try await ours.transaction { connection in
            try await connection.query("SELECT set_config('cutover.own', pg_current_xact_id()::text, true)")
            try await connection.execute(sql)
        }
    }
}
