@testable import DataPath
import Foundation
import Postgres
import ProgramsTestKit
import Testing

/// Barrier, freeze and way back over two databases, and what they cannot exclude.
@Suite("two databases, barrier and way back", .serialized)
struct SeparateBarrierTests {
    @Test("the barrier brings both to equality, and writers on either side wait for it")
    func quiesces() async throws {
        let stage = try await SeparateStage.make()
        let (a, b) = (try await stage.add1("from v1"), try await stage.add2("from v2"))
        let session = try await stage.session()
        let report = try await Quiesce().run(session) { near in
            // Neither store can be written now.
            try await stage.agent2.execute("SET lock_timeout = '50ms'")
            await #expect(throws: PostgresError.self) { try await stage.edit(2, b, "late") }
        }
        #expect(report.looked == 2 && report.rows == 2)
        #expect(try await stage.text(2, a) == "from v1")
        #expect(try await stage.text(1, b) == "from v2")
        await session.close()
    }

    @Test("the way back takes from the plugin's database what was placed there, and keeps what v1 cannot hold")
    func takesAway() async throws {
        let stage = try await SeparateStage.make(mode: .idle)
        for n in 0..<20 { try await stage.add1("row \(n)") }
        try await Control.restartCopy(fence: 0, stage.ours)
        try await stage.settle()
        let mine = try await stage.add2("a summary", kind: "summary")
        try await stage.settle()
        #expect(try await stage.text(1, mine) == "a summary")
        let session = try await stage.session()
        let report = try await TakeAway().run(session)
        #expect(report.removed == 21 && report.kept == 1)
        #expect(try await stage.count(2) == 0)
        #expect(try await stage.count(1) == 21)
        // And there again: what only v2 has comes back with its row.
        try await Control.restartCopy(fence: 0, stage.ours)
        await stage.writer.stop()
        let (writer, _) = try await stage.another()
        try await stage.settle(writer)
        #expect(try await stage.agent2.query("SELECT kind FROM memory_plugin.memory_records WHERE id = $1", [.uuid(mine)])[0].string("kind") == "summary")
        let parity = try await Parity().compareUntilSettled(session, against: .v1)
        #expect(parity.clean && parity.equal == 21)
        await writer.stop()
        await session.close()
    }

    @Test("a way back whose own commit was lost after the plugin's keeps what it had set aside, and is completed")
    func takeAwayCrashes() async throws {
        let stage = try await SeparateStage.make()
        let mine = try await stage.add2("a summary", kind: "summary")
        try await stage.add1("a fact")
        try await stage.settle()
        struct Crash: Error {}
        let (session, pair) = try await SeparateStage.joinedPair(stage.near, stage.far)
        await pair.interrupt(after: { throw Crash() })
        await #expect(throws: Crash.self) { _ = try await TakeAway().run(session) }
        await session.close()
        #expect(try await stage.count(2) == 0)
        let again = try await stage.session()
        _ = try await TakeAway().run(again)
        #expect(try await stage.count(1) == 2)
        #expect(try await stage.ours.query("SELECT row->>'kind' AS kind FROM cutover.v2_archive WHERE id = $1", [.uuid(mine)])[0].string("kind") == "summary")
        await again.close()
    }

    @Test("the freeze proves equality across both, and what agents do to v2 afterwards is told apart")
    func freezes() async throws {
        let stage = try await SeparateStage.make()
        let ids = [try await stage.add1("one"), try await stage.add1("two"), try await stage.add1("three")]
        try await stage.settle()
        let session = try await stage.session()
        let frozen = try await Freeze().freeze(session)
        #expect(frozen.rows == 3 && frozen.parity?.clean == true)
        await #expect(throws: PostgresError.self) { try await stage.edit(1, ids[0], "no more") }
        try await stage.edit(2, ids[0], "edited since")
        try await stage.forget(2, ids[1])
        let reader = try await stage.session(readOnly: true)
        let parity = try await Parity().compareUntilSettled(reader, against: .frozen)
        #expect(parity.clean && parity.equal == 1 && parity.editedSince == 1 && parity.forgottenSince == 1)
        #expect(parity.changes?.roles.map(\.writes) == [2])
        await session.close()
        await reader.close()
    }

    @Test("parity finds a row that vanished from the plugin's database behind everyone's back, and repair brings it again")
    func findsAndRepairs() async throws {
        let stage = try await SeparateStage.make()
        let ids = [try await stage.add1("one"), try await stage.add1("two")]
        try await stage.settle()
        try await stage.agent2.execute("ALTER TABLE memory_plugin.memory_records DISABLE TRIGGER USER")
        try await stage.forget(2, ids[0])
        try await stage.edit(2, ids[1], "another text")
        let reader = try await stage.session(readOnly: true)
        var lines: [ParityLine] = []
        let report = try await Parity(listLimit: 0).run(reader, against: .v1) { lines.append($0) }
        #expect(report.missingCount == 1 && report.differentCount == 1 && lines.count == 2)
        #expect(try await SecondDatabase.brokenCapture(reader).isEmpty == false)
        await reader.close()
        let mending = try await stage.session()
        try await Capture().install(mending, acceptingAbsent: true)
        try await stage.ours.execute("DELETE FROM cutover.change_log")
        let done = try await Repair(fence: 0).carryOut(lines, against: .v1, mending)
        #expect(done.written == 2)
        #expect(try await stage.text(2, ids[0]) == "one")
        #expect(try await stage.text(2, ids[1]) == "two")
        await mending.close()
    }

    @Test("taken away, the capture leaves no trace in either database")
    func leavesNothing() async throws {
        let stage = try await SeparateStage.make()
        let session = try await stage.session()
        #expect(try await Capture().status(session).inPlace)
        try await Capture().remove(session)
        for side in [1, 2] {
            let left = try await stage.agent(side).query(
                "SELECT (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'cutover%') + (SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'cutover%') AS n")[0].int("n")
            #expect(left == 0)
        }
        await session.close()
    }

    @Test("what two databases cannot exclude: agents' writes that the plugin's database forgets again go unnoticed until they are compared")
    func putBackInTime() async throws {
        let plugins = try Cluster.start()
        defer { plugins.end() }
        var stage = try await SeparateStage.make(plugins: plugins)
        let id = try await stage.add1("one")
        try await stage.settle()
        await stage.writer.stop()
        try plugins.keepCopy()
        stage = try await stage.reconnected()
        try await stage.edit(2, id, "said at the plugin's door")
        try await stage.settle()
        #expect(try await stage.text(1, id) == "said at the plugin's door")
        await stage.writer.stop()
        // A restore from the backup, in which that edit never was; none of our own shipments is missing in it.
        try plugins.putCopyBack()
        stage = try await stage.reconnected()
        try await stage.settle()
        // In step, says every log; and the texts differ.
        let session = try await stage.session()
        #expect(try await Lag.read(session).entries == 0)
        #expect(try await stage.text(1, id) == "said at the plugin's door")
        #expect(try await stage.text(2, id) == "one")
        #expect(try await Parity().compareUntilSettled(session, against: .v1).differentCount == 1)
        await session.close()
    }
}
