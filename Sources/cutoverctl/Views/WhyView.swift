import Cutover

/// The first thing that keeps a tenant from going on.
struct WhyView {
    let reason: Reason
    var watch: Watch?
    /// Of the wait that is under way, as the journal tells it.
    var clock: ClockHistory.Clock?

    /// What the tenant's watch told last, and what it found wrong.
    struct Watch: Encodable {
        let line: String
        let findings: [String]
    }

    func human(_ paint: Paint) -> String {
        let step = reason.step.isEmpty ? reason.tenant.text : "\(reason.tenant)/\(reason.step)"
        var lines = [
            paint.yellow(step), "  claim:      \(reason.claim)", "  answer:     \(reason.answer)",
            "  since:      \(reason.since.isEmpty ? "-" : PlainText.moment(reason.since))", "  cleared by: \(reason.clearedBy)", "  next:       \(reason.next)",
        ]
        if let watch {
            lines.append("  watch:      \(watch.line)")
            lines += watch.findings.map { "  found:      \($0)" }
        }
        if let clock {
            lines.append("  clock:      \(clock.coveredMilliseconds / 1000) s counted since \(PlainText.moment(clock.at.description))" + ClockView.skew(clock))
            lines += ClockView.lines(clock).suffix(Self.stretchesShown).map { "              \($0)" }
        }
        return lines.map { paintless in paintless == lines[0] ? paintless : PlainText.line(paintless) }.joined(separator: "\n")
    }

    private static let stretchesShown = 10

    func json() throws -> String { try JSONText.document(Document(reason: reason, watch: watch, clock: clock.map { ClockView.Document($0) })) }

    private struct Document: Encodable {
        enum Key: String, CodingKey { case formatVersion, watch, clock }
        let reason: Reason
        let watch: Watch?
        let clock: ClockView.Document?

        func encode(to encoder: any Encoder) throws {
            try reason.encode(to: encoder)
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(1, forKey: .formatVersion)
            try container.encodeIfPresent(watch, forKey: .watch)
            try container.encodeIfPresent(clock, forKey: .clock)
        }
    }
}
