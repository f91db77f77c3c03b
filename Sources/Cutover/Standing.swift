/// Where a tenant is: a fold of its events. With `decide`, the only state machine.
public struct Standing: Sendable, Equatable {
    public enum Position: Sendable, Equatable {
        /// Not begun. Can become inDoubt (started) or, for a wait, waiting.
        case pending
        /// Begun, and some of it may be there. Performed anew when its gates are open; can become inDoubt, or be reverted like a step that was done.
        case halfDone
        /// Started, outcome not recorded. Leaves only through verify: to verified, halfDone, or back to pending.
        case inDoubt(attempt: Int)
        /// Its first half is done; the second may begin at `until`. Can become inDoubt (started again), or be reverted.
        case inGrace(until: Timestamp)
        /// Recorded as carried out. Can become verified, failed, inDoubt, or be reverted.
        case performed
        /// A wait whose samples are being collected. Can become verified.
        case waiting(began: OperationID)
        /// The world confirmed it. Can be reverted; a person who found it gone can open it again: pending or halfDone then.
        case verified
        /// A person has to look. Becomes halfDone when reopened, or is reverted.
        case failed(StepFailure)
        /// Its revert started, outcome not recorded. Leaves only through verify: to reverted, or back to performed.
        case revertInDoubt(attempt: Int)
        /// Its revert failed. Becomes performed when a revert is requested again.
        case revertFailed(StepFailure)
        /// Taken back. Can become inDoubt again.
        case reverted
    }

    public enum Direction: Sendable, Equatable {
        case forward
        /// Everything after this step (everything, when nil) is to be taken back.
        case back(to: StepID?)
    }

    public struct Note: Sendable, Equatable {
        public let by: OperatorID
        public let reason: String
    }

    public private(set) var tenant: TenantID
    public private(set) var revision = 0
    /// The newest revision that somebody else than the holder of the lease may have recorded.
    public private(set) var noted = 0
    /// Finished steps that a later look found to be otherwise.
    public private(set) var drift: [StepID: Finding] = [:]
    public private(set) var head: String
    public private(set) var planDigest: String?
    public private(set) var planRevision: Int?
    public private(set) var wave = ""
    public private(set) var direction = Direction.forward
    public private(set) var hold: Note?
    public private(set) var quarantine: String?
    /// All of the tenant was given up.
    public private(set) var abandonment: Abandonment?
    /// How often it was.
    public private(set) var timesAbandoned = 0
    /// It stood still, and nothing was begun since a person had it go on: others may have its place by now.
    public private(set) var isSetGoing = false
    public private(set) var consents: [Consent] = []
    public private(set) var since: Timestamp?
    /// The highest fencing number on record; the tenant's host has seen none above it, for every effect is on record before it is sent.
    public private(set) var fence = 0
    /// The newest operation on record that the tenant's host has carried out; a host that does not know it was put back to an older state.
    public private(set) var remembered: OperationID?
    private var positions: [StepID: Position] = [:]
    private var attempts: [StepID: Int] = [:]
    private var evidence: [StepID: Evidence] = [:]
    /// Of the steps that stand verified.
    private(set) var verifiedAt: [StepID: Timestamp] = [:]
    private var verdicts: [String: Gate.Verdict] = [:]
    private var unknowns: [StepID: String] = [:]
    private var origins: [StepID: String] = [:]
    private var originFences: [StepID: Int] = [:]
    private var checkpoints: [StepID: Checkpoint] = [:]
    private var clocks: [StepID: ToldClock] = [:]
    private var beganAt: [StepID: Timestamp] = [:]
    private var givenUp: [StepID: Abandonment] = [:]

    /// The last recorded progress of a step's newest attempt.
    public struct Checkpoint: Sendable, Codable, Equatable {
        public let at: Timestamp
        public let facts: [String: String]
    }

