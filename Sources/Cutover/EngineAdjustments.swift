/// What people ask of a tenant's host while a step may be under way: limits and marks, and trials that take away what they leave.
extension Engine {
    /// Sends an adjustment without the lease, under the newest fence on record. It is on record before it is sent, and its outcome after.
    @discardableResult
    public func adjust<A: Adjusting>(
        _ tenant: TenantID, _ operation: A, reason: String, facts: Evidence = Evidence()
    ) async throws(EngineError) -> Result<A.Result, StepFailure> {
        try await beside(tenant, A.kind, reason, facts) { (link, id) throws(StepFailure) in
            try await link.deliver(operation, as: .writing, once: A.once, id: id)
        }
    }

    /// Tries something out, on record as an adjustment is: before it is sent, and its outcome after.
    public func tryOut<X: Exercising>(_ tenant: TenantID, _ operation: X, reason: String) async throws(EngineError) -> Result<X.Result, StepFailure> {
        try await beside(tenant, X.kind, reason, Evidence()) { (link, id) throws(StepFailure) in
            try await link.deliver(operation, as: .exercising, once: nil, id: id)
        }
    }

    private func beside<Value: Sendable>(
        _ tenant: TenantID, _ kind: OperationKind, _ reason: String, _ facts: Evidence,
        _ deliver: (HostLink, OperationID) async throws(StepFailure) -> Value
    ) async throws(EngineError) -> Result<Value, StepFailure> {
        let ledger = try await open(tenant, holder: nil)
        let ref = StepRef(tenant: tenant, phase: "-", step: StepID(kind.text))
        let link = try link(for: ref, journal: await ledger.journalID, fence: await ledger.standing.fence)
        let asked = try await record(.adjustmentAsked(kind, reason: reason, facts), ledger)
        let outcome: Result<Value, StepFailure>
        do {
            outcome = .success(try await deliver(link, OperationID.derived(from: asked.last?.hash ?? "", ordinal: 0)))
        } catch { outcome = .failure(error) }
        let told = switch outcome {
        case .success: "done"
        case .failure(let failure): "\(failure.effect == .unknown ? "unknown" : "failed"): \(failure.what)"
        }
        try await record(.adjustmentAnswered(kind, outcome: told), ledger)
        return outcome
    }
}
