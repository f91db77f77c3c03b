public import Cutover

/// A stretch of simulated time; without an end it lasts.
public struct Spell: Sendable, Equatable {
    public let from: Timestamp
    public let until: Timestamp?
    public init(from: Timestamp, until: Timestamp? = nil) {
        self.from = from
        self.until = until
    }
    public func covers(_ moment: Timestamp) -> Bool { from <= moment && (until.map { moment < $0 } ?? true) }
}

/// What befalls one tenant. What the engine learns of it, it learns from the host.
public struct Fate: Sendable, Equatable {
    public struct Red: Sendable, Equatable {
        /// A wait whose samples turn red, or a step whose gate shuts.
        public let place: String
        public let spell: Spell
        public let verdict: EvidenceClock.Verdict
        public init(place: String, spell: Spell, verdict: EvidenceClock.Verdict) {
            self.place = place
            self.spell = spell
            self.verdict = verdict
        }
    }

    public struct ClockStep: Sendable, Equatable {
        public let at: Timestamp
        public let seconds: Int
        public init(at: Timestamp, seconds: Int) {
            self.at = at
            self.seconds = seconds
        }
    }

    /// How often a step fails before it succeeds.
    public var failures: [String: Int] = [:]
    /// Nobody reaches it; its watch goes on.
    public var offline: [Spell] = []
    /// It is down, and boots at the end.
    public var down: [Spell] = []
    public var reds: [Red] = []
    /// Somebody sets its clock.
    public var clockSteps: [ClockStep] = []
    /// Whoever runs the host says "not now".
    public var vetoes: [Spell] = []
    /// How often too few sign at first, or people whose word does not count.
    public var shortSignatures = 0

    public init() {}

    func isReachable(_ moment: Timestamp) -> Bool { !(offline + down).contains { $0.covers(moment) } }
    func isUp(_ moment: Timestamp) -> Bool { !down.contains { $0.covers(moment) } }
    /// Since when it has been running, and how often it booted before.
    func boot(_ moment: Timestamp) -> (number: Int, since: Timestamp?) {
        let boots = down.compactMap(\.until).filter { $0 <= moment }.sorted()
        return (boots.count, boots.last)
    }
    func isVetoed(_ moment: Timestamp) -> Bool { vetoes.contains { $0.covers(moment) } }
    func verdict(_ place: String, _ moment: Timestamp) -> EvidenceClock.Verdict {
        let now = reds.filter { $0.place == place && $0.spell.covers(moment) }.map(\.verdict)
        return now.contains(.safety) ? .safety : now.first ?? .green
    }
    /// How far its clock is off.
    func offset(_ moment: Timestamp) -> Int { clockSteps.filter { $0.at <= moment }.map(\.seconds).reduce(0, +) }
    /// When the next spell ends that is now: the moment to look again.
    func change(after moment: Timestamp) -> Timestamp? {
        (offline + down + vetoes + reds.map(\.spell)).filter { $0.covers(moment) }.compactMap(\.until).min()
    }
}
