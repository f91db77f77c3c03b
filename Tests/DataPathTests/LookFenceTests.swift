import Postgres
import Testing

@testable import DataPath

@Suite("The fence of a look")
struct LookFenceTests {
    @Test("a fence that is raised when a writer has already decided to look stops the look, in its own transaction")
    func raisedInBetween() async throws {
        let stage = try await Stage.make()
        let layout = try await Layout.complete(stage.ours, DataPathSettings())
        let transactions = LookTransactions(connection: stage.ours, settings: DataPathSettings(), fence: 0)
        try await transactions.run(layout) { try await $0.execute("SELECT 1") }
        try await Control.raiseFence(to: 7, stage.agent)
        await #expect(throws: DataPathError.fenced(found: 7)) { try await transactions.run(layout) { _ in Issue.record("it looked") } }
    }
}
