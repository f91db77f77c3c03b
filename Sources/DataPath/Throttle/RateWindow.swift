/// How fast a count has grown lately, and how widely that varied.
public struct RateWindow: Sendable {
    private let seconds: Double
    private let spacing: Double
    private var samples: [(at: Double, count: Double)] = []

    /// - Parameter spacing: samples that come sooner than this after the one before replace it, so that bursts even out.
    public init(seconds: Double = 60, spacing: Double = 2) {
        self.seconds = seconds
        self.spacing = spacing
    }

    /// A count that fell begins anew.
    public mutating func add(_ count: Int, at: Double) {
        if let last = samples.last, Double(count) < last.count { samples = [] }
        if samples.count > 1, let last = samples.last, at - samples[samples.count - 2].at < spacing, at >= last.at { samples.removeLast() }
        samples.append((at, Double(count)))
        samples.removeAll { $0.at < at - seconds }
    }

    public var spanSeconds: Double { (samples.last?.at ?? 0) - (samples.first?.at ?? 0) }

    /// Per second, over the whole window. Nil before it spans a time.
    public var rate: Double? {
        guard let first = samples.first, let last = samples.last, last.at > first.at else { return nil }
        return (last.count - first.count) / (last.at - first.at)
    }

    /// When `remaining` more will have been counted, in seconds: by the fast tenth and by the slow tenth of the window's rates.
    /// `latest` is nil when the slow tenth stood still. Nil before there are rates to compare.
    public func eta(remaining: Int) -> (soonest: Double, latest: Double?)? {
        let rates = zip(samples, samples.dropFirst()).compactMap { $1.at > $0.at ? ($1.count - $0.count) / ($1.at - $0.at) : nil }.sorted()
        guard rates.count >= 3, let overall = rate, overall > 0 else { return nil }
        let tenth = rates.count / 10
        let (slow, fast) = (rates[tenth], rates[rates.count - 1 - tenth])
        return (Double(remaining) / max(fast, overall), slow > 0 ? Double(remaining) / min(slow, overall) : nil)
    }
}
