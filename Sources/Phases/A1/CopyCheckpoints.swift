import DataPath
import Foundation

/// Those of the watch's reports that go into the journal.
struct CopyCheckpoints: Sendable {
    private var news = ProgressNews()

    /// Nil when there is no news.
    mutating func next(_ report: WatchReport, elapsedSeconds: Int) -> [String: String]? {
        let bound = report.holds.first?.bound.rawValue
        return news.isWorthNoting(done: report.copy.copied, of: report.copy.rows, bound: bound, elapsedSeconds: elapsedSeconds) ? Self.facts(report) : nil
    }

    private static func facts(_ report: WatchReport) -> [String: String] {
        var facts = ["copied": String(report.copy.copied), "of": String(report.copy.rows)]
        if let rate = report.copy.rowsPerSecond { facts["rowsPerSecond"] = String(Int(rate.rounded())) }
        if let left = report.timeLeft { facts["left"] = left }
        if let log = report.log {
            facts["lagEntries"] = String(log.entries)
            facts["lagSeconds"] = String(Int((log.oldestSeconds ?? 0).rounded(.up)))
        }
        if let hold = report.holds.first {
            facts["bound"] = hold.bound.rawValue
            facts["value"] = hold.value
            facts["limit"] = hold.limit
        }
        if let keeping = report.keeping, !keeping.keepsUp { facts["behind"] = keeping.words }
        if let over = report.overHTTP {
            facts["overwrittenUnread"] = String(over.unread["overwritten-unread"] ?? 0)
            facts["forgottenUnread"] = String(over.unread["forgotten-unread"] ?? 0)
            facts["trouble"] = over.trouble
        }
        return facts
    }
}
