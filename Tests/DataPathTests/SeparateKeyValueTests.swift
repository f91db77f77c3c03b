@testable import DataPath
import Foundation
import Postgres
import Testing

@Suite("keys and values, two databases", .serialized)
struct SeparateKeyValueTests {
    private static let records = "memory_plugin.memory_records"

    @Test("the copy places every key exactly, parity there is read from it, and taking it away leaves v1 and every memory as they were")
    func copyAndBack() async throws {
        let stage = try await SeparateKeyValueStage.make(mode: .idle)
        try await stage.stores.add1("a memory")
        try await stage.door.putEveryKind()
        try await stage.settle()
        let before = try await stage.v1()
        try await Control.restartCopy(fence: 0, chunkRows: 3, stage.stores.ours, SeparateKeyValueStage.settings)
        try await stage.settle()
        let parity = try await stage.parity()
        #expect(parity.clean && parity.equal == 10 && parity.rowsV2 == 10)
        #expect(parity.digestV1 == parity.digestV2)
        #expect(try await stage.count(2, Self.records) == 11)
        #expect(try await stage.count(2, "cutover_kv.change_log") == 0, "our own writes are not captured")
        let facts = try await stage.plugin.query("SELECT content, propagation->'cutover'->>'version' AS version FROM \(Self.records) WHERE propagation->'cutover'->>'key' = 'counted'")
        #expect(try facts[0].string("content") == #"{"counted": 1}"# && facts[0].string("version") == "5")
        let session = try await stage.session()
        let taken = try await TakeAway(SeparateKeyValueStage.settings).run(session)
        await session.close()
        #expect(taken.removed == 10 && taken.kept == 0 && taken.left == 0)
        #expect(try await stage.v1() == before)
        #expect(try await stage.count(2, Self.records) == 1)
    }

    @Test("the door's writes, deletes and cascades reach the other database")
    func forward() async throws {
        let stage = try await SeparateKeyValueStage.make()
        try await stage.door.putEveryKind()
        try await stage.settle()
        let lease = try #require(try await stage.door.put("lease", "43", expires: "2099-01-01T00:00:00Z", ifMatch: 1))
        #expect(lease.version == 2)
        try await stage.door.execute("DELETE FROM workspace_memory WHERE key = 'mood'")
        try await stage.door.put("mood", "\"new life\"")
        try await stage.settle()
        let parity = try await stage.parity()
        #expect(parity.clean && parity.equal == 10)
        #expect(try await stage.count(2, "\(Self.records) WHERE content = '{\"lease\": 43}' AND expires_at > now()") == 1)
        #expect(try await stage.count(2, "\(Self.records) WHERE content = '{\"mood\": \"calm\"}'") == 0)
        try await stage.door.execute("DELETE FROM workspaces WHERE id = '\(Stage.child)'")
        try await stage.settle()
        #expect(try await stage.parity().equal == 1)
        #expect(try await stage.count(2, Self.records) == 1)
    }

    @Test("forgetting, moving and expiring a record there reaches v1, with the version that guards its next write, and comes again with what only v2 has")
    func back() async throws {
        let stage = try await SeparateKeyValueStage.make()
        let gone = try #require(try await stage.door.put("gone", "1"))
        let kept = try #require(try await stage.door.put("kept", "{\"n\": 1}"))
        try await stage.door.put("moved", "2")
        let moved = try #require(try await stage.door.put("moved", "2"))
        try await stage.settle()
        try await stage.stores.forget(2, gone.id)
        try await stage.plugin.execute(
            """
            UPDATE \(Self.records) SET expires_at = '2031-01-01', pin = true WHERE id = '\(kept.id)';
            INSERT INTO memory_plugin.memory_namespaces (name, kind) VALUES ('workspace:\(Stage.root.lowercased)', 'workspace') ON CONFLICT DO NOTHING;
            UPDATE \(Self.records) SET namespace = 'workspace:\(Stage.root.lowercased)' WHERE id = '\(moved.id)'
            """)
        try await stage.settle()
        #expect(try await stage.parity().clean)
        #expect(try await stage.value(gone.id) == nil)
        #expect(try await stage.count(1, "workspace_memory WHERE id = '\(kept.id)' AND expires_at = '2031-01-01' AND version = 1") == 1)
        #expect(try await stage.door.put("moved", "3", workspace: Stage.root, ifMatch: 1) == nil)
        #expect(try await stage.door.put("moved", "3", workspace: Stage.root, ifMatch: 2)?.version == 3)
        let session = try await stage.session()
        #expect(try await TakeAway(SeparateKeyValueStage.settings).run(session).kept == 1)
        await session.close()
        try await Control.restartCopy(fence: 0, stage.stores.ours, SeparateKeyValueStage.settings)
        try await stage.settle()
        #expect(try await stage.count(2, "\(Self.records) WHERE id = '\(kept.id)' AND pin") == 1)
        #expect(try await stage.value(moved.id) == "3")
    }

