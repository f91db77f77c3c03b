import Cutover

/// The counted, paused and reset stretches of a wait, each with the revision of the event that tells it and the samples behind it.
enum ClockView {
    static func lines(_ clock: ClockHistory.Clock) -> [String] {
        zip(clock.stretches, clock.toldBy).map { stretch, revision in
            let samples = stretch.first.isEmpty ? "" : "; samples \(stretch.first.prefix(12)) to \(stretch.last.prefix(12))"
            return "\(PlainText.line(stretch.words)) (event \(revision)\(samples))"
        }
    }

    /// How far the host's times are from ours, where that was measured.
    static func skew(_ clock: ClockHistory.Clock) -> String { clock.skew.map { "; \($0.words)" } ?? "" }

    struct Document: Encodable {
        struct Line: Encodable {
            let kind: String
            let from: String
            let until: String
            let seconds: Double
            let samples: Int
            let first: String
            let last: String
            let detail: String
            let event: Int
        }
        let step: String
        let began: String
        let coveredSeconds: Double
        let verifiedSeconds: Int?
        /// How far the host's clock, by which the stretches are told, was ahead of ours, and by how much that may be wrong.
        let hostAheadSeconds: Double?
        let hostAheadWithinSeconds: Double?
        let stretches: [Line]

        init(_ clock: ClockHistory.Clock) {
            step = clock.step.place
            began = clock.at.description
            coveredSeconds = Double(clock.coveredMilliseconds) / 1000
            verifiedSeconds = clock.verified
            hostAheadSeconds = clock.skew.map { Double($0.aheadMilliseconds) / 1000 }
            hostAheadWithinSeconds = clock.skew.map { Double($0.withinMilliseconds) / 1000 }
            stretches = zip(clock.stretches, clock.toldBy).map { stretch, event in
                Line(
                    kind: stretch.kind.rawValue, from: stretch.from.description, until: stretch.until.description, seconds: Double(stretch.milliseconds) / 1000,
                    samples: stretch.samples, first: stretch.first, last: stretch.last, detail: stretch.detail, event: event)
            }
        }
    }
}
