import DataPath
import Foundation
import Postgres
import Testing

@Suite("Keys and values", .serialized)
struct KeyValueTests {
    private static let local = "workspace:\(Stage.child.lowercased)"

    /// Values of every kind, beside a few memories.
    private func furnished(_ mode: Control.Mode = .sync) async throws -> KeyValueStage {
        let stage = try await KeyValueStage.make(mode: mode)
        try await stage.memories.add1("a memory")
        try await stage.agent.putEveryKind()
        return stage
    }

    @Test("key, value, version, expiry and time cross exactly, and read as JSON")
    func there() async throws {
        let stage = try await furnished()
        try await stage.settle()
        let parity = try await stage.parity()
        #expect(parity.clean)
        #expect(parity.equal == 10)
        #expect(parity.rowsV2 == 10)
        #expect(parity.digestV1 == parity.digestV2)
        #expect(try await stage.reasons() == [:])
        let calm = try await stage.put("mood", "\"calmer\"")
        try await stage.settle()
        #expect(try await stage.record(try #require(calm).id) == "\(Self.local) {\"mood\": \"calmer\"} fact runtime f")
        let facts = try await stage.ours.query(
            "SELECT propagation->'cutover' AS facts, expires_at::text AS expires FROM memory_plugin.memory_records WHERE content = '{\"nothing\": null}'")
        #expect(try #require(facts.first).string("facts").contains("\"value\": null"))
    }

    @Test("what the copy placed is equal to the byte, and taking it away leaves v1 and every memory as they were")
    func copyAndBack() async throws {
        let stage = try await furnished(.idle)
        try await stage.settle()
        let before = try await stage.v1()
        try await Control.restartCopy(fence: 0, chunkRows: 3, stage.ours, .keyValues)
        try await stage.settle()
        #expect(try await stage.parity().clean)
        #expect(try await stage.count("memory_plugin.memory_records") == 11)
        let taken = try await TakeAway(.keyValues).run(stage.ours)
        #expect(taken.removed == 10)
        #expect(taken.kept == 0)
        #expect(taken.left == 0)
        #expect(try await stage.v1() == before)
        #expect(try await Parity().compare(stage.ours, against: .v1).equal == 1)
    }

    @Test("the door's writes, deletes and cascades are carried over")
    func forward() async throws {
        let stage = try await furnished()
        try await stage.settle()
        let lease = try #require(try await stage.put("lease", "43", expires: "2099-01-01T00:00:00Z", ifMatch: 1))
        #expect(lease.version == 2)
        try await stage.plant("DELETE FROM workspace_memory WHERE key = 'mood'")
        try await stage.put("mood", "\"new life\"")
        try await stage.settle()
        #expect(try await stage.parity().clean)
        #expect(try await stage.count("memory_plugin.memory_records WHERE content = '{\"lease\": 43}' AND expires_at > now()") == 1)
        try await stage.plant("DELETE FROM agent_memories; DELETE FROM workspaces WHERE id IN ('\(Stage.grandchild)', '\(Stage.child)')")
        try await stage.settle()
        #expect(try await stage.count("memory_plugin.memory_records WHERE namespace = '\(Self.local)'") == 0)
        #expect(try await stage.parity().equal == 1)
    }

    @Test("a truncation and a replica's writes are carried over, and a second truncation of nothing is harmless")
    func truncate() async throws {
        let stage = try await furnished()
        try await stage.settle()
        try await stage.plant("SET session_replication_role = replica; INSERT INTO workspace_memory (workspace_id, key, value) VALUES ('\(Stage.root)', 'r', '1')")
        try await stage.settle()
        #expect(try await stage.parity().equal == 11)
        try await stage.plant("TRUNCATE workspace_memory")
        try await stage.put("after", "1")
        try await stage.settle()
        #expect(try await stage.parity().equal == 1)
        #expect(try await stage.count("memory_plugin.memory_records") == 2)
    }

