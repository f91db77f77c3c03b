public import Cutover

/// Promise 4: every gate of a step, those of its way back among them, is found open just before it is begun.
public struct WayBackIsProven: Invariant, JudgesRecord {
    public let name = "a step begins behind open gates"
    public var violations: [String] { notes.all }
    var notes = Notes()
    var forgetful: Self { Self() }
    /// The newest answer to each claim of a step, and when it was given.
    private var answers: [StepRef: [String: (verdict: Gate.Verdict, at: Timestamp)]] = [:]
    /// Until when each claim of a step is set aside.
    private var waived: [StepRef: [String: Timestamp]] = [:]
    /// How old an answer may be.
    private static let seconds = 600.0

    public init() {}

    public mutating func hear(_ event: Event, world: WorldView) {
        switch event.change {
        case .gateAssessed(let ref, let claim, let verdict): answers[ref, default: [:]][claim] = (verdict, event.at)
        case .waived(let ref, let claim, _, let facts):
            guard let until = facts[Waiver.expiresKey].flatMap({ Timestamp($0) }) else { return }
            waived[ref, default: [:]][claim] = max(until, waived[ref]?[claim] ?? until)
        case .waiverEnded(let ref, let claim, _): waived[ref]?[claim] = nil
        case .started(let ref, _): judge(ref, event, world)
        default: return
        }
    }

    private mutating func judge(_ ref: StepRef, _ event: Event, _ world: WorldView) {
        for claim in Self.claims(ref, world) where waived[ref]?[claim].map({ $0 > event.at }) != true {
            guard let answer = answers[ref]?[claim] else {
                notes.add("\(ref) was begun, and nobody asked whether \(claim)", event)
                continue
            }
            if !answer.verdict.isOpen { notes.add("\(ref) was begun, and \(claim) was \(answer.verdict.answer)", event) }
            if event.at.seconds(since: answer.at) > Self.seconds { notes.add("\(ref) was begun \(Int(event.at.seconds(since: answer.at))) s after it was asked whether \(claim)", event) }
        }
    }

    /// As the step itself states them.
    private static func claims(_ ref: StepRef, _ world: WorldView) -> [String] {
        guard let planned = world.plan.steps.first(where: { $0.id == ref.step }), let step = world.catalog.make(planned, in: world.plan) else { return [] }
        var claims = step.base.preconditions.map(\.claim)
        if case .reversible(let reversible) = step { claims += reversible.wayBack.map(\.claim) }
        return claims
    }

    public mutating func after(_ happening: Happening, world: WorldView) {}
    public mutating func atEnd(_ world: WorldView) {}
}
