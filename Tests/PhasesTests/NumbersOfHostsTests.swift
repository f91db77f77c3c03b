import Cutover
import CutoverTestKit
import DataPath
import Testing

@testable import Phases

@Suite("the numbers that a host answers with") struct NumbersOfHostsTests {
    /// Answers everything with one text.
    private struct Parrot: Transport {
        let text: String

        func run(_ action: RemoteAction, on host: TenantHost) async throws(TransportError) -> ActionResult {
            let request = try? CanonicalJSON.value(HostRequest.self, from: String(decoding: action.input, as: UTF8.self))
            let answer = HostAnswer(id: request?.id ?? "none", status: .done, result: text)
            return ActionResult(exitCode: 0, output: (try? answer.line()) ?? "", errors: "")
        }

        func probeHand(on host: TenantHost) async throws(TransportError) -> HandReport { .present(digest: "this", isThisBuild: true) }
        func placeHand(on host: TenantHost) async throws(TransportError) -> HandReport { .present(digest: "this", isThisBuild: true) }
        func removeHand(from host: TenantHost) async throws(TransportError) {}
    }

    private func lag(_ entries: String) async throws -> Result<StoreLag.Result, StepFailure> {
        let parrot = Parrot(text: #"{"entries":\#(entries),"marker":1,"markers":0,"zero":false}"#)
        let engine = Engine(
            plan: try LabTenant.plan(), fleet: LampCatalog.fleet("acme"), catalog: MemoryCatalog.catalog, journal: MemoryJournal(), time: ManualTime(), me: "ann",
            holder: LeaseHolder(name: "one", seconds: 60)
        ) { _ in parrot }
        return try await engine.ask(StoreLag(), of: "acme")
    }

    @Test("are numbers that can be reckoned with, or no answer")
    func canBeReckonedWith() async throws {
        #expect(try await lag("7").get().entries == 7)
        let beyond = try await lag(String(Int.max))
        let failure = #expect(throws: StepFailure.self) { try beyond.get() }
        #expect(failure?.what.contains("in a form this build does not know") == true)
    }
}