    @Test("each projection records, counts and takes away its own records only")
    func apart() async throws {
        let stage = try await furnished()
        let added = try await stage.memories.add2("a memory of v2")
        try await stage.settle()
        #expect(try await stage.count("cutover.placed") == 2)
        #expect(try await stage.count("cutover_kv.placed") == 10)
        #expect(try await Parity().compare(stage.ours, against: .v1).equal == 2)
        #expect(try await ForeignRows.inV2(stage.ours).count == 0)
        #expect(try await ForeignRows.inV2(stage.ours, .keyValues).count == 0)
        try await stage.memories.edit(2, added, "edited")
        try await stage.put("mood", "1")
        #expect(try await stage.count("cutover.change_log") == 1)
        #expect(try await stage.count("cutover_kv.change_log") == 1)
        _ = try await stage.writer.step()
        #expect(try await stage.count("cutover_kv.change_log") == 0)
        #expect(try await stage.count("cutover.change_log") == 1)
        try await stage.settle()
        #expect(try await Freeze().freeze(stage.ours).rows == 2)
        #expect(try await Freeze(.keyValues).freeze(stage.ours).rows == 10)
        try await stage.plant("DELETE FROM memory_plugin.memory_records WHERE propagation->'cutover'->>'key' = 'mood'")
        #expect(try await Parity().compare(stage.ours, against: .frozen).clean)
        #expect(try await stage.parity(.frozen).forgottenSince == 1)
        _ = try await Freeze().unfreeze(stage.ours)
        #expect(try await Freeze(.keyValues).state(stage.ours).frozen)
        try await Control.set(.sync, fence: 0, stage.ours)
        #expect(try await TakeAway().run(stage.ours).removed == 2)
        #expect(try await stage.count("memory_plugin.memory_records") == 9)
        try await Capture().remove(stage.ours)
        #expect(try await Capture(.keyValues).status(stage.ours).inPlace)
    }

    @Test("forgetting, moving and expiring a record in v2 reaches v1, with the version that guards its next write")
    func back() async throws {
        let stage = try await furnished()
        let gone = try #require(try await stage.put("gone", "1"))
        let kept = try #require(try await stage.put("kept", "{\"n\": 1}"))
        let moved = try #require(try await stage.put("moved", "2"))
        try await stage.put("moved", "2")
        try await stage.settle()
        try await stage.memories.forget(2, gone.id)
        try await stage.plant(
            """
            UPDATE memory_plugin.memory_records SET expires_at = '2031-01-01', pin = true WHERE id = '\(kept.id)';
            INSERT INTO memory_plugin.memory_namespaces (name, kind) VALUES ('workspace:\(Stage.root.lowercased)', 'workspace') ON CONFLICT DO NOTHING;
            UPDATE memory_plugin.memory_records SET namespace = 'workspace:\(Stage.root.lowercased)' WHERE id = '\(moved.id)'
            """)
        try await stage.settle()
        #expect(try await stage.parity().clean)
        #expect(try await stage.value(gone.id) == nil)
        #expect(try await stage.count("workspace_memory WHERE id = '\(kept.id)' AND expires_at = '2031-01-01' AND version = 1") == 1)
        #expect(try await stage.count("workspace_memory WHERE id = '\(moved.id)' AND workspace_id = '\(Stage.root)' AND version = 2") == 1)
        #expect(try await stage.put("moved", "3", workspace: Stage.root, ifMatch: 1) == nil)
        #expect(try await stage.put("moved", "3", workspace: Stage.root, ifMatch: 2)?.version == 3)
        let taken = try await TakeAway(.keyValues).run(stage.ours)
        #expect(taken.kept == 1)
        try await Control.restartCopy(fence: 0, stage.ours, .keyValues)
        try await stage.settle()
        #expect(try await stage.count("memory_plugin.memory_records WHERE id = '\(kept.id)' AND pin") == 1)
    }

