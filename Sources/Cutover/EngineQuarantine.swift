/// Where host, database and journal do not remember the same, one of them was put back to what it was before, and nothing that was asked or
/// done there since can be relied on. Nothing more is done to the tenant until a person takes it in again.
extension Engine {
    /// What to type for a quarantined tenant.
    static func takingIn(_ tenant: TenantID) -> String { "cutoverctl adopt \(tenant) --reason TEXT --confirm \(tenant)" }

    /// Records what the host said that concerns all of its tenant, if it said such a thing.
    @discardableResult
    func quarantine(_ ledger: Ledger) async throws(EngineError) -> Decision.Stop? {
        guard let reason = await ledger.alarm.reason else { return nil }
        try await record(.quarantined(reason: reason), ledger)
        return .quarantined(reason)
    }

    /// Takes a quarantined tenant, or an abandoned one whose host is back, in again: asks the world about everything that is finished, lets host, database and journal begin anew with
    /// the same memory, under a fencing number above any that the host has seen, and records what is no longer in place, for the next advance
    /// to do anew behind its gates. A step in doubt stays in doubt. Answers what was found, in the order of the plan.
    ///
    /// Not done while a finished step can't be looked at, or under a plan that is not the tenant's. Where the host was built anew, and not even the
    /// program stands there, it has no memory to begin anew with, and what only the program can tell stays as it was.
    public func takeIn(_ tenant: TenantID, reason: String) async throws(EngineError) -> Errand<[CheckedStep]> {
        let seen: ReadHostLedger.Result?
        switch try await ask(ReadHostLedger(), of: tenant) {
        case .success(let result): seen = result
        case .failure(let failure):
            guard try await isBuiltAnew(tenant) else { return .stopped(why: "the host's ledger can't be read: \(failure.what)", next: failure.next) }
            seen = nil
        }
        let ledger = try await open(tenant, above: seen?.fence ?? 0)
        let beat = heartbeat(ledger)
        defer { beat.cancel() }
        do {
            let outcome = try await takeIn(tenant, seen, reason, ledger)
            await ledger.close()
            return outcome
        } catch {
            await ledger.close()
            throw error
        }
    }

    // MARK: - Non public

    func isBuiltAnew(_ tenant: TenantID) async throws(EngineError) -> Bool {
        let ref = StepRef(tenant: tenant, phase: "-", step: StepID(ReadHostLedger.kind.text))
        let sight = try await sight(for: ref, try await open(tenant, holder: nil))
        do { return try await sight.hand() == .absent } catch { return false }
    }

    private func takeIn(_ tenant: TenantID, _ seen: ReadHostLedger.Result?, _ reason: String, _ ledger: Ledger) async throws(EngineError) -> Errand<[CheckedStep]> {
        let standing = await ledger.standing
        guard let why = standing.quarantine ?? standing.abandonment.map({ "abandoned: \($0.reason)" }) else {
            return .stopped(why: "\(tenant) is neither quarantined nor abandoned", next: "cutoverctl why \(tenant)")
        }
        if let adopted = standing.planRevision, standing.planDigest != plan.digest {
            return .stopped(why: "\(tenant) has adopted revision \(adopted) of the plan, and this is another: what was done can't be looked at by it", next: "use revision \(adopted)")
        }
        let (found, changes) = try await lookAgain(standing, ledger)
        guard let seen else {
            try await record([.recovered(reason: reason, Evidence(["was": why, "host": "built anew"]))] + changes, ledger)
            return .done(found)
        }
        for step in found {
            if case .unknown(let detail) = step.finding { return .stopped(why: "\(step.step) can't be looked at: \(detail)", next: "cutoverctl check \(tenant)") }
        }
        return try await takeOver(from: seen, Evidence(["was": why]), reason, found, changes, ledger)
    }

    func takeOver(
        from seen: ReadHostLedger.Result, _ facts: Evidence, _ reason: String, _ found: [CheckedStep], _ changes: [Event.Change], _ ledger: Ledger
    ) async throws(EngineError) -> Errand<[CheckedStep]> {
        let ref = StepRef(tenant: await ledger.standing.tenant, phase: "-", step: StepID(TakeHostOver.kind.text))
        let sight = try await sight(for: ref, ledger)
        let fences = Evidence(["fence": String(await ledger.fence), "seen": String(seen.fence)])
        let site = site(sight, ref, started: try await record(.errandBegan(TakeHostOver.kind, reason: reason, fences), ledger), ledger)
        do {
            let over = try await site.carryOut(TakeHostOver(from: seen.journal))
            let recovered = await site.remembered(in: facts)
            try await record([.errandEnded(TakeHostOver.kind, Evidence(["was": over.was])), .recovered(reason: reason, recovered)] + changes, ledger)
            return .done(found)
        } catch let failure as StepFailure {
            try await record(.errandFailed(TakeHostOver.kind, failure), ledger)
            return .failed(failure)
        } catch let error as EngineError {
            throw error
        } catch { throw .defect("\(TakeHostOver.kind): \(error)") }
    }

    /// What the world says of all that is finished, and what is to be recorded of it. A window that is open, or that stands behind something
    /// that is gone, begins anew: its evidence is of another past.
    private func lookAgain(_ standing: Standing, _ ledger: Ledger) async throws(EngineError) -> ([CheckedStep], [Event.Change]) {
        let asked = Set(lasting(standing).map(\.id))
        var found: [CheckedStep] = []
        var changes: [Event.Change] = []
        for planned in plan.steps {
            let ref = planned.ref(for: standing.tenant)
            switch (catalog.nature(of: planned.spec.kind), standing.position(of: planned.id)) {
            case (.wait, .waiting): changes.append(.verified(ref, .absent(Evidence(["window": "begins anew"]))))
            case (.wait, .verified) where !changes.isEmpty: changes.append(.verified(ref, .absent(Evidence(["window": "begins anew"]))))
            case (_, let position) where asked.contains(planned.id) || position.isInGrace:
                let finding = await look(try find(ref).1, try await sight(for: ref, ledger))
                found.append(CheckedStep(step: planned.place, finding: finding))
                switch finding {
                case .absent: changes.append(.verified(ref, finding))
                case .partial where !position.isInGrace: changes.append(.verified(ref, finding))
                case .partial, .inPlace, .unknown: break
                }
            default: break
            }
        }
        return (found, changes)
    }

    /// Opens the stream under a lease whose number is above `fence`. Every grant to somebody who does not hold it has a higher one.
    func open(_ tenant: TenantID, above fence: Int) async throws(EngineError) -> Ledger {
        do {
            let (stream, now) = (StreamID(tenant), time.now)
            // Nobody else is at work on it then.
            let lease = try await journal.lease(stream, to: holder.name, until: now.adding(seconds: holder.seconds), now: now, gone: holder.gone)
            if lease.fence <= fence { try await journal.raise(stream, above: min(fence, Self.mostFence)) }
        } catch { throw .journal(error) }
        return try await open(tenant, holder: holder)
    }

    /// Ten a second for three thousand years: a host that says more has a damaged number, and refuses us.
    private static let mostFence = 1_000_000_000_000
}

extension Standing.Position {
    var isInGrace: Bool { if case .inGrace = self { true } else { false } }
}
