public import Cutover
import DataPath
import Foundation
public import Host
import Postgres

/// Every row and field of both stores, for a person who asks: as far as the time allows, and on from there when asked again.
///
/// Changes nothing of the tenant's. What was proven, and the rows that differ, are noted in the host's state folder.
public struct DiffStores: ReadsOnHost {
    public static let kind: OperationKind = "stores.diff"

    public struct Result: Sendable, Codable, Equatable {
        /// `v1` or `frozen`.
        public let against: String
        public let complete: Bool
        /// Nothing differs unexplained, nothing is under way, and all was compared.
        public let clean: Bool
        public let rowsV1: Int
        public let rowsV2: Int
        public let equal: Int
        /// By kind of difference: `missing`, `extra`, `resurrected`, `different`, `in-flight`, `changed-in-plugin`.
        public let differing: [String: Int]
        /// By what accounts for it: `excepted`, `conflict`, and since the freeze `forgotten`, `edited`, `added`, `truncated`.
        public let explained: [String: Int]
        public let provenRows: Int
        public let estimatedRows: Int
        public let resumedRows: Int
        public let rechecked: Int
        public let digestV1: String
        public let digestV2: String
        public let from: String
        public let to: String
        public let changes: ReadChanges.Result?
        /// How many differing rows the host can list.
        public let lines: Int
        /// Nil where both stores are compared inside one database.
        public let overHTTP: OverHTTP?
    }

    /// What a comparison over HTTP says besides.
    public struct OverHTTP: Sendable, Codable, Equatable {
        /// Rows that no search shows: `equal` were proven one by one, these were not.
        public let unproven: Int
        /// Namespaces with rows of v1, and those of them that show all they hold.
        public let namespaces: Int
        public let shownWhole: Int
        /// Records of which v1 knows nothing, in namespaces that show all they hold.
        public let theirs: Int
        /// By what was done without having read the record just before: `overwritten-unread`, `forgotten-unread`.
        public let unread: [String: Int]

        public init(unproven: Int, namespaces: Int, shownWhole: Int, theirs: Int, unread: [String: Int]) {
            self.unproven = unproven
            self.namespaces = namespaces
            self.shownWhole = shownWhole
            self.theirs = theirs
            self.unread = unread
        }
    }

    /// Nil: against what was frozen where something was, else against v1.
    let against: String?
    let withinSeconds: Int
    /// Forgets what was proven before.
    let fresh: Bool
    /// Over HTTP: rows that are on the list as changed in the plugin are told as well.
    let includingListed: Bool
    let limits: ChangesSince.Limits
    let table: LegacyTable

    public init(against: String?, withinSeconds: Int, fresh: Bool, includingListed: Bool = false, plan: Plan) {
        self.against = against
        self.withinSeconds = withinSeconds
        self.fresh = fresh
        self.includingListed = includingListed
        self.table = LegacyTable.of(plan)[0]
        self.limits = MemoryCatalog.changeLimits(plan, table)
    }

    public func read(_ host: HostSight) async throws -> Result {
        try await host.looking(table) { connection in
            let base = try await Self.base(against, table, connection, host)
            let files = ParityFiles(host, base)
            guard let lock = try files.lock() else {
                throw StepFailure("another comparison of \(host.tenant) is under way", effect: .nothingChanged, next: "wait for its end, then cutoverctl diff \(host.tenant)")
            }
            defer { withExtendedLifetime(lock) {} }
            // What was left out before was not noted.
            if fresh || includingListed { try files.forget() }
            let lines = try LineWriter(files.lines)
            let lane = try await StoreLane.of(connection, table)
            var remote: RemoteParity.Report?
            let report: ParityReport
            if lane.isHTTP {
                let found = try await lane.differences(
                    connection, against: base, limits: limits, withinSeconds: Double(withinSeconds), notes: files, includingListed: includingListed
                ) { if $0.kind == .differs { try await lines.add($0.line) } }
                (remote, report) = (found, found.parity)
            } else {
                report = try await Parity(table.dataPath, listLimit: 0, limits: limits).run(
                    connection, against: base, withinSeconds: Double(withinSeconds), notes: files
                ) { try await lines.add($0) }
            }
            try await lines.close()
            if report.complete || includingListed { try files.forget() }
            return Result(report, base, lines: await lines.count, over: remote)
        }
    }

