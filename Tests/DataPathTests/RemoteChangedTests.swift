@testable import DataPath
import Foundation
import Postgres
import Testing

/// Over HTTP an agent's forget or edit in the plugin shows as a difference alone, and so does a loss: a person has to tell.
@Suite("what changed in a plugin reached over HTTP", .serialized, .timeLimit(.minutes(10))) struct RemoteChangedTests {
    private func filled(_ rows: Int) async throws -> (RemoteStage, [UUID]) {
        let remote = try await RemoteStage.make()
        var ids: [UUID] = []
        for number in 0..<rows { ids.append(try await remote.stage.add1("memory \(number)")) }
        try await remote.settle()
        return (remote, ids)
    }

    private func parity(_ remote: RemoteStage, bulk: Int = 100) -> RemoteParity {
        RemoteParity(records: RemoteStage.records(remote.plugin), limits: ChangesSince.Limits(bulkForget: bulk))
    }

    private func findings(_ remote: RemoteStage, _ base: Parity.Base = .v1, bulk: Int = 100, includingListed: Bool = false) async throws -> [RemoteFinding] {
        let gathered = Gathered()
        _ = try await parity(remote, bulk: bulk).run(remote.stage.ours, against: base, includingListed: includingListed) { await gathered.add($0) }
        return await gathered.all
    }

    private func list(_ remote: RemoteStage, bulk: Int = 100) async throws -> ChangedInPlugin.Report {
        var changed = ChangedInPlugin(limits: .init(bulkForget: bulk))
        for one in try await findings(remote, bulk: bulk, includingListed: true) { changed.take(one) }
        return try await changed.list(remote.stage.ours)
    }

    private actor Gathered {
        var all: [RemoteFinding] = []
        func add(_ one: RemoteFinding) { all.append(one) }
    }

    @Test("what was forgotten or edited there is a difference until it is listed by name, and leaves the list when it is there again")
    func listed() async throws {
        let (remote, ids) = try await filled(6)
        try await remote.forget(ids[0])
        try await remote.rewrite(ids[1], "an agent's text")
        let found = try await parity(remote).compare(remote.stage.ours, against: .v1)
        #expect(!found.clean && found.parity.changedCount == 2 && found.parity.equal == 4)
        let report = try await list(remote)
        #expect(report.listed == 2 && report.mended == 0 && !report.isMany)
        #expect(try await remote.stage.reasons() == ["absent-in-plugin": 1, "edited-in-plugin": 1])
        let after = try await parity(remote).compare(remote.stage.ours, against: .v1)
        #expect(after.clean && after.parity.exceptedIDs == 2 && after.parity.equal == 4)
        // Looked at again for another reason, it stays what it was.
        try await remote.stage.plant("INSERT INTO cutover.change_log (id, side, del) SELECT id, 1, false FROM agent_memories")
        try await remote.settle()
        #expect(try await remote.stage.reasons() == ["absent-in-plugin": 1, "edited-in-plugin": 1])
        // A third is told, whatever was listed.
        try await remote.forget(ids[2])
        #expect(try await parity(remote).compare(remote.stage.ours, against: .v1).parity.changed == [ids[2]])
        await remote.writer.stop()
        _ = try await RemoteRepair(records: RemoteStage.records(remote.plugin), fence: 0).carryOut(
            try await findings(remote, includingListed: true), against: .v1, lost: true, remote.stage.ours)
        #expect(try await remote.stage.reasons().isEmpty)
        #expect(try await parity(remote).compare(remote.stage.ours, against: .v1).parity.equal == 6)
    }

    @Test("a memory that is listed for what it holds is listed as changed all the same, and for what it holds again when it is back")
    func flagged() async throws {
        let (remote, _) = try await filled(1)
        let id = try await remote.stage.add1("login with password=hunter2")
        try await remote.settle()
        let mark = try await remote.plugin.shown(RemoteStage.child).first { $0.id == id.lowercased }?.propagation?.cutover?.digest
        try await remote.forget(id)
        #expect(try await list(remote).listed == 1)
        #expect(try await remote.stage.reasons() == ["absent-in-plugin": 1])
        #expect(try await parity(remote).compare(remote.stage.ours, against: .v1).clean)
        try await remote.rewrite(id, "login with password=hunter2", digest: mark)
        #expect(try await list(remote).mended == 1)
        try await remote.settle()
        #expect(try await remote.stage.reasons() == [ExceptionRules.credential: 1])
    }

    @Test("a plan lets a few pass, and never so many that it may be a loss")
    func passing() async throws {
        let (remote, ids) = try await filled(8)
        _ = try await ExceptionRules.set(
            ["absent-in-plugin": .init(.pass), "edited-in-plugin": .init(.pass)], fence: 0, remote.stage.ours, RemoteStage.settings)
        for id in ids.prefix(2) { try await remote.forget(id) }
        try await remote.rewrite(ids[2], "an agent's text")
        let few = try await parity(remote, bulk: 3).compare(remote.stage.ours, against: .v1)
        #expect(few.clean && few.parity.forgottenSince == 2 && few.parity.editedSince == 1)
        try await remote.forget(ids[3])
        let many = try await parity(remote, bulk: 3).compare(remote.stage.ours, against: .v1)
        #expect(!many.clean && many.parity.changedCount == 4 && many.parity.forgottenSince == 0)
        #expect(try await list(remote, bulk: 3).isMany)
        #expect(try await remote.stage.reasons() == ["many-changed-in-plugin": 4])
        // What is listed does not count towards the next.
        try await remote.forget(ids[4])
        #expect(try await parity(remote, bulk: 3).compare(remote.stage.ours, against: .v1).clean)
    }

    @Test("a repair takes away what no agent can have made, keeps what it overwrites, and leaves what changed in the plugin to a person")
    func repair() async throws {
        let (remote, ids) = try await filled(6)
        let records = RemoteStage.records(remote.plugin)
        // An older state of ours, a memory that came back, one that was never proven, and an agent's forget.
        try await remote.rewrite(ids[0], "memory 0, long ago", digest: String(repeating: "ab", count: 32))
        let gone = try #require(try await remote.plugin.shown(RemoteStage.child).first { $0.id == ids[1].lowercased }?.propagation?.cutover?.digest)
        try await remote.stage.forget(1, ids[1])
        try await remote.settle()
        try await remote.rewrite(ids[1], "memory 1", digest: gone)
        try await remote.forget(ids[2])
        try await remote.stage.plant("DELETE FROM cutover.placed WHERE id = '\(ids[2])'")
        try await remote.forget(ids[3])
        let found = try await findings(remote)
        #expect(Set(found.map { "\(RemoteRepair.action(for: $0.line.what, lost: false).rawValue) \($0.line.id.lowercased)" }) == [
            "write-v2 \(ids[0].lowercased)", "delete-v2 \(ids[1].lowercased)", "write-v2 \(ids[2].lowercased)", "ask \(ids[3].lowercased)",
        ])
        let before = try await remote.stage.rows1()
        await remote.writer.stop()
        let repair = RemoteRepair(records: records, fence: 7)
        let report = try await repair.carryOut(found, against: .v1, lost: false, remote.stage.ours)
        #expect(report.written == 2 && report.deleted == 1 && report.left == 1)
        #expect(try await remote.stage.rows1() == before)
        #expect(Set(try await remote.shown()) == ["memory 0", "memory 2", "memory 4", "memory 5"])
        #expect(try await remote.count("cutover.v2_archive WHERE why = 'repaired' AND restored IS NOT NULL AND row->>'content' = 'memory 0, long ago'") == 1)
        #expect(try await findings(remote).map(\.line.id) == [ids[3]])
        let lost = try await repair.carryOut(try await findings(remote), against: .v1, lost: true, remote.stage.ours)
        #expect(lost.written == 1 && lost.left == 0)
        #expect(try await findings(remote).isEmpty)
        #expect(try await Capture().growth(remote.stage.ours).entries == 0)
        #expect(try await remote.count("cutover.sent") == 0)
        await #expect(throws: DataPathError.fenced(found: 7)) {
            _ = try await RemoteRepair(records: records, fence: 3).carryOut(found, against: .v1, lost: false, remote.stage.ours)
        }
    }

    @Test("what an agent did between the finding and the repair is left alone")
    func late() async throws {
        let (remote, ids) = try await filled(2)
        await remote.writer.stop()
        try await remote.rewrite(ids[0], "old", digest: String(repeating: "ab", count: 32))
        try await remote.rewrite(ids[1], "old", digest: String(repeating: "ab", count: 32))
        let found = try await findings(remote)
        #expect(found.count == 2)
        try await remote.rewrite(ids[0], "an agent's text")
        let report = try await RemoteRepair(records: RemoteStage.records(remote.plugin), fence: 0).carryOut(found, against: .v1, lost: false, remote.stage.ours)
        #expect(report.written == 1 && report.left == 1)
        #expect(Set(try await remote.shown()) == ["an agent's text", "memory 1"])
    }

    @Test("after the freeze what is lost is sent from the frozen table, and v2's own edits are left alone")
    func frozen() async throws {
        let (remote, ids) = try await filled(5)
        await remote.writer.stop()
        let records = RemoteStage.records(remote.plugin)
        try await remote.forget(ids[4])
        await #expect(throws: DataPathError.self) { try await freeze(remote) }
        #expect(try await remote.stage.reasons() == ["absent-in-plugin": 1])
        try await freeze(remote)
        try await remote.forget(ids[0])
        try await remote.rewrite(ids[1], "an agent's text")
        // The tree moves on: what was agreed stays.
        try await remote.stage.agent.execute("UPDATE workspaces SET parent_id = NULL WHERE id = '\(Stage.child)'")
        let found = try await parity(remote).compare(remote.stage.ours, against: .frozen)
        #expect(found.parity.changed == [ids[0]] && found.parity.editedSince == 1 && found.parity.exceptedIDs == 1)
        let report = try await RemoteRepair(records: records, fence: 0).carryOut(
            try await findings(remote, .frozen, includingListed: true), against: .frozen, lost: true, remote.stage.ours)
        #expect(report.written == 2)
        #expect(Set(try await remote.shown()) == ["memory 0", "an agent's text", "memory 2", "memory 3", "memory 4"])
        let after = try await parity(remote).compare(remote.stage.ours, against: .frozen)
        #expect(after.clean && after.parity.equal == 4 && after.parity.editedSince == 1)
    }

    private func freeze(_ remote: RemoteStage) async throws {
        let second = try await PostgresConnection.connect(remote.stage.url, applicationName: "cutover-looking")
        _ = try await Freeze(RemoteStage.settings).freeze(
            remote.stage.ours, looking: second, records: RemoteStage.records(remote.plugin), mayBeUnproven: false, budgetSeconds: 30)
    }
}

extension RemoteStage {
    func forget(_ id: UUID) async throws {
        try await plugin.ask("DELETE", "/v1/memories/\(id.lowercased)", #"{"requested_by_namespace":"\#(Self.child)"}"#)
    }

    /// As an agent writes it, or with a digest of ours.
    func rewrite(_ id: UUID, _ text: String, digest: String? = nil) async throws {
        let mark = digest.map { #","propagation":{"cutover":{"digest":"\#($0)"}}"# } ?? ""
        try await plugin.ask(
            "POST", "/v1/namespaces/\(Self.child)/memories", #"{"id":"\#(id.lowercased)","content":"\#(text)","kind":"fact","source":"agent"\#(mark)}"#)
    }
}
