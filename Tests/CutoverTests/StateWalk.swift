import CutoverTestKit

@testable import Cutover

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
            let made = LampCatalog.catalog.make(plan.steps[0], in: plan)
            walk(Fold.standing([Fold.adopted(plan)]), plan, StepRef(tenant: "acme", phase: "P", step: StepID(kind.text)), [StepID(kind.text): made!])
        }
    }

    private mutating func walk(_ standing: Standing, _ plan: Plan, _ ref: StepRef, _ made: [StepID: AnyStep]) {
        let from = standing.position(of: ref.step).word
        guard seen.insert("\(ref.step) \(from) \(standing.direction) \(standing.consents.count)").inserted else { return }
        for change in standing.possibleEvents(under: plan, catalog: LampCatalog.catalog, made: made) {
            var next = standing
            Fold.apply(change, to: &next)
            let to = next.position(of: ref.step).word
            if from != to { moves.insert(Move(from: from, event: Self.word(change), to: to)) }
            walk(next, plan, ref, made)
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
