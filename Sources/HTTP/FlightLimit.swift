/// How many requests may be in flight, found out from what becomes of them: more while more get through, half after a refusal.
///
/// A value without clock or chance of its own: moments are seconds of any steady clock, chance is passed in, so that a run can be
/// repeated. It doubles until the rate of answers stops rising; from then on it tries an eighth more and an eighth less in turn,
/// and keeps what brings more through, or as much with fewer.
public struct FlightLimit: Sendable, Equatable {
    public struct Bounds: Sendable, Codable, Equatable {
        public let least: Int
        public let most: Int
        /// Mean latency above which the limit shrinks, seconds.
        public let latencySeconds: Double
        /// Longest pause after refusals, seconds; a server that asks for more gets more, up to an hour.
        public let pauseSeconds: Double

        public init(least: Int = 1, most: Int = 64, latencySeconds: Double = 0.5, pauseSeconds: Double = 30) {
            self.least = max(1, least)
            self.most = max(self.least, most)
            self.latencySeconds = latencySeconds
            self.pauseSeconds = pauseSeconds
        }
    }

    public let bounds: Bounds
    /// So many may be in flight now.
    public private(set) var limit: Int
    /// Nothing is to be sent before this moment.
    public private(set) var quietUntil = 0.0
    /// Refusals since the last answer.
    public private(set) var refusalsInARow = 0

    private enum Trial { case doubling, asItIs, more, less }

    private var trial = Trial.doubling
    private var base = (rate: 0.0, limit: 1)
    /// The best rate of late: many small steps down, each of which costs little, must not add up either.
    private var best = 0.0
    private var round = (began: 0.0, answers: 0, latency: 0.0)
    private var cutAt = -1.0

    public init(_ bounds: Bounds = Bounds()) {
        self.bounds = bounds
        limit = min(max(4, bounds.least), bounds.most)
    }

    public static func == (one: FlightLimit, other: FlightLimit) -> Bool {
        one.bounds == other.bounds && one.limit == other.limit && one.quietUntil == other.quietUntil && one.base == other.base && one.best == other.best && one.round == other.round
            && one.trial == other.trial && one.cutAt == other.cutAt && one.refusalsInARow == other.refusalsInARow
    }

    public func mayBegin(inFlight: Int, at now: Double) -> Bool { now >= quietUntil && inFlight < limit }

    /// A request that began at `began` was answered at `now`, and not refused.
    public mutating func answered(began: Double, at now: Double) {
        refusalsInARow = 0
        if round.answers == 0 { round.began = began }
        round.answers += 1
        round.latency += now - began
        // Enough of them that one slow answer does not decide.
        guard round.answers >= max(32, 4 * limit) else { return }
        let seconds = max(now - round.began, 1e-6)
        judge(rate: Double(round.answers) / seconds, latency: round.latency / Double(round.answers))
        round = (now, 0, 0)
    }

    /// The server refused (429, 5xx), or did not answer in time, or was not there.
    /// - Parameters:
    ///   - retryAfter: seconds the server asked for.
    ///   - chance: 0..<1, spreads the pause between half and one and a half times its length.
    public mutating func refused(began: Double, at now: Double, retryAfter: Double?, chance: Double) {
        refusalsInARow += 1
        // Of all that were in flight together only the first cuts: they tell the same trouble.
        if began >= cutAt {
            limit = max(bounds.least, limit / 2)
            cutAt = now
            trial = .asItIs
            round = (now, 0, 0)
        }
        let doubled = min(bounds.pauseSeconds, 0.05 * Double(1 << min(refusalsInARow - 1, 16)))
        let pause = min(bounds.pauseSeconds, doubled * (0.5 + chance))
        quietUntil = max(quietUntil, now + max(pause, min(retryAfter ?? 0, 3600)))
    }

    // MARK: - Non public

    private mutating func judge(rate: Double, latency: Double) {
        if latency > bounds.latencySeconds {
            limit = max(bounds.least, limit * 4 / 5)
            trial = .asItIs
            return
        }
        best = max(best * 0.99, rate)
        let step = max(1, base.limit / 8)
        switch trial {
        case .doubling:
            if rate > base.rate * 1.1 { return keep(rate, .doubling, limit * 2) }
            go(.asItIs, base.limit)
        case .asItIs: keep(rate, .more, limit + max(1, limit / 8))
        // Rates waver by some percent: what is kept by chance must not add up to a drift, least of all upwards.
        case .more:
            if rate > base.rate * 1.08 { keep(rate, .more, limit + max(1, limit / 8)) } else { go(.less, base.limit - step) }
        case .less:
            if rate > best * 0.96 { keep(rate, .less, limit - max(1, limit / 8)) } else { go(.asItIs, base.limit) }
        }
    }

    private mutating func keep(_ rate: Double, _ next: Trial, _ limit: Int) {
        base = (rate, self.limit)
        go(next, limit)
    }

    private mutating func go(_ next: Trial, _ wanted: Int) {
        trial = next
        limit = min(max(wanted, bounds.least), bounds.most)
        // At a bound there is nothing to try.
        if limit == base.limit, trial != .asItIs { trial = .asItIs }
    }
}
