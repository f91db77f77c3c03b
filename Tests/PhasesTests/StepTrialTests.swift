import Cutover
import CutoverTestKit
import Foundation
import Phases
import Testing

@Suite("the memory migration on a tenant of the lab", .serialized) struct StepTrialTests {
    @Test("every step goes there, back and there again; controllers die before they can record it, and looking changes nothing", .timeLimit(.minutes(Sanitizer.isOn ? 60 : 10)))
    func wholePlan() async throws {
        let lab = try await LabTenant.up(rows: 60)
        do {
            try await Self.trial(lab).run()
        } catch {
            try? await lab.down()
            throw error
        }
        try await lab.down()
        #expect(!FileManager.default.fileExists(atPath: lab.root))
    }

    static func trial(_ lab: LabTenant) -> PlanTrial {
        let began = ContinuousClock.now
        let world = PlanTrial.World(transport: lab.transport, time: RealTime(), picture: { try await lab.picture() }, belongings: { try await lab.belongings() })
        return PlanTrial(of: lab.plan, catalog: MemoryCatalog.catalog, host: lab.host, others: lab.others, world: world, agree: agree) { leg in
            print("\(ContinuousClock.now - began) \(leg)")
        }
    }

    /// What people answer to the commands that gates name.
    static func agree(_ command: String, _ ref: StepRef, _ engine: Engine) async throws -> [PlanTrial.Agreement] {
        let words = command.split(separator: " ").map(String.init)
        guard words.prefix(2) == ["cutoverctl", "approve"] else { return [] }
        func value(of option: String) -> String? { words.firstIndex(of: option).map { words[$0 + 1] } }
        if let side = value(of: "--access").flatMap({ SignedAccess.Side(rawValue: $0) }) {
            return [.init(by: "trial", topic: SignedAccess.topic(side), facts: SignedAccess(side, of: try await engine.ask(AccessChange(), of: ref.tenant).get()).facts)]
        }
        if let reason = value(of: "--exceptions") {
            let list = try await engine.ask(ListExceptions(table: LegacyTable.of(engine.plan)[0]), of: ref.tenant).get()
            return [.init(by: "trial", topic: "exceptions/\(reason)", facts: ["count": "\(list.counts[reason] ?? 0)", "digest": list.digest(of: reason)])]
        }
        guard words.contains(ref.place) else { return [] }
        return ["lead-1", "lead-2"].map { .init(by: OperatorID($0), topic: ref.place) }
    }
}
