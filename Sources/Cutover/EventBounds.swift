/// How much one event may hold of what a host told: a journal that took whatever it is told would grow as a host likes.
extension Event.Change {
    /// Of one fact, in bytes. What is recorded in earnest takes a few hundred.
    static let mostOfFact = 64 << 10
    static let mostFacts = 500
    /// Stretches in one event; those behind them are told by the next.
    static let mostStretches = 2000

    /// The same, and no more than that of what a host told. What people signed stays whole: it would count for nothing otherwise.
    var bounded: Self {
        switch self {
        case .gateAssessed(let ref, let claim, let verdict): .gateAssessed(ref, claim: claim, verdict.bounded)
        case .checkpointed(let ref, let evidence): .checkpointed(ref, evidence.bounded)
        case .setAside(let ref, let until, let evidence): .setAside(ref, until: until, evidence.bounded)
        case .performed(let ref, let evidence): .performed(ref, evidence.bounded)
        case .verified(let ref, let finding): .verified(ref, finding.bounded)
        case .rechecked(let ref, let finding): .rechecked(ref, finding.bounded)
        case .failed(let ref, let failure): .failed(ref, failure.bounded)
        case .becameUnknown(let ref, let detail): .becameUnknown(ref, detail: HostWords.cut(detail, to: Self.mostOfFact))
        case .tended(let ref, let reason): .tended(ref, reason: HostWords.cut(reason, to: Self.mostOfFact))
        case .clockRead(let ref, let from, let stretches, let skew): .clockRead(ref, from: from, stretches.prefix(Self.mostStretches).map(\.bounded), skew: skew)
        case .reverted(let ref, let evidence): .reverted(ref, evidence.bounded)
        case .quarantined(let reason): .quarantined(reason: HostWords.cut(reason, to: Self.mostOfFact))
        case .recovered(let reason, let evidence): .recovered(reason: reason, evidence.bounded)
        case .errandEnded(let kind, let evidence): .errandEnded(kind, evidence.bounded)
        case .errandFailed(let kind, let failure): .errandFailed(kind, failure.bounded)
        case .adjustmentAnswered(let kind, let outcome): .adjustmentAnswered(kind, outcome: HostWords.cut(outcome, to: Self.mostOfFact))
        case .planAdopted, .approved, .waived, .waiverEnded, .started, .waitBegan, .waitResumed, .revertRequested, .revertStarted, .reopened, .held, .released, .abandoned,
            .waveOpened, .planKept, .fleetHeld, .fleetReleased, .previewUsed, .errandBegan, .adjustmentAsked:
            self
        }
    }
}

extension Evidence {
    var bounded: Evidence {
        let isSmall = facts.count <= Event.Change.mostFacts && facts.allSatisfy { $0.key.utf8.count + $0.value.utf8.count <= Event.Change.mostOfFact }
        if isSmall { return self }
        let kept = facts.sorted { $0.key < $1.key }.prefix(Event.Change.mostFacts)
        let cut = kept.map { (HostWords.cut($0.key, to: 200), HostWords.cut($0.value, to: Event.Change.mostOfFact / 2)) }
        return Evidence(Dictionary(cut) { first, _ in first })
    }
}

extension Finding {
    fileprivate var bounded: Finding {
        switch self {
        case .absent(let evidence): .absent(evidence.bounded)
        case .partial(let evidence): .partial(evidence.bounded)
        case .inPlace(let evidence): .inPlace(evidence.bounded)
        case .unknown(let detail): .unknown(HostWords.cut(detail, to: Event.Change.mostOfFact))
        }
    }
}

extension Gate.Verdict {
    fileprivate var bounded: Gate.Verdict {
        switch self {
        case .open(let evidence): .open(evidence.bounded)
        case .shut(let why): .shut(HostWords.cut(why, to: Event.Change.mostOfFact))
        case .unknown(let why): .unknown(HostWords.cut(why, to: Event.Change.mostOfFact))
        }
    }
}

extension StepFailure {
    fileprivate var bounded: StepFailure {
        StepFailure(HostWords.cut(what, to: Event.Change.mostOfFact), effect: effect, next: HostWords.cut(next, to: Event.Change.mostOfFact))
    }
}

extension Stretch {
    fileprivate var bounded: Stretch {
        Stretch(
            kind: kind, from: from, until: until, milliseconds: milliseconds, samples: samples, first: HostWords.cut(first, to: 200), last: HostWords.cut(last, to: 200),
            detail: HostWords.cut(detail, to: 2000))
    }
}
