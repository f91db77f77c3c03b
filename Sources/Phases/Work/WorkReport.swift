import Cutover
import DataPath
import Foundation
import Host

/// How far long work is, as its process told last.
struct WorkReport: Sendable, Codable, Equatable {
    /// What is done to the rows just now, such as `written`.
    let stage: String
    let done: Int
    let of: Int
    let pace: Pace

    var share: Double? { of == 0 ? nil : min(1, Double(done) / Double(of)) }

    /// Rows, rate and time left, on one line.
    var line: String {
        var parts = ["\(done) of \(of) rows \(stage)\(share.map { " (\(Int($0 * 100))%)" } ?? "")"]
        if let rate = pace.rowsPerSecond, done < of { parts.append("\(Int(rate.rounded())) rows/s") }
        if done < of, let left = pace.timeLeft { parts.append(left) }
        return parts.joined(separator: ", ")
    }

    /// As a checkpoint of the journal.
    var facts: [String: String] {
        var facts = ["stage": stage, "done": String(done), "of": String(of)]
        if let rate = pace.rowsPerSecond { facts["rowsPerSecond"] = String(Int(rate.rounded())) }
        if let left = pace.timeLeft { facts["left"] = left }
        return facts
    }
}

/// Rows per second, and when the rest will be done: by the fastest and the slowest tenth of the last minute's rates.
struct Pace: Sendable, Codable, Equatable {
    var rowsPerSecond: Double?
    var soonestSeconds: Double?
    /// Nil when there was a standstill.
    var latestSeconds: Double?

    /// `2 m to 5 m left`.
    var timeLeft: String? {
        guard let soonest = soonestSeconds else { return nil }
        guard let latest = latestSeconds else { return "at least \(Self.span(soonest)) left" }
        let (low, high) = (Self.span(soonest), Self.span(latest))
        return low == high ? "\(low) left" : "\(low) to \(high) left"
    }

    private static func span(_ seconds: Double) -> String {
        let whole = Int(seconds.rounded(.up))
        if whole < 90 { return "\(whole) s" }
        if whole < 90 * 60 { return "\((whole + 30) / 60) m" }
        return "\((whole + 1800) / 3600) h"
    }
}

/// Tells how far the work is, twice a second at most, and heeds a person's hold while it does.
actor WorkProgress {
    private let host: HostSight
    private let process: DetachedWork
    private var rate = RateWindow()
    private var stage = ""
    private var toldAt = -1.0

    init(_ host: HostSight, _ name: String) {
        self.host = host
        self.process = DetachedWork(name, host)
    }

    /// Throws when a person holds the tenant: what was begun is given up, and begun again once he lets go.
    func told(_ stage: String, done: Int, of: Int) throws {
        let now = HostClock.now.uptime
        if stage != self.stage {
            self.stage = stage
            rate = RateWindow()
            toldAt = -1
        }
        guard now - toldAt >= 0.5 || done >= of else { return }
        toldAt = now
        rate.add(done, at: now)
        let eta = rate.eta(remaining: max(0, of - done))
        let pace = Pace(rowsPerSecond: rate.rate, soonestSeconds: eta?.soonest, latestSeconds: eta?.latest)
        try process.tell(try CanonicalJSON.text(WorkReport(stage: stage, done: done, of: of, pace: pace)))
        if let by = try WatchOrders.read(host).held {
            throw StepFailure("held \(by): given up after \(done) of \(of) rows", effect: .goesOn, next: "cutoverctl release \(host.tenant) --reason TEXT")
        }
    }
}
