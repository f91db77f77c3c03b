public import Cutover

/// What happens to a fleet while it is moved: all of it known before it begins.
public struct Scenario: Sendable {
    public struct Hold: Sendable, Equatable {
        /// Nil: the whole fleet.
        public let tenant: TenantID?
        public let spell: Spell
        public init(_ tenant: TenantID?, _ spell: Spell) {
            self.tenant = tenant
            self.spell = spell
        }
    }

    public struct Move: Sendable, Equatable {
        public let host: TenantHost
        public let at: Timestamp
        public init(_ host: TenantHost, at: Timestamp) {
            self.host = host
            self.at = at
        }
    }

    /// A second operator who takes the tenant's next step from that moment on, and is paused in it.
    public struct Pause: Sendable, Equatable {
        public let tenant: TenantID
        public let at: Timestamp
        public let seconds: Int
        /// The act was sent, and its answer is what waits; else the act itself is, and arrives late.
        public let hasSent: Bool
        public init(_ tenant: TenantID, at: Timestamp, seconds: Int, hasSent: Bool) {
            self.tenant = tenant
            self.at = at
            self.seconds = seconds
            self.hasSent = hasSent
        }
    }

    /// What simulated hosts heed as real ones do. A test that leaves one out shows that the judge would see it.
    public enum Heeded: String, Sendable, CaseIterable { case fences, lock, vetoes }

    /// How long people take; nil where they never come.
    public struct People: Sendable, Equatable {
        /// To sign what is asked for.
        public var signSeconds: Int?
        /// To mend what failed, and open it again.
        public var mendSeconds: Int?
        public init(signSeconds: Int? = 4 * 3600, mendSeconds: Int? = nil) {
            self.signSeconds = signSeconds
            self.mendSeconds = mendSeconds
        }
    }

    public var start: Timestamp
    public var days: Int
    public var seed: UInt64
    public var fates: [TenantID: Fate] = [:]
    public var holds: [Hold] = []
    public var joins: [Move] = []
    public var leaves: [Move] = []
    public var pauses: [Pause] = []
    public var heeded = Set(Heeded.allCases)
    public var people = People()
    /// How many seconds steps take.
    public var pace = Pace()

    public init(start: Timestamp, days: Int, seed: UInt64 = 1) {
        self.start = start
        self.days = days
        self.seed = seed
    }

    /// The moment so many days after the start.
    public func day(_ days: Double) -> Timestamp { Timestamp(milliseconds: start.milliseconds + Int64(days * 86_400_000)) }
    var end: Timestamp { start.adding(seconds: days * 86_400) }
}

/// How long steps take, by place; a tenant's own figure goes before the plan's.
public struct Pace: Sendable, Equatable {
    public var seconds: [String: Int]
    public var ofTenant: [TenantID: [String: Int]]
    public var otherwise: Int
    public init(_ seconds: [String: Int] = [:], ofTenant: [TenantID: [String: Int]] = [:], otherwise: Int = 120) {
        self.seconds = seconds
        self.ofTenant = ofTenant
        self.otherwise = otherwise
    }
    func seconds(_ tenant: TenantID, _ place: String) -> Int { ofTenant[tenant]?[place] ?? seconds[place] ?? otherwise }

    /// What a journal shows: from each step's beginning to its end. Places take the median of their tenants.
    public init(recorded events: [Event], otherwise: Int = 120) {
        var began: [StepRef: Timestamp] = [:]
        var own: [TenantID: [String: Int]] = [:]
        for event in events {
            switch event.change {
            case .started(let ref, _): began[ref] = event.at
            case .performed(let ref, _):
                guard let at = began.removeValue(forKey: ref) else { continue }
                own[ref.tenant, default: [:]][ref.place] = max(0, Int(event.at.seconds(since: at).rounded()))
            default: continue
            }
        }
        var places: [String: [Int]] = [:]
        for (place, seconds) in own.values.flatMap({ $0 }) { places[place, default: []].append(seconds) }
        self.init(places.mapValues { $0.sorted()[$0.count / 2] }, ofTenant: own, otherwise: otherwise)
    }
}
