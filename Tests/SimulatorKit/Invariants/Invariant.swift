public import Cutover

/// Something that happened, besides what the journal was told.
public struct Happening: Sendable, Equatable {
    public enum What: Sendable, Equatable {
        /// An operation begins to be carried out on the tenant's host, behind its lock.
        case handLaid(OperationID, OperationKind, OperationClass, fence: Int)
        /// It is over, be it that its process died.
        case handTaken(OperationID, OperationKind, OperationClass, fence: Int)
        /// Its result left the host as one that was carried out.
        case answered(OperationID)
        case processDied
        case hostCrashed
        case hostIsBack
        case watched
        case mishap(String)
        case sessionBegan(operator: Int)
        case sessionEnded(operator: Int)
    }
    public let at: Timestamp
    public let tenant: TenantID?
    public let what: What
    public init(at: Timestamp, tenant: TenantID?, what: What) {
        self.at = at
        self.tenant = tenant
        self.what = what
    }
}

/// What a judge may look at.
public struct WorldView: Sendable {
    public let now: Timestamp
    public let plan: Plan
    public let catalog: StepCatalog
    public let fleet: Fleet
    /// What was appended to a stream so far, in order.
    public let events: @Sendable (StreamID) -> [Event]
    /// A tenant as it is, past the engine's knowledge.
    let truth: @Sendable (TenantID) -> TenantState?
    /// What lies on a tenant's host, by path.
    public let files: @Sendable (TenantID) -> [String: String]
}

/// One promise, judged without asking the engine: told of everything, it remembers what it needs.
public protocol Invariant: Sendable {
    var name: String { get }
    mutating func hear(_ event: Event, world: WorldView)
    mutating func after(_ happening: Happening, world: WorldView)
    mutating func atEnd(_ world: WorldView)
    var violations: [String] { get }
}

extension Invariant {
    /// The same judge, once an older copy of the journal stands in the newer one's place: what goes by the record goes by that.
    func afterPutBack(_ world: WorldView) -> any Invariant { (self as? any JudgesRecord)?.afresh(world) ?? self }
}

/// Judges by the record: where that was put back, it is heard once more from the beginning, and what was noted stays.
protocol JudgesRecord: Invariant {
    var notes: Notes { get set }
    /// Without what is known from the record.
    var forgetful: Self { get }
}

extension JudgesRecord {
    func afresh(_ world: WorldView) -> any Invariant {
        var judge = forgetful
        for stream in [.fleet] + world.fleet.tenants.map({ StreamID($0.id) }) {
            for event in world.events(stream) { judge.hear(event, world: world) }
        }
        judge.notes = notes
        return judge
    }
}
