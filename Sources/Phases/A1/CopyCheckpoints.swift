import DataPath
import Foundation

/// Which of the watch's reports go into the journal: at each tenth of the way, when another bound holds, and every five minutes.
struct CopyCheckpoints: Sendable {
    private var tenth = 0
    private var bound: String?
    private var toldAt: Int?

    /// Nil when there is no news.
    mutating func next(_ report: WatchReport, elapsedSeconds: Int) -> [String: String]? {
        let nowTenth = report.copy.rows == 0 ? 0 : report.copy.copied * 10 / report.copy.rows
        let nowBound = report.holds.first?.bound.rawValue
        let since = toldAt.map { elapsedSeconds - $0 }
        // A bound that comes and goes within the minute is told once.
        let isNews = nowTenth > tenth || (nowBound != bound && since.map { $0 >= 60 } ?? true) || since.map { $0 >= 300 } ?? false
        guard isNews, report.copy.copied > 0 || nowBound != nil else { return nil }
        tenth = max(tenth, nowTenth)
        bound = nowBound
        toldAt = elapsedSeconds
        return Self.facts(report)
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
        return facts
    }
}
