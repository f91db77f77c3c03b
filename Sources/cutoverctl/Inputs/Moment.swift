import ArgumentParser
import Cutover

/// A moment as people type it: a time in UTC after ISO 8601, or how long ago.
enum Moment: Sendable, Equatable {
    case at(Timestamp)
    case ago(seconds: Int)

    static let forms = "2026-01-31, 2026-01-31T09:30Z or 2026-01-31T09:30:00Z (UTC), or how long ago: 90s, 15m, 24h, 30d"

    /// Nil unless `text` is one of the forms. A day is its first moment.
    init?(_ text: String) {
        if let duration = Duration(shortForm: text) {
            self = .ago(seconds: Int(duration.components.seconds))
            return
        }
        let stem = text.hasSuffix("Z") ? String(text.dropLast()) : nil
        let whole =
            switch (text.utf8.count, stem) {
            case (10, nil): text + "T00:00:00.000Z"
            case (17, let stem?): stem + ":00.000Z"
            case (20, let stem?): stem + ".000Z"
            default: text
            }
        guard let moment = Timestamp(whole) else { return nil }
        self = .at(moment)
    }

    /// For options: throws what a person should have typed.
    @Sendable static func read(_ text: String) throws -> Moment {
        guard let moment = Moment(text) else { throw ValidationError("write \(forms)") }
        return moment
    }

    /// Throws when it is still to come: nothing is recorded of it.
    func past(_ option: String, now: Timestamp) throws(CommandFailure) -> Timestamp {
        switch self {
        case .ago(let seconds): return now.adding(seconds: -seconds)
        case .at(let moment):
            if moment <= now { return moment }
            throw CommandFailure("\(option) \(moment) is still to come", why: "it is \(now) now, in UTC, and only what is past is on record", next: "write \(Self.forms)", status: .usage)
        }
    }
}
