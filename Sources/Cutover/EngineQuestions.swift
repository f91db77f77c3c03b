/// What can be asked of the engine without changing anything: neither host nor journal.
extension Engine {
    public func standing(of tenant: TenantID) async throws(EngineError) -> Standing {
        await (try open(tenant, holder: nil)).standing
    }

    /// Every step still to come, with live gate answers and the commands it would run. The one that puts the program on the host is among them
    /// where another build stands there, and this one would take its place.
    public func preview(_ tenant: TenantID) async throws(EngineError) -> TenantPreview {
        let ledger = try await open(tenant, holder: nil)
        let standing = await ledger.standing
        var renewed: StepRef?
        if case .opened(let ref) = try await renewal(tenant, ledger) { renewed = ref }
        var coming: [(planned: PlannedStep, step: AnyStep, sight: Sight, gates: [Gate])] = []
        for planned in plan.steps {
            let ref = planned.ref(for: tenant)
            if case .verified = standing.position(of: planned.id), ref != renewed { continue }
            let (_, step) = try find(ref)
            coming.append((planned, step, try await sight(for: ref, ledger), try await gates(of: step, planned, standing)))
        }
        // All that any of the gates asks of the host, in one delivery.
        let first = await coming.first?.sight.having(coming.flatMap { $0.gates.flatMap(\.asks) })
        var steps: [StepPreview] = []
        for (planned, step, sight, gates) in coming {
            let answers = await assess(gates, sight.knowing(what: first))
            var commands: [String]
            do { commands = try await step.base.preview(sight).commands } catch { commands = ["(not known yet: \(error.what))"] }
            if planned.ref(for: tenant) == renewed { commands.insert("another build of the program stands there: this one takes its place", at: 0) }
            steps.append(
                StepPreview(
                    step: planned.place, reversible: step.isReversible, risk: planned.spec.risk.rawValue,
                    gates: answers.map { .init(claim: $0.claim, answer: $0.verdict.answer, detail: $0.verdict.detail) }, commands: commands))
        }
        return TenantPreview(tenant: tenant, steps: steps)
    }

    /// Asks the world again about every finished step whose effect should still stand.
    public func check(_ tenant: TenantID) async throws(EngineError) -> [CheckedStep] {
        let ledger = try await open(tenant, holder: nil)
        var checked: [CheckedStep] = []
        for planned in lasting(await ledger.standing) {
            let ref = planned.ref(for: tenant)
            let finding = await look(try find(ref).1, try await sight(for: ref, ledger))
            checked.append(CheckedStep(step: planned.place, finding: finding))
        }
        return checked
    }

    /// The finished steps whose effect should still stand. What a later step ends may be gone as soon as that one may have set it aside.
    func lasting(_ standing: Standing) -> [PlannedStep] {
        let begun = plan.steps.filter { standing.mayHaveEffect($0.id) }
        let kinds = Set(begun.map(\.spec.kind))
        return begun.filter { planned in
            guard standing.position(of: planned.id) == .verified, let entry = catalog.entry(for: planned.spec.kind) else { return false }
            return entry.nature != .wait && kinds.isDisjoint(with: entry.endedBy)
        }
    }

    /// Puts one reading to the tenant's host outside of any step: for lists that people look through and sign.
    public func ask<R: Reading>(_ operation: R, of tenant: TenantID) async throws(EngineError) -> Result<R.Result, StepFailure> {
        let ref = StepRef(tenant: tenant, phase: "-", step: StepID(R.kind.text))
        let sight = try await sight(for: ref, try await open(tenant, holder: nil))
        do { return .success(try await sight.ask(operation)) } catch { return .failure(error) }
    }

