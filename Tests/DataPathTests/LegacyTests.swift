import DataPath
import Foundation
import Postgres
import Testing

@Suite("Freeze, archive, drop and the ways back", .serialized)
struct LegacyTests {
    static let key = [UInt8](repeating: 7, count: 32)

    private func frozen(rows: Int = 12) async throws -> Stage {
        let stage = try await Stage.make()
        for number in 0..<rows { try await stage.add1("memory \(number)", scope: number % 2 == 0 ? "LOCAL" : "TEAM") }
        try await stage.add1("tab\tnewline\n\\. quote' é 😀")
        try await stage.settle()
        _ = try await Freeze().freeze(stage.ours)
        return stage
    }

    private func place() -> URL {
        FileManager.default.temporaryDirectory.appendingPathComponent("cutover-archive-\(UUID())")
    }

    @Test("a frozen table refuses everyone every write, replicas and empty statements included")
    func refuses() async throws {
        let stage = try await frozen()
        for setting in ["SET session_replication_role = origin", "SET session_replication_role = replica"] {
            try await stage.agent.execute(setting)
            for statement in [
                "UPDATE agent_memories SET content = 'x' WHERE false", "DELETE FROM agent_memories", "TRUNCATE agent_memories",
                "INSERT INTO agent_memories (content, scope) VALUES ('x', 'LOCAL')",
            ] {
                await #expect(throws: PostgresError.self) { try await stage.agent.execute(statement) }
            }
        }
        #expect(try await Freeze().refusesWrites(stage.ours))
        let reading = try await PostgresConnection.connect(stage.url, readOnly: true)
        #expect(try await Freeze().state(reading).frozen)
        #expect(try await Control.read(stage.ours).mode == .stopped)
        #expect(try await Freeze().freeze(stage.ours).wasFrozen)
    }

    @Test("state sees a trigger that was disabled and a function that was replaced")
    func tampered() async throws {
        let stage = try await frozen()
        try await stage.agent.execute("ALTER TABLE agent_memories DISABLE TRIGGER cutover_frozen")
        #expect(try await !Freeze().state(stage.ours).enabledAlways)
        #expect(try await !Freeze().refusesWrites(stage.ours))
        try await stage.agent.execute(
            """
            ALTER TABLE agent_memories ENABLE ALWAYS TRIGGER cutover_frozen;
            CREATE OR REPLACE FUNCTION cutover.refuse_write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$
            """)
        #expect(try await !Freeze().state(stage.ours).functionUnchanged)
    }

    @Test("unequal stores are not frozen, and nothing is changed")
    func unequal() async throws {
        let stage = try await Stage.make()
        try await stage.add1("x")
        try await stage.settle()
        try await stage.plant("DELETE FROM memory_plugin.memory_records")
        await #expect(throws: DataPathError.notEqual(differing: 1)) { try await Freeze().freeze(stage.ours) }
        #expect(try await !Freeze().state(stage.ours).triggerThere)
        try await stage.add1("still writable")
    }

    @Test("what no look compares is compared before a freeze")
    func wrongKind() async throws {
        let stage = try await Stage.make()
        try await stage.add1("x")
        try await stage.settle()
        try await stage.plant("UPDATE memory_plugin.memory_records SET kind = 'summary'")
        await #expect(throws: DataPathError.notEqual(differing: 1)) { try await Freeze().freeze(stage.ours) }
        #expect(try await !Freeze().state(stage.ours).triggerThere)
    }

    @Test("workspaces can go while frozen; unfreezing queues their rows and restores the key for new ones")
    func thaw() async throws {
        let stage = try await frozen()
        try await stage.agent.execute("DELETE FROM workspaces WHERE id IN ('\(Stage.grandchild)', '\(Stage.child)')")
        let thaw = try await Freeze().unfreeze(stage.ours)
        #expect(thaw.orphans == 13)
        #expect(!thaw.foreignKeyValidated)
        await #expect(throws: PostgresError.self) { try await stage.add1("x", workspace: UUID()) }
        try await Control.set(.sync, fence: 0, stage.ours)
        try await stage.settle()
        #expect(try await stage.reasons() == ["no-workspace": 13])
        let clean = try await frozen()
        #expect(try await Freeze().unfreeze(clean.ours).foreignKeyValidated)
        #expect(try await clean.count("pg_constraint WHERE contype = 'f' AND convalidated AND conrelid = 'agent_memories'::regclass") == 1)
    }

