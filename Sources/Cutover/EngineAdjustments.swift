/// Limits and marks that people set on a tenant's host while a step may be under way.
extension Engine {
    /// Sends an adjustment without the lease, under the newest fence on record. It is on record before it is sent, and its outcome after.
    @discardableResult
    public func adjust<A: Adjusting>(
        _ tenant: TenantID, _ operation: A, reason: String, facts: Evidence = Evidence()
    ) async throws(EngineError) -> Result<A.Result, StepFailure> {
        let ledger = try await open(tenant, holder: nil)
        let ref = StepRef(tenant: tenant, phase: "-", step: StepID(A.kind.text))
        let link = try link(for: ref, journal: await ledger.journalID, fence: await ledger.standing.fence)
        let asked = try await record(.adjustmentAsked(A.kind, reason: reason, facts), ledger)
        let outcome: Result<A.Result, StepFailure>
        do {
            let id = OperationID.derived(from: asked.last?.hash ?? "", ordinal: 0)
            outcome = .success(try await link.deliver(operation, as: .writing, once: A.once, id: id))
        } catch { outcome = .failure(error) }
        let told = switch outcome {
        case .success: "done"
        case .failure(let failure): "\(failure.effect == .unknown ? "unknown" : "failed"): \(failure.what)"
        }
        try await record(.adjustmentAnswered(A.kind, outcome: told), ledger)
        return outcome
    }
}