    /// How much of a wait's clock is on record, and since when.
    struct ToldClock: Sendable, Equatable {
        let stretches: Int
        let at: Timestamp
        /// How many samples each stretch was made of, and the hash of the first one.
        let samples: [Int]
        let first: String?
    }

    /// Under this name `performed`, `setAside` and `reverted` tell the operation that the host has to remember.
    static let operationFact = "operation"

    public init(_ tenant: TenantID, genesis: String) {
        self.tenant = tenant
        self.head = genesis
    }

    public func position(of step: StepID) -> Position { positions[step] ?? .pending }
    /// True while the outcome of any step is unknown, also of one that the newest plan no longer has.
    public var isInDoubt: Bool {
        positions.values.contains(where: \.isInDoubt)
    }
    /// Something was begun, and has neither been found in place nor absent since.
    var isMidway: Bool { positions.values.contains(where: \.isUnderWay) }
    /// A person stopped it, or gave it up.
    var isStopped: Bool { hold != nil || abandonment != nil }
    public func evidence(of step: StepID) -> Evidence? { evidence[step] }
    public func checkpoint(of step: StepID) -> Checkpoint? { checkpoints[step] }
    func clock(of step: StepID) -> ToldClock? { clocks[step] }
    /// When the wait began, by the controller's clock.
    public func waitBegan(_ step: StepID) -> Timestamp? { beganAt[step] }
    public func attempts(of step: StepID) -> Int { attempts[step] ?? 0 }
    public func verifiedAt(_ step: StepID) -> Timestamp? { verifiedAt[step] }
    public func unknown(of step: StepID) -> String? { unknowns[step] }
    /// Steps whose outcome was given up, until the world confirms them or their way back.
    public var abandonedSteps: [Abandonment] { givenUp.values.sorted { ($0.at, $0.step ?? "") < ($1.at, $1.step ?? "") } }
    /// The hash of the event that began the step's newest attempt: what its operation ids derive from.
    public func origin(of step: StepID) -> String? { origins[step] }
    /// The fence under which it began.
    func originFence(of step: StepID) -> Int? { originFences[step] }
    public func lastVerdict(_ ref: StepRef, claim: String) -> Gate.Verdict? { verdicts["\(ref.step)|\(claim)"] }
    /// The newest verdict of each claim of `ref` that was not open.
    public func shutGates(of ref: StepRef) -> [(claim: String, verdict: Gate.Verdict)] {
        verdicts.filter { $0.key.hasPrefix("\(ref.step)|") && !$0.value.isOpen }
            .map { (String($0.key.dropFirst(ref.step.text.count + 1)), $0.value) }
            .sorted { $0.claim < $1.claim }
    }

