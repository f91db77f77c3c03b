import Cutover

/// What the record says of one tenant, put together for somebody who was not there: plan, steps, signatures, evidence, clocks, and what is missing.
/// Read of the tenant's and the fleet's events alone, so an export gives the same report as the journal.
struct AuditReport: Sendable {
    struct Source: Sendable, Equatable {
        /// The journal's address, or the export's file with its SHA-256.
        let words: String
        let madeAt: Timestamp
        let by: String
    }

    /// A plan that the tenant took up.
    struct Adopted: Sendable {
        let digest: String
        let name: String
        let revision: Int
        let wave: String
        let by: OperatorID
        let at: Timestamp
        /// Nil where the journal does not keep what it said.
        let plan: Plan?
    }

    /// Something a person said, and what it is worth.
    struct Word: Sendable, Equatable {
        let revision: Int
        let at: Timestamp
        let by: OperatorID
        let kind: String
        let topic: String
        let reason: String
        let facts: [String: String]
        let worth: String
        let counts: Bool
    }

    struct Step: Sendable {
        let place: String
        let risk: Risk
        let position: Standing.Position
        let attempts: Int
        let began: Event?
        let verified: Event?
        let evidence: [String: String]
    }

    let tenant: TenantID
    let source: Source
    let journal: JournalID
    let events: [Event]
    /// Rows that are no events of this build, or not what was written.
    let unread: Int
    let flaws: [JournalAudit.Flaw]
    let signatures: SignatureAudit
    let plans: [Adopted]
    let steps: [Step]
    let words: [Word]
    let clocks: [ClockHistory.Clock]
    let standing: Standing
    /// What is missing, or was not as it should be.
    let gaps: [String]

    /// - Parameter opened: the whole journal, or a whole export.
    init(tenant: TenantID, _ opened: JournalRecords, source: Source) {
        let stream = StreamID(tenant)
        let rows = opened.records.filter { $0.stream == stream }
        let events = rows.compactMap { $0.event() }
        let kept = Self.keptPlans(opened.records)
        let flaws = JournalAudit(opened).flaws.filter { $0.stream == stream || $0.stream == .fleet || $0.stream == "*" }
        let signatures = SignatureAudit(JournalRecords(journal: opened.journal, records: opened.records.filter { $0.stream == stream || $0.stream == .fleet }, heads: []))
        var standing = Standing(tenant, genesis: Event.genesis(of: stream, in: opened.journal))
        for event in events { standing.apply(event) }
        let plans = events.compactMap { event -> Adopted? in
            guard case .planAdopted(let digest, let name, let revision, let wave) = event.change else { return nil }
            return Adopted(digest: digest, name: name, revision: revision, wave: wave, by: event.by, at: event.at, plan: kept[digest])
        }
        self.tenant = tenant
        self.source = source
        self.journal = opened.journal
        self.events = events
        self.unread = rows.count - events.count
        self.flaws = flaws
        self.signatures = signatures
        self.plans = plans
        self.steps = Self.steps(of: plans.last?.plan, events, standing)
        self.words = Self.words(events, signatures)
        self.clocks = ClockHistory(events).clocks
        self.standing = standing
        self.gaps = AuditGaps(events: events, unread: rows.count - events.count, flaws: flaws, plans: plans, steps: steps, words: words, clocks: clocks, genesis: Event.genesis(of: stream, in: opened.journal), tenant: tenant).all
    }

    // MARK: - Non public

    /// Each in the form in which it was kept first: nobody changes afterwards what was signed.
    private static func keptPlans(_ records: [EventRecord]) -> [String: Plan] {
        records.reduce(into: [:]) { plans, record in
            guard record.stream == .fleet, record.kind == "planKept", case .planKept(let digest, let text)? = record.event()?.change, plans[digest] == nil else { return }
            plans[digest] = try? CanonicalJSON.value(Plan.self, from: text)
        }
    }

    private static func steps(of plan: Plan?, _ events: [Event], _ standing: Standing) -> [Step] {
        // Without the plan's words: whatever steps the record speaks of, in its order.
        var places: [(place: String, id: StepID, risk: Risk)] = plan?.steps.map { ($0.place, $0.id, $0.spec.risk) } ?? []
        if plan == nil {
            for ref in events.compactMap(\.change.ref) where !places.contains(where: { $0.place == ref.place }) { places.append((ref.place, ref.step, .normal)) }
        }
        return places.map { entry in
            let own = events.filter { $0.change.ref?.place == entry.place }
            let began = own.last { ["started", "waitBegan"].contains($0.change.kind) }
            let verified = own.last { if case .verified(_, .inPlace) = $0.change { true } else { false } }
            let stands = standing.position(of: entry.id) == .verified
            return Step(
                place: entry.place, risk: entry.risk, position: standing.position(of: entry.id), attempts: standing.attempts(of: entry.id), began: began,
                verified: stands ? verified : nil, evidence: standing.evidence(of: entry.id)?.facts ?? [:])
        }
    }

    private static func words(_ events: [Event], _ signatures: SignatureAudit) -> [Word] {
        let flawed = Dictionary((signatures.uncounted + signatures.forged).map { ($0.revision, $0.what) }, uniquingKeysWith: { first, _ in first })
        return events.compactMap { event in
            func word(_ topic: String, _ reason: String, _ facts: [String: String]) -> Word {
                let isSigned = facts["signature"] != nil
                let worth = flawed[event.revision].map { "does not count: \($0)" } ?? (isSigned ? "the signature fits" : "recorded, not signed")
                return Word(
                    revision: event.revision, at: event.at, by: event.by, kind: event.change.kind, topic: topic, reason: reason, facts: facts, worth: worth,
                    counts: flawed[event.revision] == nil)
            }
            return switch event.change {
            case .approved(let topic, let reason, let facts): word(topic, reason, facts)
            case .waived(let ref, let claim, let reason, let facts): word("\(ref.place): \(claim)", reason, facts)
            case .waiverEnded(let ref, let claim, let reason): word("\(ref.place): \(claim)", reason, [:])
            case .abandoned(let ref, let reason, let facts): word(ref?.place ?? "the tenant", reason, facts)
            default: nil
            }
        }
    }
}

extension Standing.Position {
    /// As a report says it.
    var words: String {
        switch self {
        case .pending: "not begun"
        case .halfDone: "half done"
        case .inDoubt: "in doubt: begun, and its outcome is not on record"
        case .inGrace(let until): "set aside, in its grace period until \(PlainText.moment(until.description))"
        case .performed: "performed, not yet verified"
        case .waiting: "its window is open"
        case .verified: "verified"
        case .failed(let failure): "failed: \(failure.what)"
        case .revertInDoubt: "its way back is in doubt"
        case .revertFailed(let failure): "its way back failed: \(failure.what)"
        case .reverted: "taken back"
        }
    }
}
