/// Where one tenant is, as `status --json` shows it. A fold of its events; stored beside them.
public struct TenantStatus: Sendable, Codable, Equatable {
    public enum State: String, Sendable, Codable, CaseIterable {
        case pending, running, inDoubt, waiting, gated, failed, reverting, reverted, done, held, quarantined
    }
    public let tenant: TenantID
    public let wave: String
    public let milestone: String
    public let phase: String
    public let step: String
    public private(set) var state: State
    public let since: String
    public private(set) var held: String?
    public private(set) var next: String
    /// The last recorded progress of the step, while it is under way.
    public let progress: Standing.Checkpoint?
    /// Nil where nothing is wrong, or the line was written by an older build.
    public private(set) var trouble: Trouble?
    /// Between the step that exposes it and the one that ends that.
    public let exposed: Bool?
    /// True where it waits on a clock, or its next step has not begun and would end such a wait or expose it: nothing of ours is under way. False where it
    /// was stopped amid a step.
    public let atRest: Bool?
    /// Checks that people have set aside. As recorded: `Engine.waivers` tells which of them count.
    public let waivers: [Waiver]?
    /// What people have given up: the tenant, or steps whose outcome nobody knows. Nil where nothing was.
    public let abandoned: [Abandonment]?
    /// Finished steps that a later look found gone or half gone, by place. Nil where none is.
    public let drift: [String]?
    /// What a rollout goes by. Nil in a line that an older build wrote.
    public internal(set) var stand: Stand?

    public init(
        tenant: TenantID, wave: String, milestone: String, phase: String, step: String, state: State, since: String, held: String?, next: String,
        progress: Standing.Checkpoint? = nil, trouble: Trouble? = nil, exposed: Bool? = nil, atRest: Bool? = nil, waivers: [Waiver]? = nil,
        abandoned: [Abandonment]? = nil, drift: [String]? = nil
    ) {
        self.tenant = tenant
        self.wave = wave
        self.milestone = milestone
        self.phase = phase
        self.step = step
        self.state = state
        self.since = since
        self.held = held
        self.next = next
        self.progress = progress
        self.trouble = trouble
        self.exposed = exposed
        self.atRest = atRest
        self.waivers = waivers
        self.abandoned = abandoned
        self.drift = drift
    }
}

/// The whole fleet, as `status --json` shows it.
public struct StatusReport: Sendable, Codable, Equatable {
    public struct PlanLine: Sendable, Codable, Equatable {
        public let name: String
        public let revision: Int
        public let digest: String
    }
    public struct Budget: Sendable, Codable, Equatable {
        public let atOnce: Int
        public let inMotion: Int
        public let failures: Int
        public let allowed: Int
        public let exposed: Int
        public let exposedAllowed: Int
        public let stragglers: Int
        public let stragglersAllowed: Int
        /// How many tenants are in which trouble, whether or not it counts.
        public let troubles: [String: Int]
    }
    public let formatVersion: Int
    public let plan: PlanLine
    public let tenants: [TenantStatus]
    public let budget: Budget

    /// `statuses` are what the journal holds; tenants of the fleet it has never heard of are pending.
    /// - Parameter holdOver: what holds a tenant besides a hold of its own.
    public init(
        plan: Plan, fleet: Fleet, statuses: [TenantStatus], holdOver: (TenantID) -> FleetHold? = { _ in nil }, waveOf: (TenantID) -> String
    ) {
        let known = Dictionary(uniqueKeysWithValues: statuses.map { ($0.tenant, $0) })
        let first = plan.steps.first
        self.formatVersion = 1
        self.plan = PlanLine(name: plan.name, revision: plan.revision, digest: plan.digest)
        let lines = fleet.tenants.map { host in
            known[host.id]
                ?? TenantStatus(
                    tenant: host.id, wave: waveOf(host.id), milestone: "", phase: first?.phase.text ?? "", step: first?.id.text ?? "",
                    state: .pending, since: "", held: nil, next: "cutoverctl advance \(host.id)")
        }
        self.tenants = lines.map { line in holdOver(line.tenant).map { line.held(by: $0) } ?? line }
        let spending = Spending(lines, under: plan.rollout)
        self.budget = Budget(
            atOnce: plan.rollout.atOnce, inMotion: spending.inMotion, failures: spending.failures, allowed: plan.rollout.failureBudget,
            exposed: spending.exposed, exposedAllowed: plan.rollout.exposed, stragglers: spending.stragglers,
            stragglersAllowed: plan.rollout.stragglers,
            troubles: Dictionary(uniqueKeysWithValues: spending.troubles.map { ($0.key.rawValue, $0.value) }))
    }
}

extension TenantStatus {
    /// The same line under a hold of its wave or the fleet. What is under way, failed or done is still told as that.
    func held(by hold: FleetHold) -> TenantStatus {
        if held != nil || state == .done { return self }
        var line = self
        line.held = "\(hold.by): \(hold.reason)"
        if [State.pending, .waiting, .gated, .reverted].contains(state) {
            line.state = .held
            line.next = hold.next
        }
        return line
    }

    /// The same line of a step that was begun while nobody alive is at it: its outcome is not known.
    public func unattended() -> TenantStatus {
        var line = self
        line.state = .inDoubt
        line.trouble = .unknown
        line.next = "cutoverctl why \(tenant)"
        return line
    }

    /// Between two steps a tenant under way is pending; it is in motion all the same, unless it rests there.
    public var isInMotion: Bool { atRest.map { !$0 } ?? (state.isInMotion || (state == .pending && !since.isEmpty)) }
}

extension TenantStatus.State {
    /// Something of ours is under way; waiting on a clock is not motion.
    public var isInMotion: Bool {
        switch self {
        case .running, .inDoubt, .reverting, .gated: true
        case .pending, .waiting, .failed, .reverted, .done, .held, .quarantined: false
        }
    }
}
