/// The controller's journal is lost, and a new one takes each tenant's standing from its host: what the world shows to be in place, the wait
/// whose samples the host still records, and a fence above any it has seen. What people said and signed stood in the journal alone.
extension Engine {
    /// Takes the tenant's standing from its host, which belongs to this journal from then on. Only for a tenant of which this journal records nothing yet;
    /// one that was interrupted begins anew.
    ///
    /// Not done while something that may be in place can't be looked at. Which revision of the plan the tenant had taken up no host knows: it is this one.
    public func rebuild(_ tenant: TenantID, reason: String) async throws(EngineError) -> Errand<RebuiltTenant> {
        let standing = try await standing(of: tenant)
        if let why = Self.obstacle(toRebuilding: standing, plan) { return .stopped(why: why, next: "cutoverctl why \(tenant)") }
        let seen: ReadHostLedger.Result
        switch try await ask(ReadHostLedger(), of: tenant) {
        case .success(let result): seen = result
        case .failure(let failure):
            guard try await isBuiltAnew(tenant) else { return .stopped(why: "the host's ledger can't be read: \(failure.what)", next: failure.next) }
            return .done(RebuiltTenant(tenant: tenant, was: nil, fence: 0, steps: [], resumed: nil))
        }
        guard let was = seen.journal else { return .done(RebuiltTenant(tenant: tenant, was: nil, fence: seen.fence, steps: [], resumed: nil)) }
        let elsewhere: [String: ReadHostLedger.Result]
        switch try await ledgersElsewhere(tenant) {
        case .success(let found): elsewhere = found
        case .failure(let failure): return .stopped(why: "what another host of the fleet keeps for it can't be read: \(failure.what)", next: failure.next)
        }
        let ledger = try await open(tenant, above: max(seen.fence, elsewhere.values.map(\.fence).max() ?? 0))
        let beat = heartbeat(ledger)
        defer { beat.cancel() }
        do {
            let outcome = try await rebuild(was, seen, elsewhere, reason, ledger)
            await ledger.close()
            return outcome
        } catch {
            await ledger.close()
            throw error
        }
    }

    // MARK: - Non public

    private static func obstacle(toRebuilding standing: Standing, _ plan: Plan) -> String? {
        if let adopted = standing.planDigest, adopted != plan.digest { return "\(standing.tenant) has taken up another plan in this journal" }
        let isKnown = plan.steps.contains { standing.position(of: $0.id) != .pending || standing.attempts(of: $0.id) > 0 }
        return isKnown ? "this journal knows what was done to \(standing.tenant): nothing is written over it" : nil
    }

    private func rebuild(
        _ was: JournalID, _ seen: ReadHostLedger.Result, _ elsewhere: [String: ReadHostLedger.Result], _ reason: String, _ ledger: Ledger
    ) async throws(EngineError) -> Errand<RebuiltTenant> {
        let standing = await ledger.standing
        let tenant = standing.tenant
        let found = try await lookForEverything(tenant, ledger)
        let last = plan.steps.lastIndex { Self.isThere(found[$0.id]) } ?? -1
        for (index, planned) in plan.steps.enumerated() {
            guard case .looked(.unknown(let detail))? = found[planned.id], index < last || mayHaveBegun(planned, index, last, found) else { continue }
            return .stopped(why: "\(planned.place) can't be looked at: \(detail)", next: "cutoverctl journal rebuild --from-hosts \(tenant)")
        }
        let (changes, steps, resumed) = try await standingChanges(tenant, found, last, ledger)
        if standing.planDigest == nil {
            try await record(.planAdopted(digest: plan.digest, name: plan.name, revision: plan.revision, wave: try await waveName(of: tenant)), ledger)
        }
        if let failure = try await bind(elsewhere, reason, ledger) { return .failed(failure) }
        let facts = Evidence(["was": "the journal was lost, and rebuilt from the host", "journal": was.text])
        switch try await takeOver(from: seen, facts, reason, [], changes, ledger) {
        case .done: return .done(RebuiltTenant(tenant: tenant, was: was, fence: await ledger.fence, steps: steps, resumed: resumed))
        case .failed(let failure): return .failed(failure)
        case .stopped(let why, let next): return .stopped(why: why, next: next)
        }
    }

    /// What the fleet's hosts that are no tenants' say of the folder that each keeps for this one; none of those that keep none.
    private func ledgersElsewhere(_ tenant: TenantID) async throws(EngineError) -> Result<[String: ReadHostLedger.Result], StepFailure> {
        let sight = try await sight(for: StepRef(tenant: tenant, phase: "-", step: StepID(ReadHostLedger.kind.text)), try await open(tenant, holder: nil))
        var seen: [String: ReadHostLedger.Result] = [:]
        for other in fleet.others {
            do throws(StepFailure) {
                let there = try sight.at(other.id.text)
                if try await there.hand() == .absent { continue }
                let ledger = try await there.ask(ReadHostLedger())
                if ledger.journal != nil { seen[other.id.text] = ledger }
            } catch { return .failure(error) }
        }
        return .success(seen)
    }

    /// Nil when each of them belongs to this journal, as far as this tenant goes.
    private func bind(_ elsewhere: [String: ReadHostLedger.Result], _ reason: String, _ ledger: Ledger) async throws(EngineError) -> StepFailure? {
        let ref = StepRef(tenant: await ledger.standing.tenant, phase: "-", step: StepID(BindHost.kind.text))
        let (mine, sight) = (await ledger.journalID, try await sight(for: ref, ledger))
        for (name, seen) in elsewhere.sorted(by: { $0.key < $1.key }) where seen.journal != mine {
            let began = try await record(.errandBegan(BindHost.kind, reason: reason, Evidence(["host": name, "fence": String(await ledger.fence), "seen": String(seen.fence)])), ledger)
            do {
                _ = try await site(try sight.at(name), ref, started: began, ledger).carryOut(BindHost(from: seen.journal))
                try await record(.errandEnded(BindHost.kind, Evidence(["host": name])), ledger)
            } catch let failure as StepFailure {
                try await record(.errandFailed(BindHost.kind, failure), ledger)
                return failure
            } catch let error as EngineError { throw error } catch { throw .defect("\(BindHost.kind): \(error)") }
        }
        return nil
    }

