/// The smallest thing that can be done, verified and undone.
/// There is no way to register a bare `Step`: each must say whether it has a way back.
public protocol Step: Sendable {
    /// All must be open, answered live, before `perform`.
    var preconditions: [Gate] { get }
    /// What `perform` would do, with the commands and SQL as they would run. Changes nothing.
    func preview(_ sight: Sight) async throws(StepFailure) -> Preview
    /// Reads the world (and the traces of exercises), never the journal: asked after `perform`, and after a crash.
    func verify(_ sight: Sight) async throws(StepFailure) -> Finding
}

public protocol ReversibleStep: Step {
    /// Would `revert` work if it were needed now? Asked shortly before `perform`.
    var wayBack: [Gate] { get }
    /// Accepts being run again over half-done work.
    func perform(_ site: Site) async throws(StepFailure) -> Evidence
    /// `performed` is nil when a crash hid what `perform` achieved: succeeds on half-done work too.
    func revert(_ site: Site, performed: Evidence?) async throws(StepFailure) -> Evidence
}

/// A reversible step in two halves with a grace period between them, in which people can still object for free.
public protocol GracefulStep: ReversibleStep {
    var graceSeconds: Int { get }
    /// The first half. Accepts being run again over half-done work; `perform` is the second half.
    func setAside(_ site: Site) async throws(StepFailure) -> Evidence
}

/// A step without an effect: a gate over samples that the host collects. Never in doubt.
public protocol Wait: Step {
    /// Starts, or starts again, whatever collects the samples. Called once at the beginning and whenever `observe` asks for it.
    /// - Parameter began: the wait's own id, under which samples are to be recorded.
    func tend(_ site: Site, began: OperationID) async throws(StepFailure) -> Evidence
    /// Judges the samples recorded since `began`.
    func observe(_ sight: Sight, began: OperationID) async -> Observation
    /// Asked when the controller's journal was lost.
    func remembered(_ sight: Sight) async throws(StepFailure) -> RememberedWait?
}

extension Wait {
    /// What the host remembers of this wait, for a journal that does not: nil where it remembers nothing, and the wait begins anew.
    public func remembered(_ sight: Sight) async throws(StepFailure) -> RememberedWait? { nil }
}

/// A wait as its host remembers it.
public struct RememberedWait: Sendable, Codable, Equatable {
    /// The id under which samples are recorded.
    public let began: OperationID
    /// By the host's clock.
    public let since: Timestamp
    public init(began: OperationID, since: Timestamp) {
        self.began = began
        self.since = since
    }
}

public struct Observation: Sendable, Equatable {
    public let verdict: Gate.Verdict
    /// Why the samplers must be started again, if they must.
    public let needsTending: String?
    public let clearedBy: Gate.Clearance
    /// Of a wait that counts time.
    public let clock: ClockReading?
    /// Before that moment asking again would tell nothing new; nil where nobody knows.
    public let again: Timestamp?
    public init(
        _ verdict: Gate.Verdict, needsTending: String? = nil, clearedBy: Gate.Clearance = .time, clock: ClockReading? = nil, again: Timestamp? = nil
    ) {
        self.verdict = verdict
        self.clock = clock
        self.again = again
        self.needsTending = needsTending
        self.clearedBy = clearedBy.after(verdict)
    }
}

/// A step that cannot be undone, and so cannot even be called without a recorded consent.
public protocol IrreversibleStep: Step {
    func perform(_ site: Site, with consent: Consent) async throws(StepFailure) -> Evidence
}

public enum AnyStep: Sendable {
    case reversible(any ReversibleStep)
    case irreversible(any IrreversibleStep)
    case wait(any Wait)

    public var base: any Step {
        switch self {
        case .reversible(let step): step
        case .irreversible(let step): step
        case .wait(let step): step
        }
    }
    public var isReversible: Bool { if case .irreversible = self { false } else { true } }
    public var isWait: Bool { if case .wait = self { true } else { false } }
}

/// What a step would do to one tenant.
public struct Preview: Sendable, Equatable {
    public let commands: [String]
    public init(commands: [String]) { self.commands = commands }
}
