@testable import DataPath
import Foundation
import Postgres
import Testing

@Suite("a person's choice over HTTP", .serialized, .timeLimit(.minutes(10))) struct RemoteResolutionTests {
    /// A memory that was edited in v1, and edited or forgotten in the plugin meanwhile.
    private func conflict(forgotten: Bool) async throws -> (RemoteStage, UUID) {
        let remote = try await RemoteStage.make()
        let id = try await remote.stage.add1("agreed")
        try await remote.settle()
        if forgotten { try await remote.forget(id) } else { try await remote.rewrite(id, "theirs") }
        try await remote.stage.edit(1, id, "ours")
        try await remote.settle()
        #expect(try await remote.stage.placed(id) == "conflict")
        return (remote, id)
    }

    private func listed(_ remote: RemoteStage, _ id: UUID) async throws -> (String, String) {
        let row = try await remote.stage.ours.query(
            "SELECT coalesce(v1_digest::text, '') AS one, coalesce(v2_digest::text, '') AS two FROM cutover.conflicts WHERE id = $1 AND closed IS NULL", [.uuid(id)])[0]
        return (try row.string("one"), try row.string("two"))
    }

    /// While the resident writer is at work.
    private func choose(_ remote: RemoteStage, _ body: (RemoteResolution) async throws -> Void) async throws {
        let resident = Task { while !Task.isCancelled { if try await remote.writer.step().idle { try await Task.sleep(for: .milliseconds(5)) } } }
        let result: Result<Void, any Error>
        do { result = .success(try await body(RemoteResolution(records: RemoteStage.records(remote.plugin), fence: 0))) } catch { result = .failure(error) }
        resident.cancel()
        _ = await resident.result
        try result.get()
    }

    @Test("one text or a third is in both stores, and the conflict is closed", arguments: [Resolution.Choice.v1, .v2, .text("both")])
    func edited(choice: Resolution.Choice) async throws {
        let (remote, id) = try await conflict(forgotten: false)
        let (one, two) = try await listed(remote, id)
        try await choose(remote) { try await $0.settle(id, seen1: one, seen2: two, keep: choice, remote.stage.ours) }
        try await remote.settle()
        let text = ["ours", "theirs", "both"][[.v1, .v2, .text("both")].firstIndex(of: choice) ?? 0]
        #expect(try await remote.stage.text(1, id) == text)
        #expect(try await remote.shown() == [text])
        #expect(try await remote.stage.placed(id) == "live")
        #expect(try await remote.count("cutover.conflicts WHERE closed IS NULL") == 0)
        #expect(try await RemoteParity(records: RemoteStage.records(remote.plugin)).compare(remote.stage.ours, against: .v1).parity.equal == 1)
        // Its answer was lost, and it is asked again.
        try await choose(remote) { try await $0.settle(id, seen1: one, seen2: two, keep: choice, remote.stage.ours) }
    }

    @Test("what was forgotten in the plugin is forgotten in v1 too, and kept whole; or it is sent again", arguments: [Resolution.Choice.v1, .v2])
    func forgotten(choice: Resolution.Choice) async throws {
        let (remote, id) = try await conflict(forgotten: true)
        let (one, two) = try await listed(remote, id)
        #expect(two.isEmpty)
        try await choose(remote) { try await $0.settle(id, seen1: one, seen2: two, keep: choice, remote.stage.ours) }
        try await remote.settle()
        #expect(try await remote.shown() == (choice == .v1 ? ["ours"] : []))
        #expect(try await remote.stage.text(1, id) == (choice == .v1 ? "ours" : nil))
        #expect(try await remote.stage.placed(id) == (choice == .v1 ? "live" : "gone"))
        #expect(try await remote.count("cutover.conflicts WHERE kind = 'forget' AND v1_row->>'content' = 'ours'") == (choice == .v1 ? 0 : 1))
    }

    @Test("a choice about what has changed since is refused, and changes nothing", arguments: [1, 2])
    func stale(side: Int) async throws {
        let (remote, id) = try await conflict(forgotten: false)
        let (one, two) = try await listed(remote, id)
        if side == 1 { try await remote.stage.edit(1, id, "ours again") } else { try await remote.rewrite(id, "theirs again") }
        await #expect(throws: DataPathError.self) { try await choose(remote) { try await $0.settle(id, seen1: one, seen2: two, keep: .v1, remote.stage.ours) } }
        #expect(try await remote.shown() == [side == 1 ? "theirs" : "theirs again"])
        #expect(try await remote.stage.text(1, id) == (side == 1 ? "ours again" : "ours"))
    }

    @Test("of a row that changed in the plugin, v2 brings the change into v1 and v1 sends it again", arguments: [Resolution.Choice.v1, .v2], [true, false])
    func changed(choice: Resolution.Choice, forgotten: Bool) async throws {
        let remote = try await RemoteStage.make()
        let id = try await remote.stage.add1("agreed")
        try await remote.settle()
        if forgotten { try await remote.forget(id) } else { try await remote.rewrite(id, "theirs") }
        await #expect(throws: DataPathError.self) { try await choose(remote) { try await $0.settleChanged(UUID(), keep: choice, remote.stage.ours); throw DataPathError.refused("") } }
        var found = ChangedInPlugin()
        _ = try await RemoteParity(records: RemoteStage.records(remote.plugin)).run(remote.stage.ours, against: .v1) { found.take($0) }
        try await found.list(remote.stage.ours)
        try await choose(remote) { try await $0.settleChanged(id, keep: choice, remote.stage.ours) }
        try await remote.settle()
        let text: String? = choice == .v1 ? "agreed" : forgotten ? nil : "theirs"
        #expect(try await remote.stage.text(1, id) == text)
        #expect(try await remote.shown() == [text].compactMap { $0 })
        #expect(try await remote.stage.reasons().isEmpty)
        let parity = try await RemoteParity(records: RemoteStage.records(remote.plugin)).compare(remote.stage.ours, against: .v1)
        #expect(parity.clean && parity.parity.exceptedIDs == 0)
    }
}
