/// What may come next. Walking it finds every state there is: `lint` proves plans with it, and a test holds `docs/states.md` against it.
extension Standing {
    /// What may be recorded next under the plan: what carrying out the decision records, and what people may ask for at any time.
    ///
    /// Holds are left out: whoever releases one finds every position as it was. So are targets of a way back other than the start:
    /// the same steps are decided on until the target is reached.
    /// - Parameter made: what the catalogue makes of the plan's steps. What the engine could not carry out records nothing.
    func possibleEvents(under plan: Plan, catalog: StepCatalog, made: [StepID: AnyStep]) -> [Event.Change] {
        let notes: [Event.Change] = [.reopened(reason: ""), .revertRequested(to: nil, reason: "")]
        return notes + outcomes(decide(under: plan, catalog: catalog), plan, made) + foundGone(plan, catalog)
    }

    func outcomes(_ decision: Decision, _ plan: Plan, _ made: [StepID: AnyStep]) -> [Event.Change] {
        switch decision {
        case .adoptPlan: return [.planAdopted(digest: plan.digest, name: plan.name, revision: plan.revision, wave: "")]
        case .perform(let ref): return made[ref.step].map { $0.isWait ? [] : [.started(ref, attempt: 1)] } ?? []
        case .setAside(let ref), .performAfterGrace(let ref, _): return isGraceful(made[ref.step]) ? [.started(ref, attempt: 1)] : []
        case .askConsent(let ref): return [.approved(topic: ref.place, reason: "", facts: [:])]
        case .beginWait(let ref): return made[ref.step]?.isWait == true ? [.waitBegan(ref)] : []
        case .observe(let ref, _): return made[ref.step]?.isWait == true ? [.tended(ref, reason: ""), .verified(ref, .inPlace(Evidence()))] : []
        case .revert(let ref):
            switch made[ref.step] {
            case .wait: return [.reverted(ref, Evidence())]
            case .reversible: return [.revertStarted(ref, attempt: 1)]
            // The engine would call it taken back, and nothing would have been.
            case .irreversible, nil: return []
            }
        case .verify(let ref): return found(ref, made)
        case .stop, .finished, .settled: return []
        }
    }

    /// What ends a doubt, or confirms what was performed.
    private func found(_ ref: StepRef, _ made: [StepID: AnyStep]) -> [Event.Change] {
        let failed = Event.Change.failed(ref, StepFailure("", effect: .partlyChanged, next: ""))
        let doubt: [Event.Change] = [.becameUnknown(ref, detail: ""), failed]
        let givenUp = Event.Change.abandoned(ref, reason: "", facts: [:])
        let looked = [Finding.absent(Evidence()), .partial(Evidence()), .inPlace(Evidence())].map { Event.Change.verified(ref, $0) }
        // What goes as it should comes first, so that a walk finds that state before one that a mishap leads to.
        switch position(of: ref.step) {
        // The act may still be under way: its own outcome comes first, a look at the world when that is lost.
        case .inDoubt:
            let aside: [Event.Change] = isGraceful(made[ref.step]) ? [.setAside(ref, until: Timestamp(milliseconds: 0), Evidence())] : []
            return [.performed(ref, Evidence())] + aside + looked + doubt + [givenUp]
        case .revertInDoubt: return [.reverted(ref, Evidence())] + looked + doubt + [givenUp]
        default: return [.verified(ref, .inPlace(Evidence()))] + doubt
        }
    }

    private func isGraceful(_ step: AnyStep?) -> Bool { if case .reversible(_ as any GracefulStep)? = step { true } else { false } }

    /// A person may find any finished step gone that can be done anew.
    private func foundGone(_ plan: Plan, _ catalog: StepCatalog) -> [Event.Change] {
        guard case .forward = direction, !isInDoubt else { return [] }
        return plan.steps.filter { position(of: $0.id) == .verified && catalog.nature(of: $0.spec.kind) == .reversible }.flatMap { step in
            [.verified(step.ref(for: tenant), .absent(Evidence())), .verified(step.ref(for: tenant), .partial(Evidence()))]
        }
    }
}

extension Event {
    /// One that nobody records, so it is chained to nothing.
    init(imagined change: Change) {
        self.stream = ""
        self.revision = 0
        self.at = Timestamp(milliseconds: 0)
        self.by = ""
        self.fence = 0
        self.change = change
        self.previous = ""
        self.hash = ""
    }
}

extension Standing.Position {
    /// As `docs/states.md` calls it.
    public var word: String {
        switch self {
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

    /// Nothing of the step is there: not begun, or taken back.
    var isAway: Bool { self == .pending || self == .reverted }
}
