/// What a rollout has to know of where a tenant stands: so little that a large fleet's fits into memory, and into the tenants' status lines.
///
/// It is derived, and stored for speed alone. It counts only where it was folded by these rules, under this plan, and up to the head that its stream
/// has; else the stream is folded again. What is done to a tenant never goes by it.
public struct Stand: Sendable, Codable, Equatable {
    /// The rules by which it was folded. Whoever changes what `Standing` makes of events, what a status line says, or what a catalogue says of its
    /// kinds' natures, milestones and exposure, changes this number.
    public static let rules = 2

    let rules: Int
    /// Of the plan under which it was folded, the beginning of the digest.
    let plan: String
    public let revision: Int
    public let head: String
    /// The newest revision that somebody else than the holder of the lease may have recorded.
    let noted: Int
    /// It has adopted a plan.
    public let hasBegun: Bool
    /// The plan that it has adopted is the one under which it was folded.
    public let isOfPlan: Bool
    /// A person stopped it, or gave it up.
    let isStopped: Bool
    let isAbandoned: Bool
    /// When those steps were verified that a wave waits for, or that expose; as far as they stand verified.
    private let verified: [String: Timestamp]
    /// What its next decision takes from the rollout's allowances.
    private let needs: Int
    /// Nothing before that moment: a grace period runs.
    private let needsFrom: Timestamp?

    init(_ standing: Standing, _ state: TenantStatus.State, isInMotion: Bool, under plan: Plan, catalog: StepCatalog) {
        self.rules = Self.rules
        self.plan = Self.mark(of: plan)
        self.revision = standing.revision
        self.head = standing.head
        self.noted = standing.noted
        self.hasBegun = standing.planDigest != nil
        self.isOfPlan = standing.planDigest == plan.digest
        self.isStopped = standing.isStopped
        self.isAbandoned = standing.abandonment != nil
        self.verified = Self.told(plan, catalog).reduce(into: [:]) { verified, step in
            if case .verified = standing.position(of: step) { verified[step.text] = standing.verifiedAt(step) }
        }
        let (needs, from) = Self.needs(standing, state, isInMotion: isInMotion, under: plan, catalog: catalog)
        self.needs = needs.rawValue
        self.needsFrom = from
    }

    /// As they stand in a line that is being read.
    struct Fields {
        var (rules, plan, revision, head, noted) = (Int?.none, String?.none, Int?.none, String?.none, Int?.none)
        var (hasBegun, isOfPlan, isStopped, isAbandoned) = (Bool?.none, Bool?.none, Bool?.none, Bool?.none)
        var (verified, needs, needsFrom) = ([String: Timestamp]?.none, Int?.none, Timestamp?.none)
    }

    /// Nil unless all are there.
    init?(_ fields: Fields) {
        guard let rules = fields.rules, let plan = fields.plan, let revision = fields.revision, let head = fields.head, let noted = fields.noted,
            let hasBegun = fields.hasBegun, let isOfPlan = fields.isOfPlan, let isStopped = fields.isStopped, let isAbandoned = fields.isAbandoned,
            let verified = fields.verified, let needs = fields.needs
        else { return nil }
        (self.rules, self.plan, self.revision, self.head, self.noted) = (rules, plan, revision, head, noted)
        (self.hasBegun, self.isOfPlan, self.isStopped, self.isAbandoned) = (hasBegun, isOfPlan, isStopped, isAbandoned)
        (self.verified, self.needs, self.needsFrom) = (verified, needs, fields.needsFrom)
    }

    /// Whether it is what these rules make of a stream with that head, under that plan.
    public func counts(for head: JournalRecords.Head, under plan: Plan) -> Bool {
        rules == Self.rules && self.plan == Self.mark(of: plan) && revision == head.revision && self.head == head.hash
    }

    /// When the step was verified, where it stands verified and is one of those that are told.
    func verified(_ step: StepID) -> Timestamp? { verified[step.text] }

    public func needs(at now: Timestamp) -> Needs {
        if let needsFrom, needsFrom > now { return [] }
        return Needs(rawValue: needs)
    }

    // MARK: - Non public

    private static func mark(of plan: Plan) -> String { String(plan.digest.prefix(16)) }

    /// The steps that waves wait for, and those that expose.
    private static func told(_ plan: Plan, _ catalog: StepCatalog) -> [StepID] {
        let awaited = plan.rollout.waves.compactMap { $0.after.flatMap(plan.step(named:)) } + (plan.steps.last.map { [$0] } ?? [])
        let exposing = plan.steps.first { catalog.entry(for: $0.spec.kind)?.exposure == .begins }
        return awaited.map(\.id) + (exposing.map { [$0.id] } ?? [])
    }

    private static func needs(
        _ standing: Standing, _ state: TenantStatus.State, isInMotion: Bool, under plan: Plan, catalog: StepCatalog
    ) -> (Needs, from: Timestamp?) {
        let decision = standing.decide(under: plan, catalog: catalog)
        switch state {
        case .pending, .gated: break
        // A wait's own looks take nothing; only the end of a grace period does.
        case .waiting: if case .performAfterGrace = decision {} else { return ([], nil) }
        default: return ([], nil)
        }
        let ref: StepRef
        var from: Timestamp?
        switch decision {
        case .perform(let step), .setAside(let step), .beginWait(let step): ref = step
        case .performAfterGrace(let step, let at): (ref, from) = (step, at)
        default: return ([], nil)
        }
        var needs: Needs = isInMotion ? [] : .place
        let kind = plan.steps.first { $0.id == ref.step }?.spec.kind
        if let kind, catalog.entry(for: kind)?.exposure == .begins, !standing.isExposed(under: plan, catalog: catalog) { needs.insert(.exposure) }
        return (needs, from)
    }
}

extension Standing {
    /// - Parameter status: its own line.
    public func needs(_ status: TenantStatus, under plan: Plan, catalog: StepCatalog, now: Timestamp) -> Needs {
        Stand(self, status.state, isInMotion: status.isInMotion, under: plan, catalog: catalog).needs(at: now)
    }
}

/// A status line as it is stored, and the head of the stream that it stands beside.
public struct TenantLine: Sendable, Equatable {
    public let status: TenantStatus
    public let head: JournalRecords.Head
    public init(status: TenantStatus, head: JournalRecords.Head) {
        self.status = status
        self.head = head
    }

    /// Nil unless it counts: it may be older than the stream, of another plan, or of another build.
    public func stand(under plan: Plan) -> Stand? { status.stand.flatMap { $0.counts(for: head, under: plan) ? $0 : nil } }
}
