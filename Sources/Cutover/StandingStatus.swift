/// The status line of a standing: the only place where positions become the words that people read.
extension Standing {
    /// Shut while a wait needs a person and not time.
    static let personClaim = "what a person has to clear is cleared"

    public func status(under plan: Plan, catalog: StepCatalog) -> TenantStatus {
        let current = currentStep(of: plan, catalog)
        let state = state(current)
        var status = TenantStatus(
            tenant: tenant, wave: wave, milestone: milestone(under: plan, catalog: catalog), phase: current?.phase.text ?? "",
            step: current?.id.text ?? "", state: state, since: since?.description ?? "",
            held: abandonment.map { "\($0.by): abandoned: \($0.reason)" } ?? hold.map { "\($0.by): \($0.reason)" }, next: next(state), progress: current.flatMap { underWay($0.id) ? checkpoint(of: $0.id) : nil },
            trouble: abandonment == nil ? trouble(unheld(current), current) : nil, exposed: abandonment == nil && isExposed(under: plan, catalog: catalog),
            atRest: isAtRest(state, current, plan, catalog) ? true : isStoppedMidway ? false : nil, waivers: recordedWaivers, abandoned: recordedAbandonments, drift: drifted(from: plan))
        status.stand = Stand(self, state, isInMotion: status.isInMotion, under: plan, catalog: catalog)
        return status
    }

    /// Held or quarantined while something was begun and has not ended: it keeps its place, which nobody would ask for again.
    private var isStoppedMidway: Bool { abandonment == nil && (hold != nil || quarantine != nil) && isMidway }

    private func isAtRest(_ state: TenantStatus.State, _ current: PlannedStep?, _ plan: Plan, _ catalog: StepCatalog) -> Bool {
        // Whoever was held before it began, and released, has still not begun.
        if planDigest == nil { return true }
        guard case .forward = direction, let current else { return false }
        if isSetGoing, !position(of: current.id).isUnderWay { return true }
        switch position(of: current.id) {
        case .waiting, .inGrace: return true
        case .pending, .reverted:
            guard state == .pending else { return false }
            if catalog.entry(for: current.spec.kind)?.exposure == .begins, !isExposed(under: plan, catalog: catalog) { return true }
            guard let index = plan.steps.firstIndex(where: { $0.id == current.id }), index > 0 else { return false }
            return catalog.nature(of: plan.steps[index - 1].spec.kind) == .wait
        default: return false
        }
    }

    /// Nil where there are none, as for most.
    private var recordedWaivers: [Waiver]? {
        let recorded = consents.compactMap { Waiver($0) }
        return recorded.isEmpty ? nil : recorded
    }

    private func drifted(from plan: Plan) -> [String]? {
        if drift.isEmpty { return nil }
        return plan.steps.filter { drift[$0.id] != nil }.map(\.place)
    }

    private var recordedAbandonments: [Abandonment]? {
        let recorded = (abandonment.map { [$0] } ?? []) + abandonedSteps
        return recorded.isEmpty ? nil : recorded
    }

    private func trouble(_ state: TenantStatus.State, _ current: PlannedStep?) -> Trouble? {
        switch state {
        case .failed: .failed
        case .inDoubt: .unknown
        case .quarantined: .quarantined
        case .gated: answersNothing(current) ? .unreachable : .gated
        case .pending, .running, .waiting, .reverting, .reverted, .done, .held: nil
        }
    }

    /// Of all that was asked before the step nothing was answered, neither yes nor no.
    private func answersNothing(_ current: PlannedStep?) -> Bool {
        guard let current else { return false }
        return shutGates(of: current.ref(for: tenant)).allSatisfy { if case .unknown = $0.verdict { true } else { false } }
    }

    /// The step that exposes is there, or half there, and the one that ends it is not.
    public func isExposed(under plan: Plan, catalog: StepCatalog) -> Bool {
        var exposed = false
        for step in plan.steps {
            switch catalog.entry(for: step.spec.kind)?.exposure {
            case .begins: if ![.pending, .reverted].contains(position(of: step.id)) { exposed = true }
            case .ends: if position(of: step.id) == .verified { exposed = false }
            case nil: continue
            }
        }
        return exposed
    }

    private func underWay(_ step: StepID) -> Bool {
        switch position(of: step) {
        case .inDoubt, .revertInDoubt: true
        default: false
        }
    }

    /// The last of the owners' words whose steps have all been verified.
    public func milestone(under plan: Plan, catalog: StepCatalog) -> String {
        var reached = ""
        var order: [String] = []
        var complete: [String: Bool] = [:]
        for step in plan.steps {
            guard let word = catalog.entry(for: step.spec.kind)?.milestone, !word.isEmpty else { continue }
            if complete[word] == nil { order.append(word) }
            complete[word] = (complete[word] ?? true) && position(of: step.id) == .verified
        }
        for word in order {
            guard complete[word] == true else { break }
            reached = word
        }
        return reached
    }

    private func currentStep(of plan: Plan, _ catalog: StepCatalog) -> PlannedStep? {
        switch direction {
        case .forward: return plan.steps.first { position(of: $0.id) != .verified }
        case .back(let target):
            let last = plan.steps.last { step in
                switch position(of: step.id) {
                case .pending, .reverted: false
                default: true
                }
            }
            return last ?? plan.steps.first { $0.id == target }
        }
    }

    private func state(_ current: PlannedStep?) -> TenantStatus.State {
        // Stopped by a person, as a hold is; nothing of it is anybody's trouble any more.
        if abandonment != nil || (hold != nil && quarantine == nil) { return .held }
        return unheld(current)
    }

    /// Where it would be if nobody held it: a hold mends nothing, and what is wrong with a tenant goes on to count.
    private func unheld(_ current: PlannedStep?) -> TenantStatus.State {
        if quarantine != nil { return .quarantined }
        if case .back(let target) = direction { return stateGoingBack(current, target) }
        guard let current else { return .done }
        switch position(of: current.id) {
        case .pending, .halfDone, .reverted:
            let shut = shutGates(of: StepRef(tenant: tenant, phase: current.phase, step: current.id))
            return shut.isEmpty ? .pending : .gated
        case .inDoubt: return unknown(of: current.id) == nil ? .running : .inDoubt
        case .revertInDoubt: return unknown(of: current.id) == nil ? .reverting : .inDoubt
        case .performed, .verified: return .running
        case .waiting:
            let shut = shutGates(of: StepRef(tenant: tenant, phase: current.phase, step: current.id))
            return shut.contains { $0.claim == Self.personClaim } ? .gated : .waiting
        case .inGrace: return .waiting
        case .failed, .revertFailed: return .failed
        }
    }

    private func stateGoingBack(_ current: PlannedStep?, _ target: StepID?) -> TenantStatus.State {
        guard let current else { return .reverted }
        switch position(of: current.id) {
        case .inDoubt, .revertInDoubt: return unknown(of: current.id) == nil ? .reverting : .inDoubt
        case .pending, .reverted: return .reverted
        case _ where current.id == target: return .reverted
        case .revertFailed: return .failed
        default: return .reverting
        }
    }

    private func next(_ state: TenantStatus.State) -> String {
        switch state {
        case .pending, .running, .reverting, .waiting: "cutoverctl run"
        case .inDoubt, .gated, .failed, .quarantined: "cutoverctl why \(tenant)"
        case .held where abandonment != nil: "cutoverctl history \(tenant)"
        case .held: "cutoverctl release \(tenant) --reason TEXT"
        case .reverted: "cutoverctl advance \(tenant)"
        case .done: "cutoverctl check \(tenant)"
        }
    }
}
