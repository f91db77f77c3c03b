/// What was verified and is gone: a host that somebody built anew from what it was before, for example.
extension Engine {
    /// Asks the world again about every finished step that can be undone, and opens those that are not in place: the next advance does them
    /// anew, behind their gates. What does not answer stays verified. Answers what was found, in the order of the plan.
    ///
    /// A step with a grace period and one without a way back are never opened so: what they took away has to be looked at by a person.
    public func reopenDrifted(_ tenant: TenantID, reason: String) async throws(EngineError) -> Errand<[CheckedStep]> {
        let ledger = try await open(tenant, holder: holder)
        let beat = heartbeat(ledger)
        defer { beat.cancel() }
        do {
            let outcome = try await reopenDrifted(tenant, reason, ledger)
            await ledger.close()
            return outcome
        } catch {
            await ledger.close()
            throw error
        }
    }

    private func reopenDrifted(_ tenant: TenantID, _ reason: String, _ ledger: Ledger) async throws(EngineError) -> Errand<[CheckedStep]> {
        let standing = await ledger.standing
        if let stop = try await obstacle(standing) { return .stopped(why: stop.why, next: stop.next) }
        guard case .forward = standing.direction else { return .stopped(why: "\(tenant) goes back", next: "cutoverctl advance \(tenant)") }
        var found: [CheckedStep] = []
        var changes: [Event.Change] = []
        for planned in lasting(standing) where catalog.nature(of: planned.spec.kind) == .reversible {
            let ref = planned.ref(for: tenant)
            let finding = await look(try find(ref).1, try await sight(for: ref, ledger))
            found.append(CheckedStep(step: planned.place, finding: finding))
            switch finding {
            case .absent, .partial: changes.append(.verified(ref, finding))
            case .inPlace, .unknown: break
            }
        }
        // Somebody's hold that came in meanwhile stays, and stops the next advance.
        if !changes.isEmpty { try await record([.reopened(reason: reason)] + changes, ledger) }
        return .done(found)
    }
}
