/// What is to happen to a tenant next. Imperatives: the engine carries them out.
public enum Decision: Sendable, Equatable {
    case adoptPlan
    case perform(StepRef)
    /// The first half of a step with a grace period.
    case setAside(StepRef)
    /// The second half, not before `at`.
    case performAfterGrace(StepRef, at: Timestamp)
    case verify(StepRef)
    case beginWait(StepRef)
    case observe(StepRef, began: OperationID)
    case revert(StepRef)
    case askConsent(StepRef)
    case stop(Stop)
    case finished
    /// Everything that was to be taken back has been.
    case settled

    public enum Stop: Sendable, Equatable {
        case held(by: OperatorID, reason: String)
        case quarantined(String)
        /// The tenant was given up.
        case abandoned(by: OperatorID, reason: String)
        case failed(StepRef, StepFailure)
        /// A step that can't be undone stands between here and the target.
        case noWayBack(StepRef)
        case planChanged(adopted: String)
        case newerPlan(adopted: Int)
        /// The way back is to end at a step that this plan does not have.
        case unknownTarget(StepID)
    }
}

extension Standing {
    /// The one place that decides. Pure: the same standing and plan always give the same answer.
    /// - Parameter catalog: tells waits and irreversible steps apart.
    public func decide(under plan: Plan, catalog: StepCatalog) -> Decision {
        if let abandonment { return .stop(.abandoned(by: abandonment.by, reason: abandonment.reason)) }
        if let quarantine { return .stop(.quarantined(quarantine)) }
        if let hold { return .stop(.held(by: hold.by, reason: hold.reason)) }
        guard let planDigest else { return .adoptPlan }
        if let planRevision, planRevision > plan.revision { return .stop(.newerPlan(adopted: planRevision)) }
        if planDigest != plan.digest { return isInDoubt ? .stop(.planChanged(adopted: planDigest)) : .adoptPlan }
        for step in plan.steps {
            switch position(of: step.id) {
            case .inDoubt, .revertInDoubt: return .verify(step.ref(for: tenant))
            default: break
            }
        }
        switch direction {
        case .forward: return decideForward(plan, catalog)
        case .back(let target): return decideBack(plan, catalog, to: target)
        }
    }

    private func decideForward(_ plan: Plan, _ catalog: StepCatalog) -> Decision {
        for step in plan.steps {
            let ref = step.ref(for: tenant)
            switch position(of: step.id) {
            case .verified: continue
            case .performed: return .verify(ref)
            case .inGrace(let until): return .performAfterGrace(ref, at: until)
            case .waiting(let began): return .observe(ref, began: began)
            case .failed(let failure), .revertFailed(let failure): return .stop(.failed(ref, failure))
            case .inDoubt, .revertInDoubt: return .verify(ref)
            case .pending, .halfDone, .reverted:
                switch catalog.nature(of: step.spec.kind) {
                case .wait: return .beginWait(ref)
                case .irreversible: return consent(to: step) == nil ? .askConsent(ref) : .perform(ref)
                case .reversible: return .perform(ref)
                case .graceful: return .setAside(ref)
                }
            }
        }
        return .finished
    }

    private func decideBack(_ plan: Plan, _ catalog: StepCatalog, to target: StepID?) -> Decision {
        if let target, !plan.steps.contains(where: { $0.id == target }) { return .stop(.unknownTarget(target)) }
        for step in plan.steps.reversed() {
            if step.id == target { return .settled }
            let ref = step.ref(for: tenant)
            switch position(of: step.id) {
            case .pending, .reverted: continue
            case .inDoubt, .revertInDoubt: return .verify(ref)
            case .revertFailed(let failure): return .stop(.failed(ref, failure))
            case .halfDone, .performed, .verified, .waiting, .failed, .inGrace:
                if case .irreversible = catalog.nature(of: step.spec.kind) { return .stop(.noWayBack(ref)) }
                return .revert(ref)
            }
        }
        return .settled
    }

    /// The newest consent to this step that names it; needed before an irreversible step.
    public func consent(to step: PlannedStep) -> Consent? {
        consents.last { $0.topic == step.place }
    }
}
