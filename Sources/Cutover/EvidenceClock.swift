/// Counts covered time over samples. A gap stops it, a broken safety fact resets it, a failed availability fact pauses it.
public struct EvidenceClock: Sendable, Equatable {
    public enum Verdict: String, Sendable, Codable { case green, safety, availability }

    public struct Sample: Sendable, Equatable {
        public let at: Timestamp
        /// Seconds since boot, comparable only within one `boot`.
        public let uptime: Double
        public let boot: String
        /// The database's own clock, where it was asked.
        public let database: Timestamp?
        public let verdict: Verdict
        public let detail: String
        /// What it is known by where it was recorded.
        public let hash: String
        public init(
            at: Timestamp, uptime: Double, boot: String, database: Timestamp? = nil, verdict: Verdict, detail: String, hash: String = ""
        ) {
            self.at = at
            self.uptime = uptime
            self.boot = boot
            self.database = database
            self.verdict = verdict
            self.detail = detail
            self.hash = hash
        }
    }

    public private(set) var coveredSeconds = 0.0
    public private(set) var samples = 0
    public private(set) var gaps = 0
    public private(set) var resets = 0
    public private(set) var pauses = 0
    public private(set) var lastTrouble: String?
    /// All samples, in order, as what was made of them. What is covered is the sum of those counted since the last reset.
    public private(set) var stretches: [Stretch] = []

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
            stretch(.reset, from: sample, to: sample, seconds: 0, sample.detail)
        case .availability:
            pauses += 1
            lastTrouble = sample.detail
            stretch(.paused, from: sample, to: sample, seconds: 0, sample.detail)
        case .green:
            if let last, last.verdict == .green { cover(from: last, to: sample) } else { stretch(.counted, from: sample, to: sample, seconds: 0, "") }
        }
        last = sample
    }

    /// The least of the clocks counts: a wall clock that was set cannot make evidence. Across a boot there is only the wall clock, so
    /// nothing is counted there.
    private mutating func cover(from earlier: Sample, to later: Sample) {
        let (wall, steady) = (later.at.seconds(since: earlier.at), later.uptime - earlier.uptime)
        var clocks = [wall, steady]
        if let before = earlier.database, let after = later.database { clocks.append(after.seconds(since: before)) }
        let (least, most) = (clocks.min() ?? 0, clocks.max() ?? 0)
        if earlier.boot != later.boot || most > longestGapSeconds || least < 0 {
            gaps += 1
            stretch(.gap, from: earlier, to: later, seconds: 0, earlier.boot == later.boot ? "no sample, or a clock was set" : "a boot")
            stretch(.counted, from: later, to: later, seconds: 0, "")
        } else {
            coveredSeconds += least
            stretch(.counted, from: earlier, to: later, seconds: least, "")
        }
    }

    /// Whole ones; what a number in floating point lacks of one is none.
    private static func milliseconds(_ seconds: Double) -> Int64 { Int64((seconds * 1000 + 0.01).rounded(.down)) }

    private mutating func stretch(_ kind: Stretch.Kind, from: Sample, to: Sample, seconds: Double, _ detail: String) {
        if let open = stretches.last, open.kind == kind, kind != .gap {
            stretches[stretches.count - 1] = Stretch(
                kind: kind, from: open.from, until: to.at, milliseconds: open.milliseconds + Self.milliseconds(seconds), samples: open.samples + 1,
                first: open.first, last: to.hash, detail: detail)
        } else {
            stretches.append(
                Stretch(
                    kind: kind, from: from.at, until: to.at, milliseconds: Self.milliseconds(seconds), samples: kind == .gap ? 0 : 1, first: from.hash,
                    last: to.hash, detail: detail))
        }
    }
}

/// Samples in a row of which the same was made.
public struct Stretch: Sendable, Codable, Equatable {
    public enum Kind: String, Sendable, Codable {
        case counted
        /// The tenant did not answer: not counted.
        case paused
        /// A safety fact was broken: what was counted before it is gone.
        case reset
        /// Between its first and its last sample nothing is known.
        case gap
    }
    public let kind: Kind
    public let from: Timestamp
    public let until: Timestamp
    /// Covered; 0 but for what is counted.
    public let milliseconds: Int64
    public let samples: Int
    /// The hashes of its first and last sample in the host's ledger.
    public let first: String
    public let last: String
    public let detail: String

    public init(kind: Kind, from: Timestamp, until: Timestamp, milliseconds: Int64, samples: Int, first: String, last: String, detail: String) {
        self.kind = kind
        self.from = from
        self.until = until
        self.milliseconds = milliseconds
        self.samples = samples
        self.first = first
        self.last = last
        self.detail = detail
    }

    /// A journal's numbers are read by whoever is handed an export: sums of what is larger would end the program.
    static let most: Int64 = 1_000_000_000_000_000

    /// One line: how it is journalled. The detail comes last, for it may hold anything.
    public var text: String { "\(kind.rawValue) \(from) \(until) \(milliseconds) \(samples) \(first.isEmpty ? "-" : first) \(last.isEmpty ? "-" : last) \(detail)" }

    /// Nil unless `text` is such a line.
    public init?(_ text: String) {
        let parts = text.split(separator: " ", maxSplits: 7, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 8, let kind = Kind(rawValue: parts[0]), let from = Timestamp(parts[1]), let until = Timestamp(parts[2]), let milliseconds = Int64(parts[3]),
            let samples = Int(parts[4]), (0...Self.most).contains(milliseconds), (0...Int(Self.most)).contains(samples)
        else { return nil }
        self.init(
            kind: kind, from: from, until: until, milliseconds: milliseconds, samples: samples, first: parts[5] == "-" ? "" : parts[5], last: parts[6] == "-" ? "" : parts[6],
            detail: parts[7])
    }

    public var words: String {
        let size = kind == .counted ? "\(milliseconds / 1000) s over \(samples) samples" : kind == .gap ? "" : "\(samples) samples"
        return [kind.rawValue, size, "from \(from) to \(until)", detail].filter { !$0.isEmpty }.joined(separator: ", ")
    }
}
