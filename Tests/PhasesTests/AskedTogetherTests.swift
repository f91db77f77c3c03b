import Cutover
import CutoverTestKit
import Phases
import Synchronization
import Testing

@Suite("what the migration's gates ask of a host") struct AskedTogetherTests {
    /// Answers nothing but that it was asked.
    private final class Notes: Transport {
        private let heard = Mutex<[OperationKind]>([])
        let takesSeveral: Bool
        init(takesSeveral: Bool) { self.takesSeveral = takesSeveral }

        var kinds: [OperationKind] { heard.withLock { $0 } }
        /// Those that rode with others.
        private let riding = Mutex<Set<OperationKind>>([])
        var together: Set<OperationKind> { riding.withLock { $0 } }

        func run(_ action: RemoteAction, on host: TenantHost) async throws(TransportError) -> ActionResult {
            guard let request = try? CanonicalJSON.value(HostRequest.self, from: String(decoding: action.input, as: UTF8.self)) else {
                return ActionResult(exitCode: 64, output: "", errors: "")
            }
            heard.withLock { $0.append(request.kind) }
            let nothing = HostAnswer(id: request.id, status: .failed, failure: StepFailure("nothing is known", effect: .nothingChanged, next: "-"))
            var answer = nothing
            if request.kind == Readings.kind {
                let asked = (try? CanonicalJSON.value(Readings.self, from: request.payload).asked) ?? []
                if takesSeveral { riding.withLock { $0.formUnion(asked.map(\.kind)) } }
                answer = takesSeveral
                    ? HostAnswer(id: request.id, status: .done, result: try? CanonicalJSON.text(asked.map { _ in nothing })) : HostAnswer(id: request.id, status: .refused)
            }
            return ActionResult(exitCode: 0, output: (try? answer.line()) ?? "", errors: "")
        }

        func probeHand(on host: TenantHost) async throws(TransportError) -> HandReport { .present(digest: "this", isThisBuild: true) }
        func placeHand(on host: TenantHost) async throws(TransportError) -> HandReport { .present(digest: "this", isThisBuild: true) }
        func removeHand(from host: TenantHost) async throws(TransportError) {}
    }

    private static func preview(takesSeveral: Bool) async throws -> (notes: Notes, preview: TenantPreview) {
        let notes = Notes(takesSeveral: takesSeveral)
        let engine = Engine(
            plan: try LabTenant.plan(), fleet: LampCatalog.fleet("acme"), catalog: MemoryCatalog.catalog, journal: MemoryJournal(), time: ManualTime(), me: "ann",
            holder: LeaseHolder(name: "one", seconds: 60)
        ) { _ in notes }
        return (notes, try await engine.preview("acme"))
    }

    @Test("a preview of the whole plan asks for all gates at once, and nothing of it a second time")
    func once() async throws {
        let (notes, preview) = try await Self.preview(takesSeveral: true)
        #expect(preview.steps.count == 13)
        #expect(notes.kinds.filter { $0 == Readings.kind }.count == 1)
        #expect(notes.kinds.filter(notes.together.contains).isEmpty, "asked alone as well: \(notes.kinds)")
        // What the commands shown are made of.
        #expect(notes.kinds.count <= 4, "\(notes.kinds)")

        let alone = try await Self.preview(takesSeveral: false)
        #expect(alone.preview == preview)
        print("a preview takes \(notes.kinds.count) deliveries; one after another it took \(alone.notes.kinds.count - 1)")
    }
}
