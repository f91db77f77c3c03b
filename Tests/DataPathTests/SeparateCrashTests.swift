@testable import DataPath
import Foundation
import Postgres
import Testing

/// What a crash between the two commits leaves, and what is made of it.
@Suite("two databases, and a crash between their commits", .serialized)
struct SeparateCrashTests {
    private struct Crash: Error {}

    /// Lets the writer die at its next shipment, before the plugin's commit or after it: neither session comes back.
    private func crash(_ stage: SeparateStage, afterFarCommit: Bool) async throws {
        let near = stage.near
        let die: @Sendable () async throws -> Void = {
            _ = near
            throw Crash()
        }
        if afterFarCommit { await stage.pair.interrupt(after: die) } else { await stage.pair.interrupt(before: die) }
        do {
            for _ in 0..<20 { _ = try await stage.writer.step() }
            Issue.record("the writer lived on")
        } catch is Crash {}
        await stage.writer.stop()
    }

    @Test("a row that landed while our own commit was lost is neither lost nor doubled, and an edit since then crosses", arguments: [true, false])
    func insertThenEdit(landed: Bool) async throws {
        let stage = try await SeparateStage.make()
        let id = try await stage.add1("one")
        try await crash(stage, afterFarCommit: landed)
        #expect(try await stage.text(2, id) == (landed ? "one" : nil))
        // What would be a conflict of two strangers, had the receipt not told what was agreed on.
        try await stage.edit(1, id, "two")
        let (writer, _) = try await stage.another()
        try await stage.settle(writer)
        #expect(try await stage.text(1, id) == "two")
        #expect(try await stage.text(2, id) == "two")
        #expect(try await stage.conflicts(id).isEmpty)
        #expect(try await stage.count(2) == 1)
        await writer.stop()
    }

    @Test("a row that landed and was forgotten in v1 since does not come back", arguments: [true, false])
    func insertThenForget(landed: Bool) async throws {
        let stage = try await SeparateStage.make()
        let id = try await stage.add1("one")
        try await crash(stage, afterFarCommit: landed)
        try await stage.forget(1, id)
        let (writer, _) = try await stage.another()
        try await stage.settle(writer)
        #expect(try await stage.text(1, id) == nil)
        #expect(try await stage.text(2, id) == nil)
        await writer.stop()
    }

    @Test("a row that landed and was forgotten in v2 since is forgotten in v1")
    func insertThenForgetThere() async throws {
        let stage = try await SeparateStage.make()
        let id = try await stage.add1("one")
        try await crash(stage, afterFarCommit: true)
        try await stage.forget(2, id)
        let (writer, _) = try await stage.another()
        try await stage.settle(writer)
        #expect(try await stage.text(1, id) == nil)
        #expect(try await stage.text(2, id) == nil)
        await writer.stop()
    }

    @Test("an update that landed is agreed on: an edit in v2 since comes back, and is no conflict", arguments: [true, false])
    func updateThenEditThere(landed: Bool) async throws {
        let stage = try await SeparateStage.make()
        let id = try await stage.add1("one")
        try await stage.settle()
        try await stage.edit(1, id, "two")
        try await crash(stage, afterFarCommit: landed)
        #expect(try await stage.text(2, id) == (landed ? "two" : "one"))
        if landed { try await stage.edit(2, id, "three") }
        let (writer, _) = try await stage.another()
        try await stage.settle(writer)
        #expect(try await stage.text(1, id) == (landed ? "three" : "two"))
        #expect(try await stage.text(2, id) == (landed ? "three" : "two"))
        #expect(try await stage.conflicts(id).isEmpty)
        await writer.stop()
    }

    @Test("what a forget overran is kept though the transaction that kept it was lost")
    func keptTexts() async throws {
        let stage = try await SeparateStage.make()
        let id = try await stage.add1("one")
        try await stage.settle()
        try await stage.edit(2, id, "edited meanwhile")
        try await stage.forget(1, id)
        try await crash(stage, afterFarCommit: true)
        #expect(try await stage.text(2, id) == nil)
        let (writer, _) = try await stage.another()
        try await stage.settle(writer)
        #expect(try await stage.conflicts(id) == ["forget - edited meanwhile"])
        #expect(try await stage.text(1, id) == nil)
        await writer.stop()
    }

    @Test("without the receipt the same crash makes a false conflict: the test can tell")
    func withoutReceipt() async throws {
        let stage = try await SeparateStage.make()
        let id = try await stage.add1("one")
        try await crash(stage, afterFarCommit: true)
        try await stage.agent2.execute("UPDATE cutover.pair SET shipments = shipments - 1; DELETE FROM cutover.landed")
        try await stage.edit(1, id, "two")
        let (writer, _) = try await stage.another()
        try await stage.settle(writer)
        #expect(try await stage.conflicts(id) == ["conflict two one"])
        await writer.stop()
    }

    @Test("a plugin's database that lost our shipments stops everything")
    func putBack() async throws {
        let stage = try await SeparateStage.make()
        for n in 0..<3 {
            try await stage.add1("row \(n)")
            try await stage.settle()
        }
        try await stage.agent2.execute("UPDATE cutover.pair SET shipments = shipments - 2")
        try await stage.add1("one more")
        await #expect(throws: DataPathError.self) { for _ in 0..<5 { _ = try await stage.writer.step() } }
        await stage.writer.stop()
        let session = try await stage.session()
        #expect(try await SecondDatabase.brokenCapture(session).first?.contains("put back") == true)
        // As a restore would: one of the rows we had shipped is not there any more. It must not count as forgotten unless somebody says so.
        try await stage.agent2.execute(
            "BEGIN; SELECT set_config('cutover.own', pg_current_xact_id()::text, true); DELETE FROM memory_plugin.memory_records WHERE content = 'row 2'; COMMIT")
        await #expect(throws: DataPathError.self) { try await Capture().install(session) }
        #expect(try await stage.count(1) == 4)
        try await Capture().install(session, acceptingAbsent: true)
        await session.close()
        let (writer, _) = try await stage.another()
        try await stage.settle(writer)
        #expect(try await stage.count(1) == 3)
        #expect(try await stage.count(2) == 3)
        await writer.stop()
    }
}
