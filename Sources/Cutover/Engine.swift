/// Carries out decisions. Each call goes by the tenant's stream alone, so a crash costs nothing.
public struct Engine: Sendable {
    public let plan: Plan
    public let fleet: Fleet
    public let catalog: StepCatalog
    public let journal: any Journal
    public let time: any TimeSource
    public let me: OperatorID
    let holder: LeaseHolder
    let transport: @Sendable (TenantHost) -> (any Transport)?
    /// How long one host operation may take before its outcome counts as unknown.
    var operationSeconds: Int
    var spectator = Spectator()
    let readers: JournalReaders
    let fleetTurn = Turn()
    let fleetShare = SharedLease()
    let waveReader = WaveReader()
    /// A word from outside that holds the fleet.
    var stopper: @Sendable () -> FleetHold? = { nil }
    var places = Places.free

    public init(
        plan: Plan, fleet: Fleet, catalog: StepCatalog, journal: any Journal, time: any TimeSource, me: OperatorID, holder: LeaseHolder,
        operationSeconds: Int = 300, readers: JournalReaders = JournalReaders(), transport: @escaping @Sendable (TenantHost) -> (any Transport)?
    ) {
        self.plan = plan
        self.fleet = fleet.serving(plan)
        self.catalog = catalog
        self.journal = journal
        self.time = time
        self.me = me
        self.holder = holder
        self.operationSeconds = operationSeconds
        self.readers = readers
        self.transport = transport
    }

    /// Takes one decision for the tenant and carries it out, under its lease.
    public func advance(_ tenant: TenantID) async throws(EngineError) -> Advance {
        let ledger = try await open(tenant, holder: holder)
        let beat = heartbeat(ledger)
        defer { beat.cancel() }
        do {
            var outcome = try await carryOut(try await decision(tenant, ledger), tenant, ledger)
            if let stop = try await quarantine(ledger) { outcome = .stopped(stop) }
            await ledger.close()
            return outcome
        } catch {
            await ledger.close()
            throw error
        }
    }

    private func carryOut(_ decision: Decision, _ tenant: TenantID, _ ledger: Ledger) async throws(EngineError) -> Advance {
        switch decision {
        case .adoptPlan:
            let adopted = Event.Change.planAdopted(digest: plan.digest, name: plan.name, revision: plan.revision, wave: try await waveName(of: tenant))
            guard try await begin([adopted], ledger) != nil else { return try await decideAgain(tenant, ledger) }
            return .did(nil, "adopted plan \(plan.name) revision \(plan.revision)")
        case .perform(let ref): return try await perform(ref, ledger)
        case .setAside(let ref): return try await perform(ref, settingAside: true, ledger)
        case .performAfterGrace(let ref, let at):
            if time.now < at { return .waiting(ref, Observation(.shut("in grace until \(at)"), again: at)) }
            return try await perform(ref, ledger)
        case .verify(let ref): return try await verify(ref, ledger)
        case .beginWait(let ref): return try await beginWait(ref, ledger)
        case .observe(let ref, let began): return try await observe(ref, began: began, ledger)
        case .revert(let ref): return try await revert(ref, ledger)
        case .askConsent(let ref): return .consentNeeded(ref)
        case .stop(let stop): return .stopped(stop)
        case .finished: return .finished
        case .settled: return .settled
        }
    }

    private func decideAgain(_ tenant: TenantID, _ ledger: Ledger) async throws(EngineError) -> Advance {
        try await carryOut(try await decision(tenant, ledger), tenant, ledger)
    }

    // MARK: - Forward

    private func perform(_ ref: StepRef, settingAside: Bool = false, _ ledger: Ledger) async throws(EngineError) -> Advance {
        let (planned, step) = try find(ref)
        let sight = try await sight(for: ref, ledger, inAccord: true)
        let answers = await assess(try await gates(of: step, planned, await ledger.standing), sight)
        if let reason = await ledger.alarm.reason { return .unknown(ref, reason) }
        let shut = answers.filter { !$0.verdict.isOpen }
        guard shut.isEmpty else {
            try await recordNews(answers, of: ref, ledger)
            return .gated(ref, shut)
        }
        let opened = answers.map { Event.Change.gateAssessed(ref, claim: $0.claim, $0.verdict) }
        let attempt = await ledger.standing.attempts(of: ref.step) + 1
        guard let started = try await begin(opened + [.started(ref, attempt: attempt)], ledger) else {
            return try await decideAgain(ref.tenant, ledger)
        }
        let site = site(sight, ref, started: started, ledger)
        do {
            let evidence: Evidence
            switch step {
            case .reversible(let step as any GracefulStep) where settingAside:
                let aside = try await step.setAside(site)
                let until = time.now.adding(seconds: step.graceSeconds)
                try await record(.setAside(ref, until: until, await site.remembered(in: aside)), ledger)
                return .did(ref, "set aside, in grace until \(until)")
            case .reversible(let step): evidence = try await step.perform(site)
            case .irreversible(let step):
                guard let consent = try await consent(to: planned, await ledger.standing) else { return .consentNeeded(ref) }
                evidence = try await step.perform(site, with: consent)
            case .wait: return .did(ref, "nothing to perform")
            }
            try await record(.performed(ref, await site.remembered(in: evidence)), ledger)
            return .did(ref, "performed")
        } catch {
            return try await settle(ref, error, site, ledger)
        }
    }

