/// Which consents count. Where the plan names keys, only those that are signed for exactly this.
extension Engine {
    /// What an approval of `topic` binds to now.
    public func approval(
        of topic: String, for tenant: TenantID, wave: String?, expires: Timestamp, reason: String, facts: [String: String]
    ) async throws(EngineError) -> Approval {
        let standing = try await standing(of: tenant)
        var tenants = [tenant]
        if let wave {
            let waves = plan.rollout.assignment(of: fleet, opened: try await fleetStanding().waves)
            tenants = waves.first { $0.wave.name == wave }.map { $0.tenants + $0.left } ?? tenants
        }
        return Approval(
            plan: plan.digest, topic: topic, attempt: plan.attempt(at: topic, standing), tenants: Approval.digest(of: tenants),
            evidence: evidence(under: topic, standing), expires: expires, reason: reason, facts: facts)
    }

    /// The tenant's consents that count, and why the others do not.
    func consents(_ standing: Standing) async throws(EngineError) -> (valid: [Consent], flaws: [(Consent, Approval.Flaw)]) {
        guard !plan.approvals.keys.isEmpty, !standing.consents.isEmpty else { return (standing.consents, []) }
        let waves = plan.rollout.assignment(of: fleet, opened: try await fleetStanding().waves)
        let mine = waves.first { $0.tenants.contains(standing.tenant) }.map { $0.tenants + $0.left } ?? []
        let lists: Set<String> = [Approval.digest(of: [standing.tenant]), Approval.digest(of: mine)]
        var valid: [Consent] = []
        var flaws: [(Consent, Approval.Flaw)] = []
        for consent in standing.consents {
            let setting = Approval.Setting(
                plan: plan, attempt: plan.attempt(at: consent.topic, standing), tenants: lists, evidence: evidence(under: consent.topic, standing), now: time.now)
            if let flaw = Approval.flaw(of: consent, in: setting) { flaws.append((consent, flaw)) } else { valid.append(consent) }
        }
        return (valid, flaws)
    }

    func consent(to planned: PlannedStep, _ standing: Standing) async throws(EngineError) -> Consent? {
        try await consents(standing).valid.last { $0.topic == planned.place }
    }

    /// The gate of a step of high risk: enough people, each once.
    func approvalGates(for planned: PlannedStep, _ standing: Standing) async throws(EngineError) -> [Gate] {
        guard planned.spec.risk == .high, plan.approvals.count > 0 else { return [] }
        let rule = plan.approvals
        let (given, flaws) = try await consents(standing)
        let stages = rule.stages.map { stage in
            let attested = given.last { $0.topic == Attestation.stage(stage) }
            let verdict: Gate.Verdict = attested.map { .open(Evidence(["by": $0.by.text, "digest": $0.facts["digest"] ?? ""])) } ?? .shut("nobody attached it")
            return Gate(
                "the evidence of stage \(stage) is attached", clearedBy: .person("cutoverctl attest \(standing.tenant) --stage \(stage) --evidence FILE --reason TEXT"),
                waiving: .allowed) { _ in verdict }
        }
        var valid: [OperatorID] = []
        for consent in given where consent.topic == planned.place && rule.allows(consent.by, author: plan.author, executor: me) && !valid.contains(consent.by) {
            valid.append(consent.by)
        }
        let command = "cutoverctl approve \(standing.tenant) \(planned.place) --as PERSON \(rule.keys.isEmpty ? "" : "--key FILE ")--reason TEXT"
        let claim = "\(rule.count) approved it, not the author"
        let people = valid.map(\.text).joined(separator: ", ")
        let refused = flaws.filter { $0.0.topic == planned.place }.map { "; that of \($0.0.by) \($0.1.rawValue)" }.joined()
        let verdict: Gate.Verdict =
            valid.count >= rule.count
            ? .open(Evidence(["by": people]))
            : .shut("\(valid.count) of \(rule.count)\(people.isEmpty ? "" : " (\(people))"); may approve: \(rule.from.map(\.text).joined(separator: ", "))\(refused)")
        return [Gate(claim, clearedBy: .person(command), waiving: .byBreakingGlass) { _ in verdict }] + stages
    }

    // MARK: - Non public

    /// What a destroying step rests on: the recorded evidence of the steps it stands on.
    private func evidence(under topic: String, _ standing: Standing) -> String {
        guard let step = plan.steps.first(where: { $0.place == topic }), let entry = catalog.entry(for: step.spec.kind) else { return "" }
        switch entry.nature {
        case .reversible, .wait: return ""
        case .graceful, .irreversible: break
        }
        let required = entry.requires(step.spec.settings)
        let facts = plan.steps.filter { required.contains($0.spec.kind) }.flatMap { under in
            let at = standing.verifiedAt(under.id)?.description ?? "not verified"
            return ["\(under.place) \(at)"] + (standing.evidence(of: under.id)?.facts ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        }
        return Digest.sha256(facts.map { "\($0.utf8.count):\($0)" }.joined(separator: "\n"))
    }
}

extension Approvals {
    /// - Parameter executor: who is about to carry it out.
    func allows(_ person: OperatorID, author: OperatorID, executor: OperatorID) -> Bool {
        (from.isEmpty || from.contains(person)) && !(notAuthor && person == author) && !(notExecutor && person == executor)
    }
}

extension Plan {
    /// The attempt that comes next, or is under way, at the step that the topic is about; 0 where it is about none.
    func attempt(at topic: String, _ standing: Standing) -> Int {
        guard let step = steps.first(where: { $0.place == Waiver.place(of: topic) ?? topic }) else { return 0 }
        switch standing.position(of: step.id) {
        case .inGrace, .inDoubt, .performed, .verified: return standing.attempts(of: step.id)
        default: return standing.attempts(of: step.id) + 1
        }
    }
}
