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

    /// - Parameters:
    ///   - samples: in the order in which the host recorded them, all recorded after the wait began.
    ///   - longestGapSeconds: time between two samples further apart than this is not covered.
    public init(_ samples: [Sample], longestGapSeconds: Double) {
        var last: Sample?
        for sample in samples {
            self.samples += 1
            switch sample.verdict {
            case .safety:
                resets += 1
                coveredSeconds = 0
                lastTrouble = sample.detail
            case .availability:
                pauses += 1
                lastTrouble = sample.detail
            case .green:
                if let last, last.verdict == .green { cover(from: last, to: sample, longestGapSeconds) }
            }
            last = sample
        }
    }

    /// The least of the clocks counts: a wall clock that was set cannot make evidence, and nothing is counted across a boot by uptime alone.
    private mutating func cover(from earlier: Sample, to later: Sample, _ longestGapSeconds: Double) {
        let wall = later.at.seconds(since: earlier.at)
        let seconds = earlier.boot == later.boot ? min(wall, later.uptime - earlier.uptime) : wall
        let elapsed = earlier.boot == later.boot ? max(wall, later.uptime - earlier.uptime) : wall
        if elapsed > longestGapSeconds || seconds < 0 { gaps += 1 } else { coveredSeconds += seconds }
    }
}
