import Cutover
import Foundation
import ProgramsTestKit
import Testing

@Suite("a host's program that is killed in an operation") struct HostLedgerTests {
    /// An operation without an effect of its own: all that lasts of it is the ledger.
    private func request(_ ground: Ground) throws -> String {
        try CanonicalJSON.text(
            HostRequest(
                id: OperationID.derived(from: "a crash", ordinal: 0), kind: LeaveBehind.kind, operationClass: .writing, once: LeaveBehind.once, tenant: "acme", step: "acme/A0/host.prepare",
                journal: JournalID("a-journal"), fence: 7, envPath: "\(ground.folder)/env", statePath: "\(ground.folder)/state", payload: "{}"))
    }

    @Test("asked again after a kill at any point, it answers as one that nobody killed, and leaves the same ledger")
    func killed() async throws {
        let whole = try Ground()
        defer { whole.clear() }
        let answer = try await whole.run(["host", "writing"], input: try request(whole))
        #expect(answer.code == 0, "\(answer.said)")
        let points = Set(whole.trace)
        try #require(points.count >= 16, "\(points.sorted())")
        for point in points.sorted() {
            let ground = try Ground()
            defer { ground.clear() }
            let killed = try await ground.run(["host", "writing"], dyingAt: point, input: try request(ground))
            #expect(killed.code == 137 && ground.died == [point], "not killed at \(point): \(killed.said)")
            let again = try await ground.run(["host", "writing"], input: try request(ground))
            #expect(again.code == 0 && again.output == answer.output, "killed at \(point): \(again.said)")
            #expect(ground.names == whole.names, "killed at \(point)")
            for name in whole.names where !name.contains("lock") { #expect(ground.text(name) == whole.text(name), "\(name), killed at \(point)") }
        }
    }
}
