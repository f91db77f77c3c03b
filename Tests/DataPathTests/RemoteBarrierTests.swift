@testable import DataPath
import Foundation
import Postgres
import Testing

@Suite("barrier, parity and way back over HTTP", .serialized, .timeLimit(.minutes(10))) struct RemoteBarrierTests {
    @Test("the barrier carries over everything v1 has, while the resident writer gives up its turn and gets it back")
    func barrier() async throws {
        let remote = try await RemoteStage.make()
        for number in 0..<20 { try await remote.stage.add1("before \(number)") }
        let resident = Task {
            while !Task.isCancelled { if try await remote.writer.step().idle { try await Task.sleep(for: .milliseconds(5)) } }
        }
        let report = try await RemoteQuiesce(store: RemoteStage.records(remote.plugin)).run(
            remote.stage.ours, looking: try await second(remote), budgetSeconds: 20
        ) { connection in
            let differing = try await connection.query(
                "SELECT count(*) AS n FROM agent_memories m WHERE NOT EXISTS (SELECT FROM cutover.placed p WHERE p.id = m.id AND p.state = 'live')")[0].int("n")
            #expect(differing == 0)
        }
        #expect(report.rows == 20)
        let late = try await remote.stage.add1("after the barrier")
        try await until("EXISTS (SELECT FROM cutover.placed WHERE id = '\(late.lowercased)' AND state = 'live')", remote.stage.ours)
        resident.cancel()
        _ = await resident.result
        #expect(try await remote.falselyPlaced().isEmpty)
    }

    @Test("a plugin that does not take what v1 has keeps the barrier from being reached, and v1 goes on as before")
    func unreached() async throws {
        let remote = try await RemoteStage.make()
        try await remote.stage.add1("nobody takes me")
        await remote.writer.stop()
        try remote.plugin.misbehave(#"{"mode": "broken"}"#)
        await #expect(throws: DataPathError.budgetSpent(seconds: 1)) {
            _ = try await RemoteQuiesce(store: RemoteStage.records(remote.plugin)).run(remote.stage.ours, looking: try await second(remote), budgetSeconds: 1)
        }
        try await remote.stage.add1("v1 is not locked")
        #expect(try await remote.count("cutover.placed WHERE state = 'live'") == 0)
    }

    @Test("parity tells what was proven row by row, what differs, and what cannot be shown")
    func parity() async throws {
        let remote = try await RemoteStage.make(mode: .copy)
        // Stop words alone: no search finds them once a hundred newer ones stand before them.
        try await fill(remote, "'so as to be or not to be of it'", 30, "2024-01-01")
        try await fill(remote, "'memory called ' || translate(lpad(n::text, 3, '0'), '0123456789', 'abcdefghij')", 120, "2024-02-01")
        let small = try await remote.stage.add1("in a small namespace", scope: "TEAM")
        try await remote.settle()
        #expect(try await remote.count("cutover.placed WHERE state = 'live'") == 151)
        let parity = RemoteParity(records: RemoteStage.records(remote.plugin))
        let clean = try await parity.compare(remote.stage.ours, against: .v1)
        #expect(clean.clean)
        #expect(clean.parity.equal == 121)
        #expect(clean.parity.unproven == 30)
        #expect(clean.shownWhole == 1)

        let team = "team:\(Stage.root.lowercased)"
        let ids = try await remote.stage.agent.query("SELECT id FROM agent_memories WHERE content LIKE 'memory called a%' ORDER BY id").map { try $0.uuid("id") }
        try await remote.plugin.ask("DELETE", "/v1/memories/\(small.lowercased)", #"{"requested_by_namespace":"\#(team)"}"#)
        try await remote.plugin.ask("POST", "/v1/namespaces/\(team)/memories", #"{"content":"their own","kind":"fact","source":"user"}"#)
        if let id = ids.first {
            let text = try await remote.stage.text(1, id) ?? ""
            try await remote.plugin.ask(
                "POST", "/v1/namespaces/\(RemoteStage.child)/memories", #"{"id":"\#(id.lowercased)","content":"\#(text) tampered","kind":"fact","source":"agent"}"#)
        }
        let found = try await parity.compare(remote.stage.ours, against: .v1)
        #expect(Set(found.parity.changed) == Set([small] + ids.prefix(1)))
        #expect(found.parity.differences == 2)
        #expect(found.theirs == 1)
        #expect(!found.clean)
    }

    @Test("a forgotten memory that comes back in the plugin is told")
    func resurrected() async throws {
        let remote = try await RemoteStage.make()
        let id = try await remote.stage.add1("to be forgotten")
        try await remote.settle()
        let record = try #require(try await remote.plugin.shown(RemoteStage.child).first?.propagation?.cutover?.digest)
        try await remote.stage.forget(1, id)
        try await remote.settle()
        try await remote.stage.add1("another")
        try await remote.settle()
        try await remote.plugin.ask(
            "POST", "/v1/namespaces/\(RemoteStage.child)/memories",
            #"{"id":"\#(id.lowercased)","content":"to be forgotten","kind":"fact","source":"agent","propagation":{"cutover":{"digest":"\#(record)"}}}"#)
        let found = try await RemoteParity(records: RemoteStage.records(remote.plugin)).compare(remote.stage.ours, against: .v1)
        #expect(found.parity.resurrected == [id])
    }

    @Test("the way back forgets exactly what was placed; what could not be forgotten is listed and taken away the next time")
    func wayBack() async throws {
        let remote = try await RemoteStage.make(mode: .copy)
        for number in 0..<10 { try await remote.stage.add1("ours \(number)") }
        try await remote.settle()
        await remote.writer.stop()
        try await remote.plugin.ask("POST", "/v1/namespaces/\(RemoteStage.child)/memories", #"{"content":"their own","kind":"fact","source":"user"}"#)
        try remote.plugin.misbehave(#"{"mode": "broken", "of": ["DELETE"]}"#)
        let away = RemoteTakeAway(store: RemoteStage.records(remote.plugin))
        let stuck = try await away.run(remote.stage.ours, looking: try await second(remote))
        #expect(stuck.removed == 0)
        #expect(stuck.left == 10)
        #expect(try await remote.stage.reasons() == ["not-taken-away": 10])
        try remote.plugin.misbehave(nil)
        let taken = try await away.run(remote.stage.ours, looking: try await second(remote))
        #expect(taken.removed == 10)
        #expect(try await remote.shown() == ["their own"])
        #expect(try await remote.count("cutover.placed") == 0)
        #expect(try await remote.count("agent_memories") == 10)
        #expect(try await away.run(remote.stage.ours, looking: try await second(remote)).removed == 0)
    }

    @Test("after the freeze v1 refuses writes, and what was frozen is found in the plugin without v1 being read")
    func freeze() async throws {
        let remote = try await RemoteStage.make(mode: .copy)
        try await fill(remote, "'memory called ' || translate(lpad(n::text, 3, '0'), '0123456789', 'abcdefghij')", 130, "2024-02-01")
        try await remote.settle()
        await remote.writer.stop()
        let records = RemoteStage.records(remote.plugin)
        let (report, found) = try await Freeze(RemoteStage.settings).freeze(
            remote.stage.ours, looking: try await second(remote), records: records, mayBeUnproven: false, budgetSeconds: 30)
        #expect(report.rows == 130)
        #expect(found?.parity.equal == 130)
        await #expect(throws: PostgresError.self) { try await remote.stage.agent.execute("DELETE FROM agent_memories") }
        try await remote.stage.ours.execute("ALTER TABLE agent_memories RENAME TO out_of_sight")
        let after = try await RemoteParity(records: records).compare(remote.stage.ours, against: .frozen)
        #expect(after.clean)
        #expect(after.parity.equal == 130)
    }

    private func second(_ remote: RemoteStage) async throws -> PostgresConnection {
        try await PostgresConnection.connect(remote.stage.url, applicationName: "cutover-looking")
    }

    private func fill(_ remote: RemoteStage, _ content: String, _ rows: Int, _ from: String) async throws {
        try await remote.stage.agent.query(
            """
            INSERT INTO agent_memories (workspace_id, content, scope, created_at)
            SELECT $1, \(content), 'LOCAL', $2::timestamptz + n * interval '1 minute' FROM generate_series(1, \(rows)) n
            """, [.uuid(Stage.child), .text(from)])
    }
}