    @Test("against the frozen list, what agents did in v2 is told from what was lost")
    func againstFrozen() async throws {
        let stage = try await frozen()
        let ids = try await stage.ours.query("SELECT id FROM cutover.frozen ORDER BY id").map { try $0.uuid("id") }
        try await stage.forget(2, ids[0])
        try await stage.edit(2, ids[1], "edited")
        try await stage.add2("added")
        try await stage.plant("DELETE FROM memory_plugin.memory_records WHERE id = '\(ids[2])'")
        try await stage.plant("UPDATE memory_plugin.memory_records SET content = 'lost text' WHERE id = '\(ids[3])'")
        let report = try await Parity().compare(stage.ours, against: .frozen)
        #expect(report.forgottenSince == 1)
        #expect(report.editedSince == 1)
        #expect(report.addedSince == 1)
        #expect(report.largestForget == 1)
        #expect(report.missing == [ids[2]])
        #expect(report.different.map(\.id) == [ids[3]])
    }

    @Test("an archive comes back row for row, and its rehearsal leaves nothing behind")
    func archive() async throws {
        let stage = try await frozen(rows: 3000)
        let directory = place()
        defer { try? FileManager.default.removeItem(at: directory) }
        let exported = try await Archive().export(stage.ours, to: DirectoryPlace(directory), sealedTo: [.shared(Self.key)], label: "acme")
        #expect(exported.rows == 3001)
        #expect(try await Archive().rehearse(stage.ours, from: DirectoryPlace(directory), with: .shared(Self.key)) == exported)
        #expect(try await stage.count("pg_namespace WHERE nspname = 'cutover_rehearsal'") == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() == ["agent_memories.copy.sealed", "agent_memories.manifest.json"])
        let sealed = try Data(contentsOf: directory.appendingPathComponent("agent_memories.copy.sealed"))
        #expect(sealed.range(of: Data("memory 1".utf8)) == nil)
        try await Archive().purge(DirectoryPlace(directory))
        await #expect(throws: DataPathError.self) { try await Archive().check(DirectoryPlace(directory), with: .shared(Self.key)) }
    }

    @Test("a flipped byte, a missing end, a wrong key and a changed manifest are found")
    func tamperedArchive() async throws {
        let stage = try await frozen(rows: 3000)
        let directory = place()
        defer { try? FileManager.default.removeItem(at: directory) }
        _ = try await Archive().export(stage.ours, to: DirectoryPlace(directory), sealedTo: [.shared(Self.key)], label: "acme")
        let file = directory.appendingPathComponent("agent_memories.copy.sealed")
        let manifest = directory.appendingPathComponent("agent_memories.manifest.json")
        let good = try Data(contentsOf: file)
        let told = try Data(contentsOf: manifest)
        for position in [3, 30, 60, good.count / 2, good.count - 1] {
            var bad = good
            bad[position] ^= 1
            try bad.write(to: file)
            await #expect(throws: DataPathError.self) { try await Archive().check(DirectoryPlace(directory), with: .shared(Self.key)) }
        }
        let first = 18 + 32 + 4 + Int(good[50]) << 24 + Int(good[51]) << 16 + Int(good[52]) << 8 + Int(good[53])
        for length in [0, 18, 54, first, good.count - 1] {
            try good.prefix(length).write(to: file)
            await #expect(throws: DataPathError.self) { try await Archive().check(DirectoryPlace(directory), with: .shared(Self.key)) }
        }
        try good.write(to: file)
        await #expect(throws: DataPathError.self) { try await Archive().check(DirectoryPlace(directory), with: .shared([UInt8](repeating: 8, count: 32))) }
        try Data(String(decoding: told, as: UTF8.self).replacing("3001", with: "3002").utf8).write(to: manifest)
        await #expect(throws: DataPathError.self) { try await Archive().check(DirectoryPlace(directory), with: .shared(Self.key)) }
        try told.write(to: manifest)
        #expect(try await Archive().check(DirectoryPlace(directory), with: .shared(Self.key)).rows == 3001)
    }

