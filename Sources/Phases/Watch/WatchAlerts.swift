public import Cutover
import DataPath
import Foundation
public import Host
import Postgres

/// What the watch found wrong, as entries of the host's evidence ledger: one when it begins, one when it is over.
struct WatchAlerts: Sendable {
    static let truncation = "truncate"
    let host: HostSight
    let table: LegacyTable

    /// Records what is news: `found` is everything that is wrong now, by name.
    func note(_ found: [String: String]) async throws {
        let standing = try standing()
        for (name, detail) in found.sorted(by: { $0.key < $1.key }) where standing[name] == nil {
            try await host.evidence.append(table.own("alert"), ["name": name, "state": "red", "detail": detail])
        }
        for name in standing.keys.sorted() where found[name] == nil {
            try await host.evidence.append(table.own("alert"), ["name": name, "state": "over"])
        }
    }

    /// An event that does not pass by itself: it stays a finding until a person signed it.
    func noteTruncation(of sides: [Int]) async throws {
        for side in sides { try await host.evidence.append(table.own("alert"), ["name": Self.truncation, "state": "red", "detail": "v\(side) was truncated"]) }
    }

    /// What is wrong and has not ended, by name.
    func standing() throws -> [String: EvidenceLedger.Entry] {
        var standing: [String: EvidenceLedger.Entry] = [:]
        for entry in try entries() {
            guard let name = entry.facts["name"], name != Self.truncation else { continue }
            standing[name] = entry.facts["state"] == "red" ? entry : nil
        }
        return standing
    }

    /// Those that nothing has settled since.
    func truncations() throws -> [EvidenceLedger.Entry] {
        let all = try entries().filter { $0.facts["name"] == Self.truncation }
        return all.lastIndex { $0.facts["state"] == "over" }.map { Array(all[($0 + 1)...]) } ?? all
    }

    /// Every memory is looked at again: what was truncated is accounted for by that.
    func settleTruncations() async throws {
        if try !truncations().isEmpty { try await host.evidence.append(table.own("alert"), ["name": Self.truncation, "state": "over"]) }
    }

    /// Since the capture was put in place last: what was found before that is settled by it.
    private func entries() throws -> [EvidenceLedger.Entry] {
        let all = try host.evidence.entries()
        let begun = all.last { $0.kind == "effect" && $0.facts["name"] == Effect.capture(table).name }?.n ?? 0
        return all.filter { $0.kind == table.own("alert") && $0.n > begun }
    }
}

/// What the watch found wrong with capture, log and pace; the capture itself is asked anew.
public struct WatchFindings: ReadsOnHost {
    public static let kind: OperationKind = "watch.findings"
    public struct Finding: Sendable, Codable, Equatable {
        public let name: String
        public let detail: String
        /// When it was first seen.
        public let since: String
    }
    public struct Result: Sendable, Codable, Equatable {
        /// They end when what they name ends.
        public let standing: [Finding]
        /// They stay until a person signed them.
        public let events: [Finding]

        /// What a signature of the events binds to.
        public var digest: String { Digest.sha256(events.map { "\($0.name) \($0.since)" }.joined(separator: "\n")) }
    }
    public let table: LegacyTable
    public init(table: LegacyTable) { self.table = table }

    public func read(_ host: HostSight) async throws -> Result {
        let alerts = WatchAlerts(host: host, table: table)
        var standing = try alerts.standing().mapValues { Finding(name: $0.facts["name"] ?? "", detail: $0.facts["detail"] ?? "", since: $0.at.description) }
        let capture = try await host.looking(table) { connection in
            guard try await connection.there("\(table.schema).control") else { return [String]() }
            let mode = try await Control.read(connection, table.dataPath).mode
            return mode == .sync || mode == .copy ? try await CaptureFindings.read(connection, table.dataPath) : []
        }
        standing["capture"] = capture.first.map { Finding(name: "capture", detail: $0, since: standing["capture"]?.since ?? HostClock.now.at.description) }
        return Result(
            standing: standing.values.sorted { $0.name < $1.name },
            events: try alerts.truncations().map { Finding(name: WatchAlerts.truncation, detail: $0.facts["detail"] ?? "", since: $0.at.description) })
    }
}

extension Gate {
    /// Nothing the watch keeps an eye on is wrong. Two gates, because a person clears the one and time the other.
    static func watchIsContent(_ table: LegacyTable) -> [Gate] {
        [
            judged(table, "change capture is what was put in place", .person("cutoverctl recapture TENANT --reason TEXT")) { result, _ in
                result.standing.first { $0.name == "capture" }?.detail
            },
            judged(table, "the looks keep up and the log is within its bound", .time) { result, _ in
                let found = result.standing.filter { $0.name != "capture" }.map(\.detail)
                return found.isEmpty ? nil : found.joined(separator: "; ")
            },
            judged(table, "no table was truncated, or it was signed", .person("cutoverctl approve TENANT --alerts --reason TEXT")) { result, sight in
                guard !result.events.isEmpty, sight.consent(to: "alerts")?.facts["digest"] != result.digest else { return nil }
                return result.events.map { "\($0.detail) at \($0.since)" }.joined(separator: "; ")
            },
        ]
    }

    private static func judged(_ table: LegacyTable, _ claim: String, _ clearedBy: Clearance, _ judge: @escaping @Sendable (WatchFindings.Result, Sight) -> String?) -> Gate {
        .reading(claim, clearedBy: clearedBy, WatchFindings(table: table)) { result, sight in judge(result, sight).map { .shut($0) } ?? .open(Evidence()) }
    }
}
