/// A read-only question. It never throws: not knowing is an answer, and keeps the gate shut.
public struct Gate: Sendable {
    public enum Verdict: Sendable, Equatable {
        case open(Evidence)
        case shut(String)
        case unknown(String)

        public var isOpen: Bool { if case .open = self { true } else { false } }
        /// `open`, `shut` or `unknown`: the word that commands print.
        public var answer: String {
            switch self {
            case .open: "open"
            case .shut: "shut"
            case .unknown: "unknown"
            }
        }
        public var detail: String {
            switch self {
            case .open(let evidence): evidence.facts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
            case .shut(let why), .unknown(let why): why
            }
        }
    }

    /// Who can open it when it is shut.
    public enum Clearance: Sendable, Equatable {
        /// The world may change by itself: asking again later makes sense.
        case time
        /// A person has to act; the text is the command to type, with TENANT where the tenant's name belongs.
        case person(String)

        func naming(_ tenant: TenantID) -> Clearance {
            switch self {
            case .time: self
            case .person(let command): .person(command.replacing("TENANT", with: tenant.text))
            }
        }

        /// Whoever could open it if it were shut can do nothing about an answer that did not come: it is asked for again.
        func after(_ verdict: Verdict) -> Clearance { if case .unknown = verdict { .time } else { self } }

        public var text: String {
            switch self {
            case .time: "time"
            case .person(let command): command
            }
        }
    }

    /// Whether a named person may set it aside for a while.
    public enum Waiving: Sendable, Equatable {
        case never(because: String)
        case allowed
        /// What keeps one person from deciding alone: to be set aside loudly or not at all.
        case byBreakingGlass

        /// What every check is that does not say otherwise.
        public static let guardsData = never(because: "it keeps data from being lost, and no signature brings any back")
    }

    /// Who can open it for this tenant.
    public func naming(_ tenant: TenantID) -> Clearance { clearedBy.naming(tenant) }

    /// A claim that is true when the gate is open: "the plugin answers on loopback only".
    public let claim: String
    public let clearedBy: Clearance
    public let waiving: Waiving
    /// What it asks the tenant's host whatever the answers are: all that a decision needs is asked in one delivery.
    public let asks: [any Reading]
    public let assess: @Sendable (Sight) async -> Verdict

    public init(
        _ claim: String, clearedBy: Clearance = .time, waiving: Waiving = .guardsData, asks: [any Reading] = [], assess: @escaping @Sendable (Sight) async -> Verdict
    ) {
        self.claim = claim
        self.clearedBy = clearedBy
        self.waiving = waiving
        self.asks = asks
        self.assess = assess
    }
}