    @Test("the hold asks again: a changed row, a thawed table or another table of that name stop it")
    func holdAsks() async throws {
        let stage = try await frozen()
        try await stage.agent.execute(
            "ALTER TABLE agent_memories DISABLE TRIGGER cutover_frozen; UPDATE agent_memories SET namespace = 'x'; ALTER TABLE agent_memories ENABLE ALWAYS TRIGGER cutover_frozen")
        await #expect(throws: DataPathError.self) { try await Drop().hold(stage.ours, date: .now, opID: "abcdef0123") }
        let other = try await frozen()
        try await other.agent.execute("ALTER TABLE agent_memories RENAME TO elsewhere; CREATE TABLE agent_memories (LIKE elsewhere)")
        await #expect(throws: DataPathError.refused("public.agent_memories is not the table that was frozen")) {
            try await Drop().hold(other.ours, date: .now, opID: "abcdef0123")
        }
    }

    @Test("a dropped table comes back from its hold or from the archive, and v2's doings reach it", arguments: [false, true])
    func undrop(gone: Bool) async throws {
        let stage = try await frozen()
        let directory = place()
        defer { try? FileManager.default.removeItem(at: directory) }
        _ = try await Archive().export(stage.ours, to: DirectoryPlace(directory), sealedTo: [.shared(Self.key)], label: "acme")
        let ids = try await stage.ours.query("SELECT id FROM cutover.frozen ORDER BY id").map { try $0.uuid("id") }
        let held = try await Drop().hold(stage.ours, date: Date(timeIntervalSince1970: 1_800_000_000), opID: "abcdef0123")
        #expect(held.heldAs?.name == "_cutover_hold_20270115_abcdef01")
        #expect(try await Drop().hold(stage.ours, date: .now, opID: "abcdef0123").heldAs == held.heldAs)
        if gone {
            let dropped = try await Drop().drop(stage.ours)
            #expect(dropped.rows == 13)
            #expect(try await Drop().drop(stage.ours) == dropped)
            #expect(try await Drop().state(stage.ours) == .dropped(dropped))
            #expect(try await stage.count("pg_trigger WHERE tgname LIKE 'cutover%'") == 0)
        }
        try await stage.forget(2, ids[0])
        try await stage.edit(2, ids[1], "edited while away")
        let added = try await stage.add2("added while away")
        try await stage.agent.execute("CREATE TABLE agent_memories (id uuid PRIMARY KEY)")
        #expect(try await Drop().state(stage.ours) == .impostor)
        let back = try await Drop().undrop(stage.ours, archive: (DirectoryPlace(directory), .shared(Self.key)))
        #expect(back.source == (gone ? .archive : .hold))
        #expect(back.impostorMovedTo != nil)
        #expect(try await Freeze().state(stage.ours).frozen)
        #expect(try await Capture().status(stage.ours).inPlace)
        #expect(try await Drop().state(stage.ours) == .inPlace)
        #expect(try await Freeze().unfreeze(stage.ours).foreignKeyValidated)
        try await Control.set(.sync, fence: 0, stage.ours)
        let writer = Writer(try await PostgresConnection.connect(stage.url), fence: 0)
        await stage.writer.stop()
        try await writer.start()
        for _ in 0..<5 { _ = try await writer.step() }
        #expect(try await stage.text(1, ids[0]) == nil)
        #expect(try await stage.text(1, ids[1]) == "edited while away")
        #expect(try await stage.text(1, added) == "added while away")
        #expect(try await Quiesce().run(stage.ours).rows == 13)
        #expect(try await stage.count("pg_indexes WHERE tablename = 'agent_memories'") == 5)
        #expect(try await stage.count("pg_attribute WHERE attrelid = 'agent_memories'::regclass AND attgenerated = 's'") == 1)
    }

    @Test("a drop that was cut off behind its commit is ended by whoever comes again, and has a way back", arguments: ["hold", "drop", "back"])
    func cutOff(again: String) async throws {
        let stage = try await frozen()
        let directory = place()
        defer { try? FileManager.default.removeItem(at: directory) }
        _ = try await Archive().export(stage.ours, to: DirectoryPlace(directory), sealedTo: [.shared(Self.key)], label: "acme")
        let ids = try await stage.ours.query("SELECT id FROM cutover.frozen ORDER BY id").map { try $0.uuid("id") }
        _ = try await Drop().hold(stage.ours, date: .now, opID: "abcdef0123")
        // Half of the captures are gone when a reader of v2 makes it give up.
        try await stage.agent.execute("BEGIN; LOCK TABLE \(stage.table(2)) IN ACCESS SHARE MODE")
        await #expect(throws: DataPathError.self) { try await Drop().drop(stage.ours, attempts: 1) }
        try await stage.agent.execute("COMMIT")
        guard case .dropped(let report) = try await Drop().state(stage.ours) else { return #expect(Bool(false), "not dropped") }
        #expect(try await Capture().isLeft(stage.ours))
        try await stage.forget(2, ids[0])
        switch again {
        case "hold": #expect(try await Drop().hold(stage.ours, date: .now, opID: "abcdef0123") == report)
        case "drop": #expect(try await Drop().drop(stage.ours) == report)
        default:
            let back = try await Drop().undrop(stage.ours, archive: (DirectoryPlace(directory), .shared(Self.key)))
            #expect(back.source == .archive)
            return #expect(try await Capture().status(stage.ours).inPlace)
        }
        #expect(try await !Capture().isLeft(stage.ours))
        #expect(try await stage.count("pg_trigger WHERE tgname LIKE 'cutover%'") == 0)
    }

    @Test("taking the copy away empties v2 of what was placed, keeps what v1 cannot express, and a redo brings that back")
    func takeAway() async throws {
        let stage = try await Stage.make()
        let plain = try await stage.add1("plain")
        let pinned = try await stage.add1("pinned")
        try await stage.settle()
        try await stage.agent.query(
            "UPDATE memory_plugin.memory_records SET pin = true, kind = 'summary', propagation = propagation || '{\"k\": 1}' WHERE id = $1",
            [.uuid(pinned)])
        let custom = try await stage.add2("unplaceable", namespace: "custom:x")
        let report = try await TakeAway().run(stage.ours)
        #expect(report.removed == 2)
        #expect(report.kept == 2)
        #expect(report.left == 1)
        #expect(try await stage.text(2, custom) == "unplaceable")
        #expect(try await stage.text(1, plain) == "plain")
        #expect(try await stage.count("cutover.placed") == 0)
        #expect(try await TakeAway().run(stage.ours).removed == 0)
        try await Control.restartCopy(fence: 0, stage.ours)
        try await stage.settle()
        let row = try await stage.agent.query(
            "SELECT pin, kind, propagation->>'k' AS k FROM memory_plugin.memory_records WHERE id = $1", [.uuid(pinned)])[0]
        #expect(try row.bool("pin"))
        #expect(try row.string("kind") == "summary")
        #expect(try row.string("k") == "1")
    }

    @Test("half a copy can be taken away, and is no proof of equality")
    func halfCopy() async throws {
        let stage = try await Stage.make(capture: false)
        for number in 0..<25 { try await stage.add1("x\(number)") }
        try await Capture().install(stage.ours)
        try await Control.restartCopy(fence: 0, chunkRows: 10, stage.ours)
        try await stage.writer.start()
        _ = try await stage.writer.step()
        await #expect(throws: DataPathError.notEqual(differing: 15)) { try await Quiesce().run(stage.ours) }
        #expect(try await TakeAway().run(stage.ours).removed == 10)
        #expect(try await stage.count("memory_plugin.memory_records") == 0)
    }

    @Test("a v1 without embeddings is served too")
    func withoutEmbedding() async throws {
        let stage = try await Stage.make(capture: false)
        try await stage.agent.execute("ALTER TABLE agent_memories DROP COLUMN embedding")
        try await Capture().install(stage.ours)
        try await Control.set(.sync, fence: 0, stage.ours)
        try await stage.writer.start()
        try await stage.agent.execute("INSERT INTO agent_memories (workspace_id, content, scope) VALUES ('\(Stage.child)', 'x', 'LOCAL')")
        try await stage.add2("y")
        try await stage.settle()
        #expect(try await Parity().compare(stage.ours, against: .v1).equal == 2)
        _ = try await Freeze().freeze(stage.ours)
        #expect(try await Parity().compare(stage.ours, against: .frozen).clean)
    }
}