    @Test("what v2's agents make of a record that is no key with a value is listed, and neither side is touched")
    func exceptions() async throws {
        let stage = try await furnished()
        let edited = try #require(try await stage.put("edited", "1"))
        let rewritten = try #require(try await stage.put("rewritten", "1"))
        let silent = try #require(try await stage.put("silent", "1"))
        let lost = try #require(try await stage.put("lost", "1"))
        let twin = try #require(try await stage.put("twin", "1"))
        try await stage.put("twin", "2", workspace: Stage.root)
        try await stage.settle()
        try await stage.memories.edit(2, edited.id, "some prose")
        try await stage.plant(
            """
            UPDATE memory_plugin.memory_records SET content = 'a memory now', propagation = 'null' WHERE id = '\(rewritten.id)';
            UPDATE memory_plugin.memory_records SET content = '{"silent": 5}', propagation = jsonb_set(propagation, '{cutover,value}', '5') WHERE id = '\(silent.id)';
            INSERT INTO memory_plugin.memory_namespaces (name, kind) VALUES ('custom:x', 'custom');
            UPDATE memory_plugin.memory_records SET namespace = 'custom:x' WHERE id = '\(lost.id)';
            UPDATE memory_plugin.memory_records SET namespace = 'workspace:\(Stage.root.lowercased)' WHERE id = '\(twin.id)'
            """)
        try await stage.settle()
        #expect(try await stage.reasons() == ["not-key-value": 2, "version-not-raised": 1, "unknown-namespace": 1, "key-taken": 1])
        #expect(try await stage.parity().clean)
        for id in [edited.id, rewritten.id, silent.id, lost.id, twin.id] { #expect(try await stage.value(id) == "1") }
        // An agent's own memory from then on: v1's memories have it, and no forgotten key takes it away.
        #expect(try await stage.memories.text(1, rewritten.id) == "a memory now")
        try await stage.plant("DELETE FROM workspace_memory WHERE key IN ('rewritten', 'edited')")
        try await stage.settle()
        #expect(try await stage.memories.text(2, rewritten.id) == "a memory now")
        #expect(try await stage.memories.text(2, edited.id) == "some prose")
        try await stage.plant("UPDATE memory_plugin.memory_records SET propagation = jsonb_set(propagation, '{cutover,version}', '2') WHERE id = '\(silent.id)'")
        try await stage.settle()
        #expect(try await stage.value(silent.id) == "5")
        #expect(try await stage.reasons()["version-not-raised"] == nil)
        _ = try await TakeAway(.keyValues).run(stage.ours)
        #expect(try await stage.memories.text(2, rewritten.id) == "a memory now")
    }

    @Test("a malformed mark stops nothing", arguments: ["{\"cutover\": {\"table\": \"workspace_memory\"}}", "{\"cutover\": {\"table\": \"workspace_memory\", \"key\": null, \"value\": 1, \"version\": \"x\", \"updated_micros\": []}}"])
    func malformed(propagation: String) async throws {
        let stage = try await furnished()
        let id = try await stage.memories.add2("x")
        try await stage.settle()
        try await stage.agent.query("UPDATE memory_plugin.memory_records SET propagation = $2::jsonb WHERE id = $1", [.uuid(id), .text(propagation)])
        try await stage.settle()
        #expect(try await stage.reasons() == ["not-key-value": 1])
        #expect(try await stage.parity().equal == 10)
    }

    @Test("frozen, archived, dropped and brought back, every row is what it was, and a workspace that went takes its keys along", arguments: [true, false])
    func wholeWay(gone: Bool) async throws {
        let stage = try await furnished()
        try await stage.settle()
        let before = try await stage.v1()
        #expect(try await Freeze(.keyValues).freeze(stage.ours).rows == 10)
        await #expect(throws: PostgresError.self) { try await stage.put("mood", "1") }
        #expect(try await Freeze(.keyValues).refusesWrites(stage.ours))
        let place = DirectoryPlace(FileManager.default.temporaryDirectory.appendingPathComponent("cutover-archive-\(UUID())"))
        defer { try? FileManager.default.removeItem(at: place.directory) }
        _ = try await Archive(.keyValues).export(stage.ours, to: place, sealedTo: [.shared(LegacyTests.key)], label: "acme")
        #expect(try await Archive(.keyValues).rehearse(stage.ours, from: place, with: .shared(LegacyTests.key)).rows == 10)
        #expect(try await stage.parity(.frozen).clean)
        _ = try await Drop(.keyValues).hold(stage.ours, date: .now, opID: "abcdef0123")
        if gone { _ = try await Drop(.keyValues).drop(stage.ours) }
        #expect(try await Capture().status(stage.ours).inPlace)
        _ = try await Drop(.keyValues).undrop(stage.ours, archive: (place, .shared(LegacyTests.key)))
        #expect(try await stage.v1() == before)
        #expect(try await Freeze(.keyValues).state(stage.ours).frozen)
        try await stage.plant("DELETE FROM workspaces WHERE id = '\(Stage.grandchild)'; DELETE FROM agent_memories; DELETE FROM workspaces WHERE id = '\(Stage.child)'")
        let thaw = try await Freeze(.keyValues).unfreeze(stage.ours)
        #expect(thaw.cascaded == 9)
        #expect(thaw.orphans == 0)
        #expect(thaw.foreignKeyValidated)
        try await Control.set(.sync, fence: 0, stage.ours, .keyValues)
        try await stage.writer.start()
        try await stage.settle()
        #expect(try await stage.parity().equal == 1)
        #expect(try await stage.count("memory_plugin.memory_records WHERE namespace = '\(Self.local)'") == 0)
        #expect(try await stage.count("pg_constraint WHERE conrelid = 'workspace_memory'::regclass AND contype IN ('u', 'f', 'p')") == 3)
    }
}