    public mutating func apply(_ event: Event) {
        revision = event.revision
        head = event.hash
        fence = max(fence, event.fence)
        if event.change.isNote { noted = event.revision }
        switch event.change {
        case .planAdopted(let digest, _, let revision, let wave):
            planDigest = digest
            planRevision = revision
            self.wave = wave
        case .gateAssessed(let ref, let claim, let verdict):
            let key = "\(ref.step)|\(claim)"
            if verdicts[key]?.answer != verdict.answer, !verdict.isOpen { since = event.at }
            verdicts[key] = verdict
            if !verdict.isOpen { isSetGoing = false }
            return
        case .approved(let topic, let reason, let facts):
            consents.append(Consent(by: event.by, topic: topic, reason: reason, at: event.at, facts: facts))
            return
        case .waived(let ref, let claim, let reason, let facts):
            consents.append(Consent(by: event.by, topic: Waiver.topic(ref.place, claim), reason: reason, at: event.at, facts: facts))
            return
        case .waiverEnded(let ref, let claim, _):
            consents.removeAll { $0.topic == Waiver.topic(ref.place, claim) }
            return
        case .checkpointed(let ref, let evidence):
            checkpoints[ref.step] = Checkpoint(at: event.at, facts: evidence.facts)
            return
        case .rechecked(let ref, let finding):
            drift[ref.step] = finding.isInPlace ? nil : finding
            return
        case .clockRead(let ref, let from, let stretches, _):
            let known = clocks[ref.step]
            clocks[ref.step] = ToldClock(
                stretches: from + stretches.count, at: event.at, samples: (known?.samples ?? []).prefix(from) + stretches.map(\.samples),
                first: from == 0 ? stretches.first?.first : known?.first)
            return
        case .tended, .waveOpened, .fleetHeld, .fleetReleased, .planKept, .previewUsed, .errandBegan, .errandEnded, .errandFailed, .adjustmentAsked, .adjustmentAnswered: return
        case .held(let reason): hold = Note(by: event.by, reason: reason)
        case .released:
            hold = nil
            isSetGoing = true
        case .quarantined(let reason): quarantine = reason
        case .recovered(_, let facts):
            quarantine = nil
            abandonment = nil
            isSetGoing = true
            remember(facts)
        case .abandoned(let ref, let reason, _): abandon(ref, reason, event)
        case .revertRequested(let step, _): turnBack(to: step)
        case .reopened: reopen()
        case .started, .setAside, .performed, .verified, .failed, .becameUnknown, .waitBegan, .waitResumed, .revertStarted, .reverted:
            applyToStep(event)
        }
        since = event.at
    }

    private mutating func abandon(_ ref: StepRef?, _ reason: String, _ event: Event) {
        let abandonment = Abandonment(step: ref?.place, by: event.by, at: event.at.description, reason: reason)
        guard let ref else {
            self.abandonment = abandonment
            timesAbandoned += 1
            return
        }
        let failure = StepFailure(
            "\(event.by) gave up its outcome, which nobody knows: \(reason)", effect: .unknown, next: "see what is there, then cutoverctl advance \(tenant), or cutoverctl revert \(tenant) --to STEP --reason TEXT")
        switch position(of: ref.step) {
        case .inDoubt: positions[ref.step] = .failed(failure)
        case .revertInDoubt: positions[ref.step] = .revertFailed(failure)
        default: return
        }
        unknowns[ref.step] = nil
        givenUp[ref.step] = abandonment
    }

    private mutating func applyToStep(_ event: Event) {
        // Whatever befalls a step, what was found of it before is over.
        if let ref = event.change.ref { drift[ref.step] = nil }
        switch event.change {
        case .started(let ref, let attempt):
            isSetGoing = false
            positions[ref.step] = .inDoubt(attempt: attempt)
            attempts[ref.step] = attempt
            origins[ref.step] = event.hash
            originFences[ref.step] = event.fence
            unknowns[ref.step] = nil
            evidence[ref.step] = nil
            checkpoints[ref.step] = nil
        case .setAside(let ref, let until, let facts):
            positions[ref.step] = .inGrace(until: until)
            evidence[ref.step] = remember(facts)
        case .performed(let ref, let facts):
            positions[ref.step] = .performed
            evidence[ref.step] = remember(facts)
        case .verified(let ref, let finding): applyFinding(finding, to: ref, at: event.at)
        case .failed(let ref, let failure):
            switch position(of: ref.step) {
            case .revertInDoubt, .revertFailed: positions[ref.step] = .revertFailed(failure)
            default: positions[ref.step] = .failed(failure)
            }
        case .becameUnknown(let ref, let detail):
            unknowns[ref.step] = detail
            if case .performed = position(of: ref.step) { positions[ref.step] = .inDoubt(attempt: attempts(of: ref.step)) }
        case .waitBegan(let ref): beginWait(ref, event, OperationID.derived(from: event.hash, ordinal: 0), since: event.at)
        case .waitResumed(let ref, let began, let since): beginWait(ref, event, began, since: since)
        case .revertStarted(let ref, let attempt):
            isSetGoing = false
            // Who agreed to it agreed to that time: whatever is heard of the way back, going forward again is asked for anew.
            forgetConsents(to: ref)
            positions[ref.step] = .revertInDoubt(attempt: attempt)
            attempts[ref.step] = attempt
            origins[ref.step] = event.hash
            originFences[ref.step] = event.fence
            unknowns[ref.step] = nil
            checkpoints[ref.step] = nil
        case .reverted(let ref, let facts):
            remember(facts)
            takeBack(ref)
        default: break
        }
    }