    private enum Found {
        case looked(Finding)
        /// A later step that is in place took it away again.
        case ended
    }

    private static func isThere(_ found: Found?) -> Bool {
        switch found {
        case .looked(.inPlace), .looked(.partial), .ended: true
        case .looked(.absent), .looked(.unknown), nil: false
        }
    }

    /// From the last step to the first, for what a later one ended is not asked for. One without a way back is looked at only where all
    /// that it stands on is in place: that an archive is gone would else be taken for its having been purged.
    private func lookForEverything(_ tenant: TenantID, _ ledger: Ledger) async throws(EngineError) -> [StepID: Found] {
        var found: [StepID: Found] = [:]
        func kinds() -> Set<StepKind> { Set(plan.steps.filter { Self.isThere(found[$0.id]) }.map(\.spec.kind)) }
        func look(_ planned: PlannedStep) async throws(EngineError) {
            let ref = planned.ref(for: tenant)
            found[planned.id] = .looked(await self.look(try find(ref).1, try await sight(for: ref, ledger)))
        }
        for planned in plan.steps.reversed() where [.reversible, .graceful].contains(catalog.nature(of: planned.spec.kind)) {
            let isEnded = catalog.entry(for: planned.spec.kind).map { !kinds().isDisjoint(with: $0.endedBy) } ?? false
            if isEnded { found[planned.id] = .ended } else { try await look(planned) }
        }
        for planned in plan.steps where catalog.nature(of: planned.spec.kind) == .irreversible {
            guard kinds().isSuperset(of: requirements(of: planned).filter { $0.nature != .wait }.map(\.kind)) else { continue }
            try await look(planned)
            guard Self.isThere(found[planned.id]) else { continue }
            for other in plan.steps where catalog.entry(for: other.spec.kind)?.endedBy.contains(planned.spec.kind) == true { found[other.id] = .ended }
        }
        return found
    }

    /// Whether a step behind all that is in place could have been begun: not while something that it requires is not there.
    private func mayHaveBegun(_ planned: PlannedStep, _ index: Int, _ last: Int, _ found: [StepID: Found]) -> Bool {
        let requires = Dictionary(requirements(of: planned).map { ($0.kind, $0.nature) }) { first, _ in first }
        return plan.steps.enumerated().allSatisfy { at, other in
            guard let nature = requires[other.spec.kind] else { return true }
            return nature == .wait ? at < last : Self.isThere(found[other.id])
        }
    }

    /// The kinds that it requires, as far as the plan has them.
    private func requirements(of planned: PlannedStep) -> [StepCatalog.Entry] {
        let had = Set(plan.steps.map(\.spec.kind))
        let required = catalog.entry(for: planned.spec.kind)?.requires(planned.spec.settings) ?? []
        return required.filter(had.contains).compactMap { catalog.entry(for: $0) }
    }

    private func standingChanges(
        _ tenant: TenantID, _ found: [StepID: Found], _ last: Int, _ ledger: Ledger
    ) async throws(EngineError) -> ([Event.Change], [RebuiltTenant.Step], RememberedWait?) {
        var changes: [Event.Change] = []
        var steps: [RebuiltTenant.Step] = []
        var resumed: RememberedWait?
        for (index, planned) in plan.steps.enumerated() {
            let ref = planned.ref(for: tenant)
            func stands(_ words: String, _ finding: Finding) {
                changes.append(.verified(ref, finding))
                steps.append(RebuiltTenant.Step(step: planned.place, found: words))
            }
            switch found[planned.id] {
            case .looked(.inPlace(let facts)): stands("in place", .inPlace(facts.merging(Evidence(["rebuilt": "looked at"]))))
            case .looked(.partial(let facts)): stands("half done", .partial(facts))
            case .ended: stands("ended by a later step", .inPlace(Evidence(["rebuilt": "ended by a later step"])))
            case .looked(.absent), .looked(.unknown): break
            case nil where catalog.nature(of: planned.spec.kind) != .wait: break
            case nil where index < last: stands("over", .inPlace(Evidence(["rebuilt": "a later step is in place, which is not begun before"])))
            // The first that nothing behind it shows to be over.
            case nil where resumed == nil && (last + 1..<index).allSatisfy { catalog.nature(of: plan.steps[$0].spec.kind) == .wait } && last >= 0:
                guard case .wait(let wait) = try find(ref).1 else { break }
                do { resumed = try await wait.remembered(try await sight(for: ref, ledger)) } catch let error as EngineError { throw error } catch { break }
                guard let resumed else { break }
                changes.append(.waitResumed(ref, began: resumed.began, since: resumed.since))
                steps.append(RebuiltTenant.Step(step: planned.place, found: "goes on since \(resumed.since)"))
            case nil: break
            }
        }
        return (changes, steps, resumed)
    }
}

/// A tenant whose standing was taken from its host.
public struct RebuiltTenant: Sendable, Codable, Equatable {
    public struct Step: Sendable, Codable, Equatable {
        public let step: String
        public let found: String
    }
    public let tenant: TenantID
    /// The journal that the host belonged to; nil where nothing was ever begun there.
    public let was: JournalID?
    /// The fencing number that its next operation goes above.
    public let fence: Int
    public let steps: [Step]
    public let resumed: RememberedWait?
}