    /// A failure is recorded as one only when its effect is known; otherwise the step stays in doubt.
    private func settle(_ ref: StepRef, _ error: any Error, _ site: Site, _ ledger: Ledger) async throws(EngineError) -> Advance {
        if let error = error as? EngineError { throw error }
        guard let told = error as? StepFailure else { throw .defect("\(ref): \(error)") }
        let failure = await site.ofAttempt(told)
        // What was begun stays in doubt: the world is asked when the tenant has been taken in again.
        if await ledger.alarm.reason != nil { return .unknown(ref, failure.what) }
        // Still in doubt, and nothing to record: the next advance looks where it is.
        if failure.effect == .goesOn { return .waiting(ref, Observation(.shut(failure.what))) }
        if failure.effect == .unknown {
            try await record(.becameUnknown(ref, detail: failure.what), ledger)
            return .unknown(ref, failure.what)
        }
        try await record(.failed(ref, failure), ledger)
        return .failed(ref, failure)
    }

    private func verify(_ ref: StepRef, _ ledger: Ledger) async throws(EngineError) -> Advance {
        let (_, step) = try find(ref)
        let sight = try await sight(for: ref, ledger, inAccord: true)
        let position = await ledger.standing.position(of: ref.step)
        let finding: Finding
        if position.isInDoubt, let why = await leaveBehind(ref, sight, ledger) { finding = .unknown(why) } else { finding = await look(step, sight) }
        if let reason = await ledger.alarm.reason { return .unknown(ref, reason) }
        switch finding {
        case .unknown(let detail):
            if await ledger.standing.unknown(of: ref.step) != detail { try await record(.becameUnknown(ref, detail: detail), ledger) }
            return .unknown(ref, detail)
        case .absent(let facts), .partial(let facts):
            guard case .performed = position else { break }
            let failure = StepFailure(
                "performed, but not in place: \(Gate.Verdict.open(facts).detail)", effect: .partlyChanged, next: "cutoverctl why \(ref.tenant)")
            try await record(.failed(ref, failure), ledger)
            return .failed(ref, failure)
        case .inPlace: break
        }
        try await record(.verified(ref, finding), ledger)
        if case .revertInDoubt = position { return .did(ref, finding.isAbsent ? "reverted" : "still in place: to be reverted again") }
        return .did(ref, finding.isInPlace ? "verified" : "not in place: open again")
    }

    // MARK: - Waits

    private func beginWait(_ ref: StepRef, _ ledger: Ledger) async throws(EngineError) -> Advance {
        let (planned, step) = try find(ref)
        let sight = try await sight(for: ref, ledger, inAccord: true)
        let answers = await assess(try await gates(of: step, planned, await ledger.standing), sight)
        if let reason = await ledger.alarm.reason { return .unknown(ref, reason) }
        let shut = answers.filter { !$0.verdict.isOpen }
        guard shut.isEmpty else {
            try await recordNews(answers, of: ref, ledger)
            return .gated(ref, shut)
        }
        guard let began = try await begin([.waitBegan(ref)], ledger) else { return try await decideAgain(ref.tenant, ledger) }
        guard case .waiting(let id) = await ledger.standing.position(of: ref.step) else { throw .defect("\(ref) began to wait and does not") }
        return try await tend(step, ref, began: id, site(sight, ref, started: began, ledger), ledger) ?? .did(ref, "waiting")
    }

    private func observe(_ ref: StepRef, began: OperationID, _ ledger: Ledger) async throws(EngineError) -> Advance {
        let (_, step) = try find(ref)
        guard case .wait(let wait) = step else { throw .defect("\(ref) waits but is not a wait") }
        let sight = try await sight(for: ref, ledger, inAccord: true)
        let seen = bounded(await wait.observe(sight, began: began), since: await ledger.standing.waitBegan(ref.step))
        if let clock = seen.clock { await compare(clock, of: ref, ledger) }
        // What a host that was put back tells of its samples is no evidence.
        if await ledger.alarm.reason != nil { return .waiting(ref, seen) }
        if let reason = seen.needsTending {
            guard let tended = try await begin([.tended(ref, reason: reason)], ledger) else { return try await decideAgain(ref.tenant, ledger) }
            if let failed = try await tend(step, ref, began: began, site(sight, ref, started: tended, ledger), ledger) { return failed }
        }
        if let clock = seen.clock { try await record(clock, of: ref, isOver: seen.verdict.isOpen, ledger) }
        if case .open(let evidence) = seen.verdict {
            try await record(.verified(ref, .inPlace(evidence)), ledger)
            return .did(ref, "verified")
        }
        try await recordNews(answers(of: seen, ref, await ledger.standing), of: ref, ledger)
        return .waiting(ref, seen)
    }

