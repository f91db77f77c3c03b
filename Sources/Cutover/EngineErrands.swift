/// What came of an errand.
public enum Errand<Value: Sendable>: Sendable {
    case done(Value)
    case failed(StepFailure)
    /// It was not begun.
    case stopped(why: String, next: String)
}

/// Writing operations that a person asks for outside of any step: a repair, a choice between two texts.
extension Engine {
    /// Carries `operation` out on the tenant's host, under its lease: the intent is durable before the effect, and the operation's
    /// id derives from it.
    ///
    /// Not begun while somebody holds the tenant, while it is quarantined, while a step's outcome is not known, or under an older plan than
    /// the tenant has seen. An errand whose
    /// outcome is not known leaves no step in doubt: it is asked for again, which is another operation, so `W` must not be unrepeatable.
    /// - Parameter facts: what is recorded of the intent, beside the operation's kind.
    /// - Parameter evidence: what is recorded of the result.
    public func carryOut<W: Writing>(
        _ operation: W, on tenant: TenantID, reason: String, facts: Evidence = Evidence(), evidence: @Sendable (W.Result) -> Evidence
    ) async throws(EngineError) -> Errand<W.Result> {
        precondition(W.once != .unrepeatable, "an errand may be asked for again")
        let ledger = try await open(tenant, holder: holder)
        let beat = heartbeat(ledger)
        defer { beat.cancel() }
        do {
            let outcome = try await carryOut(operation, on: tenant, ledger, reason, facts, evidence)
            await ledger.close()
            return outcome
        } catch {
            await ledger.close()
            throw error
        }
    }

    private func carryOut<W: Writing>(
        _ operation: W, on tenant: TenantID, _ ledger: Ledger, _ reason: String, _ facts: Evidence, _ evidence: @Sendable (W.Result) -> Evidence
    ) async throws(EngineError) -> Errand<W.Result> {
        let ref = StepRef(tenant: tenant, phase: "-", step: StepID(W.kind.text))
        let sight = try await sight(for: ref, ledger, inAccord: true)
        var began: [Event]?
        while began == nil {
            if let stop = try await obstacle(await ledger.standing) { return .stopped(why: stop.why, next: stop.next) }
            began = try await begin([.errandBegan(W.kind, reason: reason, facts)], ledger)
        }
        do {
            let result = try await site(sight, ref, started: began ?? [], ledger).carryOut(operation)
            try await record(.errandEnded(W.kind, evidence(result)), ledger)
            return .done(result)
        } catch let failure as StepFailure {
            try await record(.errandFailed(W.kind, failure), ledger)
            try await quarantine(ledger)
            return .failed(failure)
        } catch let error as EngineError {
            throw error
        } catch { throw .defect("\(W.kind): \(error)") }
    }

    func obstacle(_ standing: Standing) async throws(EngineError) -> (why: String, next: String)? {
        let tenant = standing.tenant
        if let gone = standing.abandonment { return ("\(tenant) was abandoned by \(gone.by): \(gone.reason)", "cutoverctl why \(tenant)") }
        if let why = standing.quarantine { return ("\(tenant) is quarantined: \(why)", "cutoverctl why \(tenant)") }
        if let hold = standing.hold { return ("\(tenant) is held by \(hold.by): \(hold.reason)", "cutoverctl release \(tenant) --reason TEXT") }
        if let adopted = standing.planRevision, adopted > plan.revision {
            return ("\(tenant) has adopted revision \(adopted) of the plan, and this is the older revision \(plan.revision)", "use revision \(adopted) or a newer one")
        }
        if let hold = try await holdOverAll(tenant) { return ("held by \(hold.by): \(hold.reason)", hold.next) }
        if standing.isInDoubt { return ("a step of \(tenant) is in doubt", "cutoverctl advance \(tenant)") }
        return nil
    }
}
