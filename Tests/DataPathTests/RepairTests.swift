import DataPath
import Foundation
import Postgres
import Testing

@Suite("Repair", .serialized)
struct RepairTests {
    private static let v2 = "memory_plugin.memory_records"

    private func filled(_ rows: Int) async throws -> (Stage, [UUID]) {
        let stage = try await Stage.make()
        for number in 0..<rows { try await stage.add1("memory \(number)", scope: number % 2 == 0 ? "LOCAL" : "TEAM") }
        try await stage.settle()
        return (stage, try await stage.ours.query("SELECT id FROM agent_memories ORDER BY id").map { try $0.uuid("id") })
    }

    private func lines(_ stage: Stage, _ base: Parity.Base) async throws -> [ParityLine] {
        let gathered = Gathered()
        _ = try await Parity().run(stage.ours, against: base, withinSeconds: 120) { await gathered.add($0) }
        return await Array(gathered.byID.values)
    }

    @Test("before the freeze v2 is written from v1, what came back is deleted, and a row only v2 has is looked at like a new one")
    func beforeFreeze() async throws {
        let (stage, ids) = try await filled(20)
        let before = try await stage.ours.query("SELECT md5(string_agg(m::text, '' ORDER BY id)) AS md5 FROM agent_memories m WHERE id NOT IN ('\(ids[3])', '\(ids[4])')")[0].string("md5")
        try await stage.plant("DELETE FROM \(Self.v2) WHERE id = '\(ids[0])'")
        try await stage.plant("UPDATE \(Self.v2) SET content = 'silent', kind = 'summary' WHERE id = '\(ids[1])'")
        try await stage.plant("UPDATE \(Self.v2) SET embedding = NULL, created_at = now() WHERE id = '\(ids[2])'")
        // v1 lost this one without a forget: the only copy is not thrown away.
        try await stage.plant("DELETE FROM agent_memories WHERE id = '\(ids[3])'")
        let unknown = try await stage.add2("nobody's entry")
        try await stage.plant("DELETE FROM cutover.change_log WHERE id = '\(unknown)'")
        try await stage.forget(1, ids[4])
        try await stage.settle()
        try await stage.plant(
            "INSERT INTO \(Self.v2) (id, namespace, content, kind, source) VALUES ('\(ids[4])', 'workspace:\(Stage.child.lowercased)', 'back again', 'fact', 'agent')")
        let found = try await lines(stage, .v1)
        #expect(Set(found.map { Repair.action(for: $0.what).rawValue + " " + $0.id.lowercased }) == [
            "write-v2 \(ids[0].lowercased)", "write-v2 \(ids[1].lowercased)", "write-v2 \(ids[2].lowercased)", "look \(ids[3].lowercased)",
            "look \(unknown.lowercased)", "delete-v2 \(ids[4].lowercased)",
        ])
        let report = try await Repair(fence: 0).carryOut(found, against: .v1, stage.ours)
        #expect(report.written == 3 && report.looked == 2 && report.deleted == 1 && report.left == 0)
        #expect(try await Parity().compare(stage.ours, against: .v1).clean)
        #expect(try await stage.text(1, unknown) == "nobody's entry")
        #expect(try await stage.text(1, ids[3]) != nil)
        #expect(try await stage.text(1, ids[4]) == nil)
        #expect(try await stage.text(2, ids[4]) == nil)
        #expect(try await stage.count("\(Self.v2) WHERE kind <> 'fact'") == 0)
        #expect(try await stage.count("cutover.v2_archive WHERE why = 'repaired' AND restored IS NOT NULL") == 3)
        let after = try await stage.ours.query(
            "SELECT md5(string_agg(m::text, '' ORDER BY id)) AS md5 FROM agent_memories m WHERE id NOT IN ('\(ids[3])', '\(unknown)')")[0].string("md5")
        #expect(before == after)
        // Nothing is left to do, and our own writes left no entries.
        #expect(try await Capture().growth(stage.ours).entries == 0)
        #expect(try await lines(stage, .v1).isEmpty)
    }

    @Test("what an agent's own entry explains is left alone, even when it came after the difference was found")
    func entries() async throws {
        let (stage, ids) = try await filled(4)
        try await stage.plant("UPDATE \(Self.v2) SET content = 'silent'")
        let found = try await lines(stage, .v1)
        try await stage.edit(2, ids[0], "an agent's")
        try await stage.forget(2, ids[1])
        let holding = try await PostgresConnection.connect(stage.url)
        try await holding.execute("BEGIN; SELECT FROM \(Self.v2) WHERE id = '\(ids[2])' FOR UPDATE")
        let report = try await Repair(fence: 0).carryOut(found, against: .v1, stage.ours)
        #expect(report.written == 1 && report.left == 3)
        #expect(try await stage.text(2, ids[0]) == "an agent's")
        #expect(try await stage.text(2, ids[1]) == nil)
        try await holding.execute("ROLLBACK")
        try await stage.settle()
        #expect(try await stage.text(1, ids[0]) == "an agent's")
        #expect(try await stage.text(1, ids[1]) == nil)
        _ = try await Repair(fence: 0).carryOut(try await lines(stage, .v1), against: .v1, stage.ours)
        #expect(try await Parity().compare(stage.ours, against: .v1).clean)
        await #expect(throws: DataPathError.fenced(found: 0)) { try await Repair(fence: 7).carryOut(found, against: .v1, stage.ours) }
    }

    @Test("after the freeze v2 is written from the frozen table, into the namespace that was agreed on")
    func afterFreeze() async throws {
        let (stage, ids) = try await filled(10)
        _ = try await Freeze().freeze(stage.ours)
        try await stage.plant("DELETE FROM \(Self.v2) WHERE id = '\(ids[0])'")
        try await stage.plant("UPDATE \(Self.v2) SET content = 'silent' WHERE id = '\(ids[1])'")
        try await stage.edit(2, ids[2], "an agent's")
        try await stage.forget(2, ids[3])
        let unknown = try await stage.add2("nobody's entry")
        try await stage.plant("DELETE FROM cutover.change_log WHERE id = '\(unknown)'")
        // The tree moves on: what was agreed stays.
        try await stage.agent.execute("UPDATE workspaces SET parent_id = NULL WHERE id = '\(Stage.child)'")
        let found = try await lines(stage, .frozen)
        #expect(Set(found.map(\.what)) == [.missing, .different, .extra])
        let report = try await Repair(fence: 0).carryOut(found, against: .frozen, stage.ours)
        #expect(report.written == 2 && report.looked == 1 && report.left == 0)
        let parity = try await Parity().compare(stage.ours, against: .frozen)
        #expect(parity.clean)
        #expect(parity.editedSince == 1 && parity.forgottenSince == 1 && parity.addedSince == 1)
        // A row that we noted as added wants a person's eye.
        #expect(parity.changes?.red.map(\.kind) == [.foreignRole])
        #expect(try await stage.text(2, ids[2]) == "an agent's")
    }
}
