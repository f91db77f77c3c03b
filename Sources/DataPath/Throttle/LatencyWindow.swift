/// The newest latencies of one door, in milliseconds, and their 95th percentile.
public struct LatencyWindow: Sendable {
    private let seconds: Double
    private let fewest: Int
    private var samples: [(at: Double, milliseconds: Double)] = []

    /// - Parameter fewest: with fewer samples than this in the window nothing is known.
    public init(seconds: Double = 60, fewest: Int = 5) {
        self.seconds = seconds
        self.fewest = fewest
    }

    /// - Parameter at: seconds by a clock that does not go back.
    public mutating func add(milliseconds: Double, at: Double) {
        samples.append((at, milliseconds))
        samples.removeAll { $0.at < at - seconds }
    }

    /// By rank: the smallest latency that at least 95 in 100 samples do not exceed. Nil while nothing is known.
    public func p95(at now: Double) -> Double? {
        let inside = samples.filter { $0.at >= now - seconds }.map(\.milliseconds).sorted()
        guard inside.count >= fewest else { return nil }
        return inside[Int((Double(inside.count) * 0.95).rounded(.up)) - 1]
    }
}