    /// No host's clocks count more than ours since the wait began.
    private func bounded(_ seen: Observation, since began: Timestamp?) -> Observation {
        guard let clock = seen.clock, let began, seen.verdict.isOpen else { return seen }
        let (theirs, ours) = (ClockReading.coveredMilliseconds(clock.stretches), time.now.milliseconds - began.milliseconds)
        if theirs <= ours { return seen }
        return Observation(.shut("the host's clocks count \(theirs / 1000) s, and ours \(ours / 1000) s since the wait began"), needsTending: seen.needsTending, clock: clock, again: time.now.adding(seconds: Int((theirs - ours) / 1000) + 1))
    }

    /// What a person must clear is a claim of its own, so that `status` can tell it from a clock that runs.
    private func answers(of seen: Observation, _ ref: StepRef, _ standing: Standing) -> [GateAnswer] {
        let signed = Standing.personClaim
        guard case .person = seen.clearedBy else {
            let window = GateAnswer(claim: "the window is clean", verdict: seen.verdict, clearedBy: .time)
            guard let last = standing.lastVerdict(ref, claim: signed), !last.isOpen else { return [window] }
            return [window, GateAnswer(claim: signed, verdict: .open(Evidence()), clearedBy: .time)]
        }
        return [GateAnswer(claim: signed, verdict: seen.verdict, clearedBy: seen.clearedBy)]
    }

    /// Nil when the samplers run.
    private func tend(
        _ step: AnyStep, _ ref: StepRef, began: OperationID, _ site: Site, _ ledger: Ledger
    ) async throws(EngineError) -> Advance? {
        guard case .wait(let wait) = step else { throw .defect("\(ref) is tended but is not a wait") }
        do {
            _ = try await wait.tend(site, began: began)
            return nil
        } catch {
            // The next observation asks for tending again: nothing is lost but time.
            return .waiting(ref, Observation(.unknown(error.what)))
        }
    }

    // MARK: - Back

    private func revert(_ ref: StepRef, _ ledger: Ledger) async throws(EngineError) -> Advance {
        let (_, step) = try find(ref)
        guard case .reversible(let reversible) = step else {
            try await record(.reverted(ref, Evidence(["effect": "none"])), ledger)
            return .did(ref, "left")
        }
        let performed = await ledger.standing.evidence(of: ref.step)
        let attempt = await ledger.standing.attempts(of: ref.step) + 1
        let sight = try await sight(for: ref, ledger, inAccord: true)
        guard let started = try await begin([.revertStarted(ref, attempt: attempt)], ledger) else {
            return try await decideAgain(ref.tenant, ledger)
        }
        let site = site(sight, ref, started: started, ledger)
        do {
            let evidence = try await reversible.revert(site, performed: performed)
            let finding = await look(step, sight)
            switch finding {
            case .absent: break
            case .unknown(let detail): throw StepFailure(detail, effect: .unknown, next: "cutoverctl why \(ref.tenant)")
            case .partial(let facts), .inPlace(let facts):
                throw StepFailure(
                    "reverted, but something is still in place: \(Gate.Verdict.open(facts).detail)", effect: .partlyChanged,
                    next: "cutoverctl why \(ref.tenant)")
            }
            try await record(.reverted(ref, await site.remembered(in: evidence)), ledger)
            return .did(ref, "reverted")
        } catch {
            return try await settle(ref, error, site, ledger)
        }
    }
}

/// What one advance came to.
public enum Advance: Sendable {
    case did(StepRef?, String)
    case gated(StepRef, [GateAnswer])
    case waiting(StepRef, Observation)
    case failed(StepRef, StepFailure)
    case unknown(StepRef, String)
    case consentNeeded(StepRef)
    case stopped(Decision.Stop)
    case finished
    case settled
}

extension Advance {
    var hasVerified: Bool { if case .did(.some, "verified") = self { true } else { false } }
}

public struct GateAnswer: Sendable, Equatable {
    public let claim: String
    public let verdict: Gate.Verdict
    public let clearedBy: Gate.Clearance
    public init(claim: String, verdict: Gate.Verdict, clearedBy: Gate.Clearance) {
        self.claim = claim
        self.verdict = verdict
        self.clearedBy = clearedBy.after(verdict)
    }
}

public enum EngineError: Error, Sendable {
    case journal(JournalError)
    case unknownTenant(TenantID)
    case unknownKind(StepKind)
    case unknownStep(StepID)
    case previewUsed(FleetStanding.Use)
    /// Another loop took the last place.
    case noPlace(Rollout.Admission)
    case noTransport(TenantID, scheme: String)
    case defect(String)
}

extension Finding {
    public var isInPlace: Bool { if case .inPlace = self { true } else { false } }
    public var isAbsent: Bool { if case .absent = self { true } else { false } }
}
