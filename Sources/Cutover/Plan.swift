/// What is to be done to every tenant, as data. Known by its digest: the SHA-256 of the file it was read from.
public struct Plan: Sendable, Equatable {
    public let name: String
    public let revision: Int
    public let author: OperatorID
    public let digest: String
    /// It keeps its state on each host in a folder of its own, beside that of another plan.
    public let ownState: Bool
    public let decisions: [String: String]
    public let approvals: Approvals
    public let phases: [Phase]
    public let rollout: Rollout
    /// Every step in the order in which it is done.
    public let steps: [PlannedStep]

    public init(
        name: String, revision: Int, author: OperatorID, digest: String, ownState: Bool = false, decisions: [String: String] = [:],
        approvals: Approvals = Approvals(count: 0, from: [], notAuthor: true), phases: [Phase], rollout: Rollout
    ) {
        self.name = name
        self.revision = revision
        self.author = author
        self.digest = digest
        self.ownState = ownState
        self.decisions = decisions
        self.approvals = approvals
        self.phases = phases
        self.rollout = rollout
        self.steps = phases.flatMap { phase in phase.steps.map { PlannedStep(phase: phase.id, spec: $0) } }
    }

    /// Finds a step by `A2/backfill.verify` or, where it is enough, by `backfill.verify`.
    public func step(named text: String) -> PlannedStep? {
        steps.first { $0.place == text || $0.spec.id.text == text }
    }

    /// The last step of the phase called `text`.
    public func lastStep(ofPhase text: String) -> PlannedStep? {
        steps.last { $0.phase.text == text }
    }
}

public struct Phase: Sendable, Codable, Equatable {
    public let id: PhaseID
    public let steps: [StepSpec]
    public init(id: PhaseID, steps: [StepSpec]) {
        self.id = id
        self.steps = steps
    }
}

public struct StepSpec: Sendable, Codable, Equatable {
    public let id: StepID
    public let kind: StepKind
    public let risk: Risk
    public let settings: Settings
    public init(id: StepID, kind: StepKind, risk: Risk = .normal, settings: Settings = Settings()) {
        self.id = id
        self.kind = kind
        self.risk = risk
        self.settings = settings
    }
}

/// A step together with the phase it stands in.
public struct PlannedStep: Sendable, Equatable {
    public let phase: PhaseID
    public let spec: StepSpec
    public var id: StepID { spec.id }
    public var place: String { "\(phase)/\(spec.id)" }
    public func ref(for tenant: TenantID) -> StepRef { StepRef(tenant: tenant, phase: phase, step: spec.id) }
}

public enum Risk: String, Sendable, Codable, Equatable { case normal, high }

/// How many distinct people must agree to a step of high risk, and who they may be.
public struct Approvals: Sendable, Codable, Equatable {
    public let count: Int
    public let from: [OperatorID]
    public let notAuthor: Bool
    /// Whoever carries the step out does not count either.
    public let notExecutor: Bool
    /// How long a signature counts.
    public let validSeconds: Int
    /// The stages (A, B, C) whose evidence has to be attached before a step of high risk.
    public let stages: [String]
    /// Whose signatures count; without any, a recorded word is enough.
    public let keys: [Approver]
    public init(
        count: Int, from: [OperatorID], notAuthor: Bool, notExecutor: Bool = false, validSeconds: Int = 7 * 86_400, stages: [String] = [], keys: [Approver] = []
    ) {
        self.count = count
        self.from = from
        self.notAuthor = notAuthor
        self.notExecutor = notExecutor
        self.validSeconds = validSeconds
        self.stages = stages
        self.keys = keys
    }
}

public struct Rollout: Sendable, Codable, Equatable {
    public let atOnce: Int
    public let exposed: Int
    public let failureBudget: Int
    public let stragglers: Int
    /// What spends the failure budget.
    public let counted: Set<Trouble>
    public let waves: [Wave]
    public init(
        atOnce: Int, exposed: Int, failureBudget: Int, stragglers: Int, counted: Set<Trouble> = Trouble.countedByDefault, waves: [Wave]
    ) {
        self.atOnce = atOnce
        self.exposed = exposed
        self.failureBudget = failureBudget
        self.stragglers = stragglers
        self.counted = counted
        self.waves = waves
    }
}

/// Tenants that move together, chosen by labels.
public struct Wave: Sendable, Codable, Equatable {
    public let name: String
    public let select: [String: String]
    /// At most this many tenants; the rest fall to a later wave with the same labels.
    public let count: Int?
    /// Of those that the labels choose, at most this share, rounded up; the rest fall to a later wave.
    public let percent: Int?
    public let bakeSeconds: Int
    /// The place (`A3/legacy.freeze`) that every tenant of this wave must have verified before the next wave opens; the last step when nil.
    public let after: String?
    public init(name: String, select: [String: String], count: Int? = nil, percent: Int? = nil, bakeSeconds: Int = 0, after: String? = nil) {
        self.name = name
        self.select = select
        self.count = count
        self.percent = percent
        self.bakeSeconds = bakeSeconds
        self.after = after
    }
}
