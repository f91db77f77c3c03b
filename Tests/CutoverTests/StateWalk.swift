import Cutover
import CutoverTestKit

/// Every move of a step's position that the engine or a person can make, found by walking `decide` and `apply` and nothing else.
struct StateWalk {
    struct Move: Hashable, Comparable, CustomStringConvertible {
        let from: String
        let event: String
        let to: String
        var description: String { "\(from) | \(event) | \(to)" }
        static func < (left: Self, right: Self) -> Bool { left.description < right.description }
    }

    private(set) var moves: Set<Move> = []
    private var seen: Set<String> = []

    /// Walks one plan of a single step for each nature a step can have.
    init() {
        for kind in ["lamp.wire", "lamp.retire", "lamp.watch", "lamp.smash"] as [StepKind] {
            let plan = LampCatalog.plan(phases: [Phase(id: "P", steps: [LampCatalog.step(kind)])])
            walk(Fold.standing([Fold.adopted(plan)]), plan, StepRef(tenant: "acme", phase: "P", step: StepID(kind.text)))
        }
    }

    private mutating func walk(_ standing: Standing, _ plan: Plan, _ ref: StepRef) {
        let from = Self.word(standing.position(of: ref.step))
        guard seen.insert("\(ref.step) \(from) \(standing.direction) \(standing.consents.count)").inserted else { return }
        for change in Self.possible(standing, plan, ref) {
            var next = standing
            Fold.apply(change, to: &next)
            let to = Self.word(next.position(of: ref.step))
            if from != to { moves.insert(Move(from: from, event: Self.word(change), to: to)) }
            walk(next, plan, ref)
        }
    }

    /// What may be recorded next: what carrying out the decision records, and what people may ask for at any time.
    private static func possible(_ standing: Standing, _ plan: Plan, _ ref: StepRef) -> [Event.Change] {
        let notes: [Event.Change] = [.reopened(reason: "r"), .revertRequested(to: nil, reason: "r")]
        let doubt: [Event.Change] = [.becameUnknown(ref, detail: "d"), .failed(ref, Fold.mishap)]
        let findings: [Finding] = [.absent(Evidence()), .partial(Evidence()), .inPlace(Evidence())]
        let looked = findings.map { Event.Change.verified(ref, $0) }
        let attempt = standing.attempts(of: ref.step) + 1
        let catalog = LampCatalog.catalog
        switch standing.decide(under: plan, catalog: catalog) {
        case .perform, .setAside, .performAfterGrace: return notes + [.started(ref, attempt: attempt)]
        case .askConsent: return notes + [.approved(topic: plan.steps[0].place, reason: "yes", facts: [:])]
        case .beginWait: return notes + [.waitBegan(ref)]
        case .observe: return notes + [.tended(ref, reason: "r"), .verified(ref, .inPlace(Evidence()))]
        case .revert:
            if case .wait = LampCatalog.catalog.nature(of: plan.steps[0].spec.kind) { return notes + [.reverted(ref, Evidence())] }
            return notes + [.revertStarted(ref, attempt: attempt)]
        case .verify:
            switch standing.position(of: ref.step) {
            // The act may still be under way: its own outcome comes first, a look at the world when that is lost.
            case .inDoubt:
                let isGraceful = if case .graceful = LampCatalog.catalog.nature(of: plan.steps[0].spec.kind) { true } else { false }
                let halves: [Event.Change] = isGraceful ? [.setAside(ref, until: Fold.later, Evidence())] : []
                return notes + doubt + looked + [.performed(ref, Evidence())] + halves
            case .revertInDoubt: return notes + doubt + looked + [.reverted(ref, Evidence())]
            default: return notes + doubt + [.verified(ref, .inPlace(Evidence()))]
            }
        case .finished:
            // What can be undone may be found gone again.
            return catalog.nature(of: plan.steps[0].spec.kind) == .reversible ? notes + looked.dropLast() : notes
        case .adoptPlan, .stop, .settled: return notes
        }
    }

    static func word(_ position: Standing.Position) -> String {
        switch position {
        case .pending: "pending"
        case .halfDone: "halfDone"
        case .inDoubt: "inDoubt"
        case .inGrace: "inGrace"
        case .performed: "performed"
        case .waiting: "waiting"
        case .verified: "verified"
        case .failed: "failed"
        case .revertInDoubt: "revertInDoubt"
        case .revertFailed: "revertFailed"
        case .reverted: "reverted"
        }
    }

    private static func word(_ change: Event.Change) -> String {
        guard case .verified(_, let finding) = change else { return change.kind }
        return switch finding {
        case .absent: "verified: absent"
        case .partial: "verified: partial"
        case .inPlace: "verified: in place"
        case .unknown: "verified: unknown"
        }
    }
}