    /// The mark is gone from the record, so it is known there by its id alone.
    @Test("a record that an agent made a memory of is listed, and its key goes when that is forgotten", arguments: [false, true])
    func rewritten(captureAnew: Bool) async throws {
        let stage = try await SeparateKeyValueStage.make()
        let key = try #require(try await stage.door.put("rewritten", "1"))
        try await stage.settle()
        await stage.writer.stop()
        if captureAnew {
            let session = try await stage.session()
            try await Capture(SeparateKeyValueStage.settings).remove(session, keepRecords: true)
            try await SeparateKeyValueStage.install(session)
            await session.close()
        }
        let (writer, _) = try await SeparateKeyValueStage.another(stage.stores)
        try await stage.plugin.execute("UPDATE \(Self.records) SET content = 'a memory now', propagation = 'null' WHERE id = '\(key.id)'")
        try await stage.settle(writer)
        #expect(try await stage.reasons() == ["not-key-value": 1])
        #expect(try await stage.value(key.id) == "1")
        #expect(try await stage.stores.text(1, key.id) == "a memory now")
        try await stage.stores.forget(2, key.id)
        try await stage.settle(writer)
        #expect(try await stage.value(key.id) == nil)
        #expect(try await stage.stores.text(1, key.id) == nil)
        #expect(try await stage.reasons() == [:])
        await writer.stop()
    }

    @Test("without the ids that were told there the same forget goes unnoticed: the test can tell")
    func untold() async throws {
        let stage = try await SeparateKeyValueStage.make()
        let key = try #require(try await stage.door.put("rewritten", "1"))
        try await stage.settle()
        try await stage.plugin.execute("UPDATE \(Self.records) SET content = 'a memory now', propagation = 'null' WHERE id = '\(key.id)'")
        try await stage.settle()
        try await stage.plugin.execute("DELETE FROM cutover_kv.placed")
        try await stage.stores.forget(2, key.id)
        try await stage.settle()
        #expect(try await stage.value(key.id) == "1")
        #expect(try await stage.reasons() == ["not-key-value": 1])
    }

    @Test("a key whose landing was not heard of is neither lost nor doubled, and its next version crosses", arguments: [true, false])
    func crash(landed: Bool) async throws {
        struct Crash: Error {}
        let stage = try await SeparateKeyValueStage.make()
        let key = try #require(try await stage.door.put("mood", "1"))
        let die: @Sendable () async throws -> Void = { throw Crash() }
        if landed { await stage.pair.interrupt(after: die) } else { await stage.pair.interrupt(before: die) }
        await #expect(throws: Crash.self) { for _ in 0..<20 { _ = try await stage.writer.step() } }
        await stage.writer.stop()
        #expect(try await stage.count(2, Self.records) == (landed ? 1 : 0))
        try await stage.door.put("mood", "2", ifMatch: 1)
        let (writer, _) = try await SeparateKeyValueStage.another(stage.stores)
        try await stage.settle(writer)
        #expect(try await stage.value(key.id) == "2")
        #expect(try await stage.count(2, "\(Self.records) WHERE content = '{\"mood\": 2}' AND propagation->'cutover'->>'version' = '2'") == 1)
        #expect(try await stage.count(1, "cutover_kv.conflicts") == 0)
        await writer.stop()
    }

    @Test("frozen, compared and opened again, and taken away without a trace, the memories beside them untouched")
    func frozen() async throws {
        let stage = try await SeparateKeyValueStage.make()
        try await stage.stores.add1("a memory")
        try await stage.door.putEveryKind()
        try await stage.settle()
        let session = try await stage.session()
        let frozen = try await Freeze(SeparateKeyValueStage.settings).freeze(session)
        #expect(frozen.rows == 10 && frozen.parity?.clean == true)
        await #expect(throws: PostgresError.self) { try await stage.door.put("mood", "1") }
        try await stage.plugin.execute("DELETE FROM \(Self.records) WHERE propagation->'cutover'->>'key' = 'mood'")
        let parity = try await stage.parity(.frozen)
        #expect(parity.clean && parity.equal == 9 && parity.forgottenSince == 1)
        _ = try await Freeze(SeparateKeyValueStage.settings).unfreeze(session)
        try await Control.set(.sync, fence: 0, stage.stores.ours, SeparateKeyValueStage.settings)
        try await stage.settle()
        #expect(try await stage.count(1, "workspace_memory") == 9)
        try await Capture(SeparateKeyValueStage.settings).remove(session)
        await session.close()
        for side in [1, 2] {
            #expect(try await stage.count(side, "pg_namespace WHERE nspname = 'cutover_kv'") == 0)
            #expect(try await stage.count(side, "pg_trigger WHERE tgname LIKE 'cutover_kv%'") == 0)
        }
        let memories = try await stage.stores.session(readOnly: true)
        #expect(try await Capture().status(memories).inPlace)
        #expect(try await Parity().compareUntilSettled(memories, against: .v1).equal == 1)
        await memories.close()
    }
}
