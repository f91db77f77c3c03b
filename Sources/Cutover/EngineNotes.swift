/// What people ask for. Each only appends an event with a reason; `decide` does the rest.
extension Engine {
    public func hold(_ tenant: TenantID, reason: String) async throws(EngineError) { try await note(.held(reason: reason), tenant) }
    public func release(_ tenant: TenantID, reason: String) async throws(EngineError) { try await note(.released(reason: reason), tenant) }
    public func reopen(_ tenant: TenantID, reason: String) async throws(EngineError) { try await note(.reopened(reason: reason), tenant) }

    public func approve(_ tenant: TenantID, topic: String, reason: String, facts: [String: String] = [:]) async throws(EngineError) {
        try await note(.approved(topic: topic, reason: reason, facts: facts), tenant)
    }

    /// Sets a check aside. What makes it count (person, expiry, signature) is judged whenever the check is asked.
    public func waive(_ tenant: TenantID, _ step: PlannedStep, claim: String, reason: String, facts: [String: String]) async throws(EngineError) {
        try await note(.waived(step.ref(for: tenant), claim: claim, reason: reason, facts: facts), tenant)
    }

    /// Lets a check count again before its waivers run out. That takes nobody's consent: it only makes the step stricter.
    public func endWaivers(_ tenant: TenantID, _ step: PlannedStep, claim: String, reason: String) async throws(EngineError) {
        try await note(.waiverEnded(step.ref(for: tenant), claim: claim, reason: reason), tenant)
    }

    /// Asks that everything after `step` be taken back; everything, when nil. Throws `.unknownStep` when the plan has none of that name.
    public func requestRevert(_ tenant: TenantID, to step: StepID?, reason: String) async throws(EngineError) {
        if let step, !plan.steps.contains(where: { $0.id == step }) { throw .unknownStep(step) }
        try await note(.revertRequested(to: step, reason: reason), tenant)
    }

    private func note(_ change: Event.Change, _ tenant: TenantID) async throws(EngineError) {
        guard fleet.host(of: tenant) != nil else { throw .unknownTenant(tenant) }
        try await record(change, try await open(tenant, holder: nil))
    }
}