    static func base(_ wanted: String?, _ table: LegacyTable, _ connection: PostgresConnection, _ host: HostSight) async throws -> Parity.Base {
        guard try await connection.there("\(table.schema).change_log") else {
            let gone = try await connection.there("\(table.schema).frozen")
            throw StepFailure(
                gone ? "the old table is gone, and change capture with it: nothing accounts any more for what differs" : "change capture is not in place: there is nothing to compare yet",
                effect: .nothingChanged, next: gone ? "cutoverctl history \(host.tenant)" : "cutoverctl advance \(host.tenant) --to mirror.install")
        }
        if let wanted { return wanted == Parity.Base.frozen.rawValue ? .frozen : .v1 }
        let frozen = try await connection.query("SELECT EXISTS (SELECT FROM \(table.schema).remembered WHERE what = 'frozen_table') AS frozen")[0].bool("frozen")
        return frozen ? .frozen : .v1
    }
}

extension DiffStores.Result {
    init(_ report: ParityReport, _ base: Parity.Base, lines: Int, over remote: RemoteParity.Report? = nil) {
        self.init(
            against: base.rawValue, complete: report.complete, clean: report.clean, rowsV1: report.rowsV1, rowsV2: report.rowsV2, equal: report.equal,
            differing: [
                "missing": report.missingCount, "extra": report.extraCount, "resurrected": report.resurrectedCount, "different": report.differentCount,
                "in-flight": report.inFlightCount, "changed-in-plugin": report.changedCount,
            ].filter { $0.value > 0 },
            explained: [
                "excepted": report.exceptedIDs, "conflict": report.conflicts, "forgotten": report.forgottenSince, "edited": report.editedSince,
                "added": report.addedSince, "truncated": report.truncatedSince,
            ].filter { $0.value > 0 },
            provenRows: report.provenRows, estimatedRows: report.estimatedRows, resumedRows: report.resumedRows, rechecked: report.rechecked,
            digestV1: report.digestV1, digestV2: report.digestV2, from: report.from, to: report.to,
            changes: report.changes.map(ReadChanges.Result.init), lines: lines,
            overHTTP: remote.map {
                .init(unproven: $0.parity.unproven, namespaces: $0.namespaces, shownWhole: $0.shownWhole, theirs: $0.theirs, unread: $0.unread)
            })
    }
}

/// A page of the rows that the newest comparison found differing: JSON lines with `id`, `what` and `fields`.
public struct DiffPage: ReadsOnHost {
    public static let kind: OperationKind = "stores.diffPage"
    public struct Result: Sendable, Codable, Equatable {
        /// Whole lines.
        public let text: String
        /// Where the next page begins; nil after the last.
        public let next: Int?
    }

    let against: String
    let offset: Int
    let bytes: Int

    public init(against: String, offset: Int, bytes: Int) {
        self.against = against
        self.offset = offset
        self.bytes = bytes
    }

    public func read(_ host: HostSight) async throws -> Result {
        guard let base = Parity.Base(rawValue: against) else { return Result(text: "", next: nil) }
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: ParityFiles(host, base).lines))
        defer { try? file.close() }
        try file.seek(toOffset: UInt64(offset))
        let data = try file.read(upToCount: bytes) ?? Data()
        guard let end = data.lastIndex(of: UInt8(ascii: "\n")) else { return Result(text: "", next: nil) }
        let whole = data[data.startIndex...end]
        return Result(text: String(decoding: whole, as: UTF8.self), next: whole.count == data.count && data.count < bytes ? nil : offset + whole.count)
    }
}
