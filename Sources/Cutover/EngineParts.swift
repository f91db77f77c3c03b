/// What the engine's acts share: opening a stream, sights and sites, gates, and records.
extension Engine {
    func open(_ tenant: TenantID, holder: LeaseHolder?) async throws(EngineError) -> Ledger {
        let projection = projection
        do {
            return try await Ledger.open(tenant, in: journal, readers.standings, time: time, me: me, holder: holder, project: projection)
        } catch { throw .journal(error) }
    }

    var projection: @Sendable (Standing) -> TenantStatus? {
        let (plan, catalog) = (plan, catalog)
        return { $0.status(under: plan, catalog: catalog) }
    }

    @discardableResult
    func record(_ changes: [Event.Change], _ ledger: Ledger) async throws(EngineError) -> [Event] {
        do { return try await ledger.record(changes) } catch { throw .journal(error) }
    }

    @discardableResult
    func record(_ change: Event.Change, _ ledger: Ledger) async throws(EngineError) -> [Event] { try await record([change], ledger) }

    /// Records what begins an effect. Nil when a note came in since the decision: it may be a hold, so there is another decision to take.
    /// No hold of the fleet can fall between the last look at its stream and the record: that rests on what was seen there.
    func begin(_ changes: [Event.Change], _ ledger: Ledger) async throws(EngineError) -> [Event]? {
        let standing = await ledger.standing
        return try await inPlace(changes, standing) { (fleet, footing) async throws(EngineError) -> [Event]? in
            // Gates can take long: the fleet may have been held since.
            if stopper() != nil || holds(in: fleet)(standing.tenant) != nil { return nil }
            do throws(JournalError) { return try await ledger.recordUnlessNews(changes, on: footing) } catch { throw .journal(error) }
        }
    }

    /// Records the verdicts whose answer is not the one recorded last, so that asking often does not fill the journal.
    /// A gate that has always been open is no news.
    func recordNews(_ answers: [GateAnswer], of ref: StepRef, _ ledger: Ledger) async throws(EngineError) {
        let standing = await ledger.standing
        let news = answers.filter { answer in
            let last = standing.lastVerdict(ref, claim: answer.claim)
            return last == nil ? !answer.verdict.isOpen : last?.answer != answer.verdict.answer
        }
        if news.isEmpty { return }
        let changes = news.map { Event.Change.gateAssessed(ref, claim: $0.claim, $0.verdict) }
        try await inPlace(changes, standing) { (_, footing) async throws(EngineError) in
            do throws(JournalError) { try await ledger.record(changes, on: footing) } catch { throw .journal(error) }
        }
    }

    /// Keeps the lease while work is under way; when it is lost, the next append is refused.
    func heartbeat(_ ledger: Ledger) -> Task<Void, Never> {
        let (time, holder) = (time, holder)
        return Task {
            while !Task.isCancelled {
                guard (try? await time.sleep(milliseconds: holder.seconds * 1000 / 3)) != nil else { return }
                guard (try? await ledger.renew(holder)) != nil else { return }
            }
        }
    }

    func find(_ ref: StepRef) throws(EngineError) -> (PlannedStep, AnyStep) {
        guard let planned = plan.steps.first(where: { $0.id == ref.step }), let step = catalog.make(planned, in: plan) else {
            throw .unknownKind(StepKind(ref.step.text))
        }
        return (planned, step)
    }

    /// - Parameter inAccord: what is asked and done is refused where the host, its database and the journal do not remember the same.
    func sight(for ref: StepRef, _ ledger: Ledger, inAccord: Bool = false) async throws(EngineError) -> Sight {
        var link = try link(for: ref, journal: await ledger.journalID, fence: await ledger.fence)
        link.holder = await ledger.holder
        let standing = await ledger.standing
        if inAccord {
            link.accord = Accord(remembers: standing.remembered)
            link.alarm = ledger.alarm
        }
        return Sight(ref: ref, time: time, consents: try await consents(standing).valid, verified: standing.verifiedAt, link: link)
    }

    func link(for ref: StepRef, journal: JournalID, fence: Int) throws(EngineError) -> HostLink {
        guard let host = fleet.host(of: ref.tenant) else { throw .unknownTenant(ref.tenant) }
        guard let transport = transport(host) else { throw .noTransport(ref.tenant, scheme: host.transport) }
        return HostLink(transport: transport, host: host, journal: journal, fence: fence, ref: ref, timeoutSeconds: operationSeconds, others: others, neighbours: neighbours(of: ref.tenant))
    }

    private func neighbours(of tenant: TenantID) -> @Sendable () -> [(TenantHost, any Transport)] {
        let (fleet, transport) = (fleet, transport)
        return { fleet.tenants.filter { $0.id != tenant }.compactMap { host in transport(host).map { (host, $0) } } }
    }

    private var others: @Sendable (String) -> (TenantHost, any Transport)? {
        let (fleet, transport) = (fleet, transport)
        return { name in
            guard let host = fleet.others.first(where: { $0.id.text == name }), let transport = transport(host) else { return nil }
            return (host, transport)
        }
    }

    func site(_ sight: Sight, _ ref: StepRef, started: [Event], _ ledger: Ledger) -> Site {
        Site(sight: sight, operations: OperationSequence(origin: started.last?.hash ?? ""), spectator: spectator) { (evidence) async throws(StepFailure) in
            do { try await ledger.record([.checkpointed(ref, evidence)]) } catch {
                throw StepFailure("the journal refused a checkpoint: \(error)", effect: .unknown, next: "cutoverctl why \(ref.tenant)")
            }
        }
    }

    func look(_ step: AnyStep, _ sight: Sight) async -> Finding {
        do { return try await step.base.verify(sight) } catch { return .unknown(error.what) }
    }

    func assess(_ gates: [Gate], _ sight: Sight) async -> [GateAnswer] {
        var answers: [GateAnswer] = []
        let sight = await sight.having(gates.flatMap(\.asks))
        let waivers = waivers(sight.consents).filter { $0.step == sight.ref.place }
        for gate in gates {
            var verdict = await gate.assess(sight)
            if !verdict.isOpen, gate.mayBeWaived, let waiver = waivers.last(where: { $0.check == gate.claim }) { verdict = .open(waiver.evidence(insteadOf: verdict)) }
            answers.append(GateAnswer(claim: gate.claim, verdict: verdict, clearedBy: gate.clearedBy.naming(sight.ref.tenant)))
        }
        return answers
    }

    /// The step's own gates, the probe of its way back, and the plan's approvals where the risk is high.
    func gates(of step: AnyStep, _ planned: PlannedStep, _ standing: Standing) async throws(EngineError) -> [Gate] {
        var gates = try await approvalGates(for: planned, standing) + catalog.always + step.base.preconditions
        if case .reversible(let reversible) = step { gates += reversible.wayBack }
        return gates
    }

    public func waveName(of tenant: TenantID) async throws(EngineError) -> String {
        await waveReader.name(of: tenant, try await fleetStanding().waves, plan.rollout, fleet)
    }
}