    /// The first unmet condition, since when, and who can clear it.
    public func why(_ tenant: TenantID) async throws(EngineError) -> Reason {
        let ledger = try await open(tenant, holder: nil)
        let standing = await ledger.standing
        let since = standing.since?.description ?? ""
        func reason(_ ref: StepRef?, _ claim: String, _ answer: String, clearedBy: String, next: String) -> Reason {
            Reason(tenant: tenant, step: ref?.place ?? "", claim: claim, answer: answer, since: since, clearedBy: clearedBy, next: next)
        }
        let advance = "cutoverctl advance \(tenant)"
        let decision = standing.decide(under: plan, catalog: catalog)
        if case .stop = decision {} else if let hold = try await holdOverAll(tenant) {
            return reason(nil, "nobody holds the fleet or its wave", "held by \(hold.by): \(hold.reason)", clearedBy: "a person", next: hold.next)
        }
        switch decision {
        case .adoptPlan: return reason(nil, "the tenant has adopted the plan", "not begun", clearedBy: "the next advance", next: advance)
        case .performAfterGrace(let ref, let at) where time.now < at:
            return reason(ref, "the grace period is over", "in grace until \(at)", clearedBy: Gate.Clearance.time.text, next: "cutoverctl run")
        case .perform(let ref), .beginWait(let ref), .setAside(let ref), .performAfterGrace(let ref, _):
            let (planned, step) = try find(ref)
            let answers = await assess(try await gates(of: step, planned, standing), try await sight(for: ref, ledger))
            if let shut = answers.first(where: { !$0.verdict.isOpen }) {
                var next = advance
                if case .person(let command) = shut.clearedBy { next = command }
                return reason(ref, shut.claim, "\(shut.verdict.answer): \(shut.verdict.detail)", clearedBy: shut.clearedBy.text, next: next)
            }
            return reason(ref, "the step has been begun", "every gate is open", clearedBy: "the next advance", next: advance)
        case .observe(let ref, let began):
            guard case .wait(let wait) = try find(ref).1 else { throw .defect("\(ref) is no wait") }
            let seen = await wait.observe(try await sight(for: ref, ledger), began: began)
            var (claim, next) = ("the window is clean", "cutoverctl run")
            if case .person(let command) = seen.clearedBy { (claim, next) = (Standing.personClaim, command) }
            return reason(ref, claim, "\(seen.verdict.answer): \(seen.verdict.detail)", clearedBy: seen.clearedBy.text, next: next)
        case .verify(let ref):
            let detail = standing.unknown(of: ref.step) ?? "its outcome has not been recorded"
            return reason(ref, "the outcome is known", "in doubt: \(detail)", clearedBy: "verify, which asks the host", next: advance)
        case .revert(let ref): return reason(ref, "the step is taken back", "going back", clearedBy: "the next advance", next: advance)
        case .askConsent(let ref):
            let next = "cutoverctl approve \(tenant) \(ref.place) --reason TEXT --confirm \(tenant)"
            return reason(ref, "a person consented to what can't be undone", "no consent is recorded", clearedBy: next, next: next)
        case .stop(let stop): return explain(stop, tenant, since)
        case .finished: return reason(nil, "every step is verified", "done", clearedBy: "nobody: nothing is left to do", next: "cutoverctl check \(tenant)")
        case .settled: return reason(nil, "what was to be taken back has been", "reverted", clearedBy: "a person, who may go forward again", next: advance)
        }
    }

    private func explain(_ stop: Decision.Stop, _ tenant: TenantID, _ since: String) -> Reason {
        func reason(_ step: String, _ claim: String, _ answer: String, _ next: String) -> Reason {
            Reason(tenant: tenant, step: step, claim: claim, answer: answer, since: since, clearedBy: "a person", next: next)
        }
        switch stop {
        case .held(let by, let why): return reason("", "nobody holds the tenant", "held by \(by): \(why)", "cutoverctl release \(tenant) --reason TEXT")
        case .abandoned(let by, let why): return reason("", "the tenant was not abandoned", "abandoned by \(by): \(why)", "if its host is back: \(Self.takingIn(tenant))")
        case .quarantined(let why): return reason("", "host, database and journal remember the same", "quarantined: \(why)", Self.takingIn(tenant))
        case .failed(let ref, let failure): return reason(ref.place, "the step did not fail", "failed: \(failure.what)", failure.next)
        case .noWayBack(let ref): return reason(ref.place, "the step can be undone", "it can't: nothing brings back what it removed", "cutoverctl history \(tenant)")
        case .planChanged(let adopted):
            return reason("", "the plan is the adopted one", "a step is in doubt under plan \(adopted.prefix(12))", "advance with the adopted plan first")
        case .unknownTarget(let step):
            return reason(step.text, "the way back ends at a step of the plan", "plan \(plan.name) has no step \(step)", "cutoverctl revert \(tenant) --to STEP --reason TEXT")
        case .newerPlan(let adopted):
            return reason("", "the plan is not older than the tenant's", "the tenant has adopted revision \(adopted), this is \(plan.revision)", "use revision \(adopted) or newer")
        }
    }
}

public struct TenantPreview: Sendable, Codable, Equatable {
    public let tenant: TenantID
    public let steps: [StepPreview]
}

public struct StepPreview: Sendable, Codable, Equatable {
    public struct GateLine: Sendable, Codable, Equatable {
        public let claim: String
        public let answer: String
        public let detail: String
    }
    public let step: String
    public let reversible: Bool
    public let risk: String
    public let gates: [GateLine]
    public let commands: [String]
}

public struct CheckedStep: Sendable, Equatable {
    public let step: String
    public let finding: Finding
}

public struct Reason: Sendable, Codable, Equatable {
    public let tenant: TenantID
    public let step: String
    public let claim: String
    public let answer: String
    public let since: String
    public let clearedBy: String
    public let next: String
}
