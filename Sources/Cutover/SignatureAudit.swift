/// Holds what people signed against the plans that the journal keeps, and asks nobody: an export is enough.
///
/// What an approval, an attestation or a waiver is worth is examined anew for every decision, so one that does not count is told and has done no
/// harm. What somebody gave up has counted since it was recorded: where its signature does not fit, that is a flaw of the journal.
///
/// Counted are the plans that a tenant has taken up, at any time, in the form in which each was kept first; for a tenant that has taken up none,
/// all that are kept. Which evidence lay under a signature only the catalogue of steps tells; it is taken as it was signed.
public struct SignatureAudit: Sendable, Equatable {
    public struct Word: Sendable, Codable, Equatable {
        public let stream: StreamID
        public let revision: Int
        public let by: OperatorID
        public let topic: String
        /// Why it does not count.
        public let what: String
    }
    /// How many words bear a signature that fits.
    public private(set) var fit = 0
    /// Approvals, attestations and waivers that don't.
    public private(set) var uncounted: [Word] = []
    /// What was given up without a signature that fits.
    public private(set) var forged: [Word] = []

    private var plans: [String: Plan] = [:]
    private var waves: [[TenantID]] = []

    /// - Parameter opened: rows that `JournalAudit` judges; what it can't read is passed over here.
    public init(_ opened: JournalRecords) {
        var streams: [StreamID: [Event]] = [:]
        for event in opened.records.compactMap({ $0.event() }) {
            streams[event.stream, default: []].append(event)
            switch event.change {
            case .planKept(let digest, let text) where plans[digest] == nil: plans[digest] = try? CanonicalJSON.value(Plan.self, from: text)
            case .waveOpened(_, let tenants): waves.append(tenants)
            default: break
            }
        }
        for (stream, events) in streams.sorted(by: { $0.key < $1.key }) where stream != .fleet { examine(stream, events, opened.journal) }
    }

    // MARK: - Non public

    private mutating func examine(_ stream: StreamID, _ events: [Event], _ journal: JournalID) {
        let adopted = events.compactMap { if case .planAdopted(let digest, _, _, _) = $0.change { digest } else { nil } }
        let known = adopted.isEmpty ? Array(plans.values) : adopted.compactMap { plans[$0] }
        guard known.contains(where: { !$0.approvals.keys.isEmpty }) else { return }
        var standing = Standing(TenantID(stream.text), genesis: Event.genesis(of: stream, in: journal))
        for event in events {
            if let (consent, isAbandonment) = Self.consent(event) {
                let flaw = isAbandonment ? flaw(ofAbandoned: consent, event, standing, known) : flaw(of: consent, event, standing, known)
                if let flaw {
                    let word = Word(stream: stream, revision: event.revision, by: event.by, topic: consent.topic, what: flaw.rawValue)
                    if isAbandonment { forged.append(word) } else { uncounted.append(word) }
                } else if Approval.isSigned(consent) { fit += 1 }
            }
            standing.apply(event)
        }
    }

    private static func consent(_ event: Event) -> (Consent, isAbandonment: Bool)? {
        func said(_ topic: String, _ reason: String, _ facts: [String: String]) -> Consent { Consent(by: event.by, topic: topic, reason: reason, at: event.at, facts: facts) }
        return switch event.change {
        case .approved(let topic, let reason, let facts): (said(topic, reason, facts), false)
        case .waived(let ref, let claim, let reason, let facts): (said(Waiver.topic(ref.place, claim), reason, facts), false)
        case .abandoned(let ref, let reason, let facts): (said(Abandonment.topic(at: ref?.place), reason, facts), true)
        default: nil
        }
    }

    /// By any plan that the tenant had, for a signature may be older than the plan's being taken up. A word from under a plan without keys needs none.
    private func flaw(of consent: Consent, _ event: Event, _ standing: Standing, _ known: [Plan]) -> Approval.Flaw? {
        if !Approval.isSigned(consent), let plan = standing.planDigest.flatMap({ plans[$0] }), plan.approvals.keys.isEmpty { return nil }
        var lists = waves.filter { $0.contains(standing.tenant) }
        lists.append([standing.tenant])
        let flaws = known.filter { !$0.approvals.keys.isEmpty }.map { plan in
            Approval.flaw(
                of: consent,
                in: Approval.Setting(
                    plan: plan, attempt: plan.attempt(at: consent.topic, standing), tenants: Set(lists.map { Approval.digest(of: $0) }), evidence: Approval.evidence(in: consent), now: event.at))
        }
        if flaws.contains(nil) { return nil }
        // A signature over another plan looks like a forged one.
        return flaws.compactMap { $0 }.first { $0 != .forged } ?? .forged
    }

    /// By the plan of that moment, and of the attempt that was in doubt.
    private func flaw(ofAbandoned consent: Consent, _ event: Event, _ standing: Standing, _ known: [Plan]) -> Approval.Flaw? {
        let plans = standing.planDigest.map { digest in known.filter { $0.digest == digest } } ?? known
        let step: StepID? = if case .abandoned(let ref?, _, _) = event.change { ref.step } else { nil }
        let flaws = plans.map { plan -> Approval.Flaw? in
            if plan.approvals.keys.isEmpty { return nil }
            let setting = Approval.Setting(plan: plan, attempt: 0, tenants: [Approval.digest(of: [standing.tenant])], evidence: "", now: event.at)
            if let flaw = Approval.flaw(of: consent, in: setting) { return flaw }
            return Abandonment.facts(of: step, standing).allSatisfy { consent.facts[$0.key] == $0.value } ? nil : .otherAttempt
        }
        return flaws.contains(nil) ? nil : flaws.compactMap { $0 }.first ?? .unkept
    }
}
