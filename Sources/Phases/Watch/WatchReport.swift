public import Cutover
public import DataPath
import Foundation
public import Host

/// What the watch is at, as it told last: once a second while it works.
public struct WatchReport: Sendable, Codable, Equatable {
    public struct Copy: Sendable, Codable, Equatable {
        public let copied: Int
        /// Rows of v1, counted now and then.
        public let rows: Int
        public let done: Bool
        public let rowsPerSecond: Double?
        /// Seconds left, by the fastest and the slowest tenth of the last minute's rates; `latest` is nil when there was a standstill.
        public let soonestSeconds: Double?
        public let latestSeconds: Double?
    }

    /// Of a plugin that is reached over HTTP alone.
    public struct OverHTTP: Sendable, Codable, Equatable {
        /// By what was done without having read the record just before: `overwritten-unread`, `forgotten-unread`.
        public let unread: [String: Int]
        /// Memories that were sent and not proven yet.
        public let underWay: Int
        /// Why what is sent now is not carried over.
        public let trouble: String?

        var words: String { "\(underWay) sent and not proven yet, \(unread["overwritten-unread"] ?? 0) overwritten unread, \(unread["forgotten-unread"] ?? 0) forgotten unread" }
    }

    public let at: Timestamp
    public let mode: String
    public let copy: Copy
    /// The bounds that hold the copy; the first is the one to name.
    public let holds: [Throttle.Hold]
    /// Limits whose reading can't be had: the copy goes at half its speed.
    public let unknown: [Throttle.Bound]
    public let limits: ThrottleLimits
    public let log: LogState?
    public let keeping: Keeping?
    /// Nil where looks see the plugin's tables.
    public var overHTTP: OverHTTP?

    static func path(_ host: HostSight, _ table: LegacyTable) -> String { "\(host.statePath)/\(table == .memories ? "progress" : "progress.\(table.rawValue)").json" }

    /// Rows, rate, time left and what holds, on one line.
    public var line: String {
        let share = copy.rows == 0 ? 100 : min(100, copy.copied * 100 / copy.rows)
        var parts = ["\(copy.copied) of \(copy.rows) rows (\(share)%)"]
        if copy.done { parts = [(overHTTP?.underWay ?? 0) > 0 ? "all \(copy.copied) rows sent" : "all \(copy.copied) rows copied"] }
        if !copy.done, let rate = copy.rowsPerSecond, holds.isEmpty { parts.append("\(Int(rate.rounded())) rows/s") }
        if !copy.done, holds.isEmpty, let left = timeLeft { parts.append(left) }
        if !copy.done, let hold = holds.first { parts.append("waits: \(hold)") }
        if !unknown.isEmpty { parts.append("at half speed: \(unknown.map(\.rawValue).joined(separator: ", ")) can't be read") }
        if let log, log.entries + log.markers > 0 { parts.append("lag \(log.entries) changes, \(Int((log.oldestSeconds ?? 0).rounded(.up))) s") }
        if let keeping, !keeping.keepsUp { parts.append(keeping.words) }
        if let overHTTP { parts.append(overHTTP.words) }
        if let trouble = overHTTP?.trouble { parts.append("the plugin is in trouble: \(trouble)") }
        return parts.joined(separator: ", ")
    }

    /// The limits, then each bound that holds and each that can't be read.
    public var limitLines: [String] {
        [limits.words] + (holds.isEmpty ? ["nothing holds the copy"] : holds.map { "holds: \($0)" })
            + unknown.map { "can't be read, so the copy goes at half its speed: \($0.rawValue)" }
    }

    var timeLeft: String? {
        Pace(rowsPerSecond: copy.rowsPerSecond, soonestSeconds: copy.soonestSeconds, latestSeconds: copy.latestSeconds).timeLeft
    }
}

/// The watch's last report. Reads a file and asks nobody: cheap enough to be asked often.
public struct WatchProgress: ReadsOnHost {
    public static let kind: OperationKind = "watch.progress"
    public struct Result: Sendable, Codable {
        /// Nil when the watch has told nothing yet.
        public let report: WatchReport?
        public let watchRuns: Bool
        /// How far the long work under way beside the watch is: an archive written, rehearsed or brought back.
        public var work: String?
    }
    public let table: LegacyTable
    public init(table: LegacyTable) { self.table = table }

    /// Of the first table that the watch of this state folder keeps in step.
    public static func told(_ host: HostSight) async throws -> Result {
        try await WatchProgress(table: Mirrored(host: host).tables().first ?? .memories).read(host)
    }

    public func read(_ host: HostSight) async throws -> Result {
        let text = try DurableFile.read(WatchReport.path(host, table))
        return Result(
            report: try text.map { try CanonicalJSON.value(WatchReport.self, from: $0) }, watchRuns: try WatchProcess(host).running() != nil, work: try work(host))
    }

    private func work(_ host: HostSight) throws -> String? {
        for name in [WriteArchive.name, RehearseArchive.name, BringTableBack.name] {
            let state = try DetachedWork(name, host).state()
            if state.runs { return state.told.flatMap { try? CanonicalJSON.value(WorkReport.self, from: $0).line } ?? "\(name) is under way" }
        }
        return nil
    }
}

extension ThrottleLimits {
    var words: String {
        var words: [String] = []
        if let connections, connections > 0 { words.append("\(connections) connections") }
        if let lag = replicationLagMilliseconds, lag > 0 { words.append("replication lag \(lag) ms") }
        if let p95 = doorP95Milliseconds, p95 > 0 { words.append("door p95 \(p95) ms") }
        if let nice, nice > 0 { words.append("nice \(nice)") }
        if let path = pauseFile, !path.isEmpty { words.append("pause file \(path)") }
        return words.isEmpty ? "no limits" : "limits: \(words.joined(separator: ", "))"
    }
}
