/// How far a host's clock is from ours, measured by one question: the host looked at its clock at some moment between our asking and its answer.
public struct ClockSkew: Sendable, Equatable {
    /// Positive where the host's clock is ahead.
    public let aheadMilliseconds: Int64
    /// By how much that may be wrong, either way: half of what the question took.
    public let withinMilliseconds: Int64

    public init(host: Timestamp, asked: Timestamp, answered: Timestamp) {
        let took = max(0, answered.milliseconds - asked.milliseconds)
        aheadMilliseconds = host.milliseconds - (asked.milliseconds + took / 2)
        withinMilliseconds = took - took / 2
    }

    /// How it is journalled: `600012 85`.
    public var text: String { "\(aheadMilliseconds) \(withinMilliseconds)" }

    /// Nil unless `text` is of that form.
    public init?(_ text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false).map { Int64($0) }
        guard parts.count == 2, let ahead = parts[0], let within = parts[1], (0...Stretch.most).contains(within), (-Stretch.most...Stretch.most).contains(ahead)
        else { return nil }
        aheadMilliseconds = ahead
        withinMilliseconds = within
    }

    public var words: String {
        let size = "\(abs(aheadMilliseconds) / 1000) s"
        if abs(aheadMilliseconds) <= withinMilliseconds + 999 { return "the host's clock goes with ours" }
        return "the host's clock is \(size) \(aheadMilliseconds > 0 ? "ahead of" : "behind") ours, give or take \((withinMilliseconds + 999) / 1000) s"
    }
}
