public import Cutover
public import Host

/// A host's clocks at one moment, and the clock of the database that runs there.
public struct HostClock: Sendable, Equatable {
    /// UTC by the host: it can be set, and drifts.
    public let wall: Timestamp
    /// Seconds since boot.
    public let monotonic: Double
    public let boot: String
    public let database: Timestamp
    public init(wall: Timestamp, monotonic: Double, boot: String, database: Timestamp) {
        self.wall = wall
        self.monotonic = monotonic
        self.boot = boot
        self.database = database
    }
}

/// What befalls a tenant's own world.
public struct TenantMishap: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        case databaseRestart
        /// The last seconds' transactions are gone.
        case databaseFailover
        /// The next statement of ours is the victim.
        case deadlock, lockTimeout
        /// For so many minutes.
        case pluginStalled, pluginLies, plugin5xx, pluginSlow
        case pluginUp
        /// Until the watch starts it again.
        case pluginDies
        case serverRestartedWithOldSettings
        /// To what it was so many hours ago.
        case rebuiltFromBackup
        case moved, deleted
        /// Somebody switches the capture's triggers off.
        case captureDisabled
        /// Somebody reads the old table.
        case oldTableRead
    }
    public let kind: Kind
    /// Seconds, minutes or hours, as the kind says.
    public let amount: Int
    public init(_ kind: Kind, _ amount: Int = 0) {
        self.kind = kind
        self.amount = amount
    }
}

/// A tenant's world as it is, past the engine's knowledge, for whoever judges.
public struct TenantTruth: Sendable {
    /// What agents were told is stored, by the memory's id; nil for one they were told is forgotten.
    public var told: [String: String?] = [:]
    /// The old table's rows, by id; nil when neither it nor its renamed form is there.
    public var v1: [String: String]?
    public var v2: [String: String] = [:]
    /// Rows that are listed with a reason, by id.
    public var exceptions: [String: String] = [:]
    /// Texts kept for a person, by id.
    public var kept: [String: [String]] = [:]
    public var isFrozen = false
    public var isDropped = false
    public var isMirrored = false
    /// The ids in the archive; nil when there is none.
    public var archived: Set<String>?
    public var server = ""
    public var plugin = ""
    /// All of it, where the tenant is the whole model.
    var state: TenantState?
    public init() {}
}

/// What a simulated host does its work on.
public protocol TenantModel: Sendable {
    /// The operations of the migration, carried out on this model.
    /// - Parameter cut: asked between any two effects of an operation; throws when the process dies there.
    func book(cut: @escaping @Sendable (String) throws -> Void) -> HostOperationBook
    func agentsWork(from: Timestamp, to: Timestamp)
    /// Takes the samples that are due.
    func watch(to: Timestamp, evidence: EvidenceLedger) async
    func befall(_ mishap: TenantMishap)
    var truth: TenantTruth { get }
}

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
    public let truth: @Sendable (TenantID) -> TenantTruth?
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

/// Chance that can be repeated, and that one name's draws do not take from another's.
public struct Dice: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64, for name: String) {
        // FNV-1a: the same in every run, unlike the standard library's own hashes.
        state = name.utf8.reduce(seed ^ 0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    public mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
    public mutating func happens(_ percent: Double) -> Bool { Double.random(in: 0..<100, using: &self) < percent }
    public mutating func pick<Element>(_ elements: [Element]) -> Element? { elements.randomElement(using: &self) }
    /// Others, that take nothing from these.
    public func dice(for name: String) -> Dice { Dice(seed: state, for: name) }
}
