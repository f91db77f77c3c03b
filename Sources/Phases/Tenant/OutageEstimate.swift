import Cutover
import DataPath
import Foundation
import Host
import Postgres

/// What the last stops of this tenant's server took, in seconds, kept on the host.
struct MeasuredOutage: Sendable, Codable, Equatable {
    let stop: Double
    let quiesce: Double
    let start: Double
    let rows: Int
    let at: Timestamp

    static func last(_ host: HostSight) throws -> MeasuredOutage? {
        try DurableFile.read(path(host)).map { try CanonicalJSON.value(MeasuredOutage.self, from: $0) }
    }

    func keep(_ host: HostSight) throws { try DurableFile.write(try CanonicalJSON.text(self), to: Self.path(host)) }

    private static func path(_ host: HostSight) -> String { "\(host.statePath)/outage.json" }
}

/// How long a stop of the server, the quiesce and the start would take now.
struct OutageEstimate: ReadsOnHost {
    static let kind: OperationKind = "outage.estimate"
    struct Result: Sendable, Codable {
        let waiting: Int
        let rows: Int
        /// Looks a second by the watch's last minute; nil when it has told none.
        let lookedPerSecond: Double?
        let measured: MeasuredOutage?
    }

    func read(_ host: HostSight) async throws -> Result {
        let report = try? await WatchProgress(table: .memories).read(host).report
        let (waiting, rows) = try await host.looking { connection in
            let log = try await connection.there("cutover.change_log") ? try await LogState.read(connection).entries : 0
            let rows = try await connection.query("SELECT greatest(reltuples, 0)::bigint AS n FROM pg_class WHERE oid = to_regclass('public.agent_memories')").first?.int("n") ?? 0
            return (log, rows)
        }
        return Result(waiting: waiting, rows: rows, lookedPerSecond: report?.keeping.map(\.looked), measured: try MeasuredOutage.last(host))
    }

    /// Never fails: what can't be estimated is bounded all the same.
    static func line(_ sight: Sight, stopSeconds: Int, quiesceSeconds: Int) async -> String {
        let most = "at most \(stopSeconds + quiesceSeconds + startSeconds) s, or it starts again unchanged"
        guard let now = try? await sight.ask(OutageEstimate()) else { return "outage: not estimated; \(most)" }
        return "outage, an estimate: \(now.words); \(most)"
    }

    static let startSeconds = 15
}

extension OutageEstimate.Result {
    /// A thousand looks a second is the least that was ever measured where the log was worked off in batches.
    var lookSeconds: Double { Double(waiting) / max(lookedPerSecond ?? 0, 1000) }

    var words: String {
        let looks = "\(waiting) changes wait (\(Self.text(lookSeconds)) s)"
        guard let measured else { return "about \(Self.text(lookSeconds + Double(rows) / 100_000 + 2)) s: \(looks), \(rows) rows are compared; stop and start were never measured on this host" }
        // The comparison of both tables grows with them.
        let quiesce = measured.quiesce * (measured.rows > 0 ? max(1, Double(rows) / Double(measured.rows)) : 1)
        return
            "about \(Self.text(measured.stop + quiesce + lookSeconds + measured.start)) s: stop \(Self.text(measured.stop)) s and start \(Self.text(measured.start)) s as last measured, quiesce \(Self.text(quiesce)) s, \(looks)"
    }

    private static func text(_ seconds: Double) -> String { String(format: "%.1f", seconds) }
}
