/// Counts covered time over samples. A gap stops it, a broken safety fact resets it, a failed availability fact pauses it.
public struct EvidenceClock: Sendable, Equatable {
    public enum Verdict: String, Sendable, Codable { case green, safety, availability }

    public struct Sample: Sendable, Equatable {
        public let at: Timestamp
        /// Seconds since boot, comparable only within one `boot`.
        public let uptime: Double
        public let boot: String
        public let verdict: Verdict
        public let detail: String
        public init(at: Timestamp, uptime: Double, boot: String, verdict: Verdict, detail: String) {
            self.at = at
            self.uptime = uptime
            self.boot = boot
            self.verdict = verdict
            self.detail = detail
        }
    }

    public private(set) var coveredSeconds = 0.0
    public private(set) var samples = 0
    public private(set) var gaps = 0
    public private(set) var resets = 0
    public private(set) var pauses = 0
    public private(set) var lastTrouble: String?

    private let longestGapSeconds: Double
    private var last: Sample?

    /// - Parameter longestGapSeconds: time between two samples further apart than this is not covered.
    public init(longestGapSeconds: Double) { self.longestGapSeconds = longestGapSeconds }

    /// - Parameter samples: in the order in which the host recorded them, all recorded after the wait began.
    public init(_ samples: [Sample], longestGapSeconds: Double) {
        self.init(longestGapSeconds: longestGapSeconds)
        for sample in samples { add(sample) }
    }

    public mutating func add(_ sample: Sample) {
        samples += 1
        switch sample.verdict {
        case .safety:
            resets += 1
            coveredSeconds = 0
            lastTrouble = sample.detail
        case .availability:
            pauses += 1
            lastTrouble = sample.detail
        case .green:
            if let last, last.verdict == .green { cover(from: last, to: sample) }
        }
        last = sample
    }

    /// The least of the clocks counts: a wall clock that was set cannot make evidence. Across a boot there is only the wall clock, so
    /// nothing is counted there.
    private mutating func cover(from earlier: Sample, to later: Sample) {
        let (wall, steady) = (later.at.seconds(since: earlier.at), later.uptime - earlier.uptime)
        let seconds = min(wall, steady)
        if earlier.boot != later.boot || max(wall, steady) > longestGapSeconds || seconds < 0 { gaps += 1 } else { coveredSeconds += seconds }
    }
}
