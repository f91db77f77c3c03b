@testable import DataPath
import Foundation
import Postgres
import Testing

@Suite("a comparison over HTTP that is stopped", .serialized, .timeLimit(.minutes(10))) struct RemoteResumeTests {
    /// What a host notes, kept here; stops the comparison after so many slices.
    private actor Notes: RemoteNotes {
        struct Stopped: Error {}
        var print: String?
        var slices: [RemoteSlice] = []
        var left: Int

        init(stopAfter slices: Int) { left = slices }
        func allow(_ slices: Int) { left = slices }
        func readRemote(print: String) -> [RemoteSlice]? { self.print == print ? slices : nil }
        func beginRemote(print: String) { (self.print, slices) = (print, []) }
        func addRemote(_ slice: RemoteSlice) throws {
            // As it is written to a file and read again.
            slices.append(try JSONDecoder().decode(RemoteSlice.self, from: JSONEncoder().encode(slice)))
            left -= 1
            if left == 0 { throw Stopped() }
        }
    }

    @Test("goes on where it was, finds again what it had found, and compares again what was touched since")
    func resumed() async throws {
        let remote = try await RemoteStage.make(mode: .copy)
        try await remote.stage.agent.query(
            """
            INSERT INTO agent_memories (workspace_id, content, scope, created_at)
            SELECT $1, 'memory ' || translate(lpad(n::text, 3, '0'), '0123456789', 'abcdefghij'), CASE WHEN n % 2 = 0 THEN 'TEAM' ELSE 'LOCAL' END, now() - n * interval '1 minute'
            FROM generate_series(1, 700) n
            """, [.uuid(Stage.child)])
        try await remote.settle()
        let keys = try await remote.stage.ours.query("SELECT id, namespace FROM cutover.placed ORDER BY namespace COLLATE \"C\", id").map { (try $0.uuid("id"), try $0.string("namespace")) }
        let (first, last) = (keys[0], keys[699])
        try await remote.plugin.ask("DELETE", "/v1/memories/\(first.0.lowercased)", #"{"requested_by_namespace":"\#(first.1)"}"#)
        let notes = Notes(stopAfter: 2)
        let parity = RemoteParity(records: RemoteStage.records(remote.plugin))
        await #expect(throws: Notes.Stopped.self) { _ = try await parity.run(remote.stage.ours, against: .v1, notes: notes) }
        await notes.allow(.max)
        // One that was compared already, and one that was not, move on meanwhile.
        try await remote.stage.edit(1, keys[5].0, "something entirely new")
        try await remote.stage.forget(1, last.0)
        try await remote.settle()
        let report = try await parity.run(remote.stage.ours, against: .v1, notes: notes)
        #expect(report.parity.resumedRows == 400)
        // A large namespace shows what a search finds; the one that is gone can't be told from one that is not found.
        #expect(report.parity.rowsV1 == 699 && report.parity.equal == 698 && report.unprovenIDs == [first.0])
        #expect(report.parity.rechecked >= 2)
        #expect(report.parity.complete && report.namespaces >= 2)
    }

    @Test("time that is up leaves it unknown, and nothing is called clean")
    func late() async throws {
        let remote = try await RemoteStage.make()
        try await remote.stage.add1("a memory")
        try await remote.settle()
        let report = try await RemoteParity(records: RemoteStage.records(remote.plugin)).compare(remote.stage.ours, against: .v1, withinSeconds: 0)
        #expect(!report.parity.complete && !report.clean)
        #expect(report.parity.estimatedRows == 1 && report.parity.provenRows == 0)
    }

    @Test("the digests are those of a comparison inside the database, and the same on both sides when every row is proven")
    func digests() async throws {
        let remote = try await RemoteStage.make()
        for number in 0..<10 { try await remote.stage.add1("memory \(number)", scope: number % 2 == 0 ? "TEAM" : "LOCAL") }
        try await remote.settle()
        let report = try await RemoteParity(records: RemoteStage.records(remote.plugin)).compare(remote.stage.ours, against: .v1)
        #expect(report.parity.digestV1 == report.parity.digestV2)
        let expected = try await remote.stage.ours.query(
            "SELECT sum(\(CanonicalSQL.fingerprint(CanonicalSQL(layout: try await Layout.complete(remote.stage.ours, RemoteStage.settings)).v1("m", "w")))) AS sum FROM agent_memories m JOIN workspaces w ON w.id = m.workspace_id")[0].string("sum")
        #expect(Int128(truncatingIfNeeded: UInt128(report.parity.digestV1, radix: 16) ?? 0) == Int128(expected))
        try await remote.rewrite(try await remote.stage.ours.query("SELECT id FROM agent_memories WHERE scope = 'LOCAL' LIMIT 1")[0].uuid("id"), "another")
        let after = try await RemoteParity(records: RemoteStage.records(remote.plugin)).compare(remote.stage.ours, against: .v1)
        #expect(after.parity.digestV1 == report.parity.digestV1 && after.parity.digestV2 != report.parity.digestV1)
    }
}
