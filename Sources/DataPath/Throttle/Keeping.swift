/// Whether the looks keep up with what agents change.
public struct Keeping: Sendable, Codable, Equatable {
    /// Entries that came into the log, a second. Rolled back ones are counted too.
    public let incoming: Double
    /// Entries that were looked at, a second.
    public let looked: Double
    public let entries: Int
    public let keepsUp: Bool

    /// - Parameters:
    ///   - incoming: over the highest number ever given to an entry.
    ///   - looked: over that number less the entries that wait.
    /// Nil before the window spans ten seconds: a burst is no trend.
    public init?(incoming: RateWindow, looked: RateWindow, entries: Int) {
        guard incoming.spanSeconds >= 10, let came = incoming.rate, let went = looked.rate else { return nil }
        self.incoming = came
        self.looked = went
        self.entries = entries
        // A thousand entries are two batches: less than that is no backlog.
        keepsUp = entries < 1000 || went >= came * 0.95
    }

    public var words: String {
        keepsUp
            ? "\(Int(incoming.rounded())) changes/s come in, \(Int(looked.rounded()))/s are looked at"
            : "the looks can't keep up: \(Int(incoming.rounded())) changes/s come in, \(Int(looked.rounded()))/s are looked at, \(entries) wait"
    }
}