    /// Some of what the step does may be there.
    func mayHaveEffect(_ step: StepID) -> Bool {
        switch position(of: step) {
        case .pending, .waiting, .reverted: false
        // Changed nothing itself; what an earlier attempt did may be there.
        case .failed(let failure): failure.effect != .nothingChanged || attempts(of: step) > 1
        default: true
        }
    }

    private mutating func beginWait(_ ref: StepRef, _ event: Event, _ began: OperationID, since: Timestamp) {
        isSetGoing = false
        positions[ref.step] = .waiting(began: began)
        origins[ref.step] = event.hash
        originFences[ref.step] = event.fence
        clocks[ref.step] = nil
        beganAt[ref.step] = since
    }

    /// Answers the facts that are the step's own.
    @discardableResult
    private mutating func remember(_ evidence: Evidence) -> Evidence {
        guard let operation = evidence.facts[Self.operationFact] else { return evidence }
        remembered = OperationID(operation)
        return Evidence(evidence.facts.filter { $0.key != Self.operationFact })
    }

    private mutating func takeBack(_ ref: StepRef) {
        positions[ref.step] = .reverted
        givenUp[ref.step] = nil
        evidence[ref.step] = nil
        verifiedAt[ref.step] = nil
        verdicts = verdicts.filter { !$0.key.hasPrefix("\(ref.step)|") }
        // A wait and a step without a way back are taken back without a beginning.
        forgetConsents(to: ref)
    }

    private mutating func forgetConsents(to ref: StepRef) {
        consents.removeAll { $0.topic == ref.place || Waiver.place(of: $0.topic) == ref.place }
    }

    private mutating func applyFinding(_ finding: Finding, to ref: StepRef, at: Timestamp) {
        if case .unknown(let detail) = finding {
            unknowns[ref.step] = detail
            return
        }
        unknowns[ref.step] = nil
        // It was there once and is not any more: who agreed to it agreed to that time.
        if case .verified = position(of: ref.step), !finding.isInPlace {
            isSetGoing = true
            verifiedAt[ref.step] = nil
            forgetConsents(to: ref)
        }
        switch (position(of: ref.step), finding) {
        case (.revertInDoubt, .absent): takeBack(ref)
        case (.revertInDoubt, _): positions[ref.step] = .performed
        case (_, .inPlace(let facts)):
            positions[ref.step] = .verified
            givenUp[ref.step] = nil
            verifiedAt[ref.step] = at
            evidence[ref.step] = (evidence[ref.step] ?? Evidence()).merging(facts)
        case (_, .partial): positions[ref.step] = .halfDone
        default: positions[ref.step] = .pending
        }
    }

    private mutating func turnBack(to step: StepID?) {
        direction = .back(to: step)
        for (step, position) in positions {
            if case .revertFailed = position { positions[step] = .performed }
        }
    }

    private mutating func reopen() {
        direction = .forward
        isSetGoing = true
        for (step, position) in positions {
            switch position {
            // What it left behind is still there: a way back must not pass it over.
            case .failed: positions[step] = .halfDone
            case .revertFailed: positions[step] = .performed
            default: continue
            }
        }
    }
}

extension Standing.Position {
    var isInDoubt: Bool {
        switch self {
        case .inDoubt, .revertInDoubt: true
        default: false
        }
    }

    /// Something was begun there, and has not ended.
    var isUnderWay: Bool { self == .performed || isInDoubt }
}
