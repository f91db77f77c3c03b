import Foundation
public import Postgres

/// Compares every row and every shared field of the two stores, inside the database.
public struct Parity: Sendable {
    public enum Base: String, Sendable, Codable {
        case v1
        /// The ids and digests recorded at the freeze; v1 itself is not read.
        case frozen
    }

    public let settings: DataPathSettings
    public let listLimit: Int

    public init(_ settings: DataPathSettings = DataPathSettings(), listLimit: Int = 100) {
        self.settings = settings
        self.listLimit = listLimit
    }

    /// One snapshot, no locks; works on a read-only connection.
    public func compare(_ connection: PostgresConnection, against base: Base) async throws -> ParityReport {
        let sql = try await statements(connection, base)
        return try await inSnapshot(connection) { try await report($0, sql, only: nil) }
    }

    /// Compares, and then compares again the ids that had an unread entry, until each was seen settled once or the time is up.
    ///
    /// Ids still in flight at the end are left in the report.
    public func compareUntilSettled(
        _ connection: PostgresConnection, against base: Base, timeoutSeconds: Double = 60, pauseSeconds: Double = 0.2
    ) async throws -> ParityReport {
        let deadline = ContinuousClock.now + .seconds(timeoutSeconds)
        let sql = try await statements(connection, base, listLimit: 1_000_000)
        var whole = try await inSnapshot(connection) { try await report($0, sql, only: nil) }
        while !(whole.inFlight.isEmpty && whole.markers == 0), ContinuousClock.now < deadline {
            try await Task.sleep(for: .seconds(pauseSeconds))
            if whole.markers > 0 {
                whole = try await inSnapshot(connection) { try await report($0, sql, only: nil) }
                continue
            }
            let pending = whole.inFlight
            let again = try await inSnapshot(connection) { try await report($0, sql, only: pending) }
            whole.merge(again)
        }
        whole.bound(listLimit)
        return whole
    }

    // MARK: - Non public

    func compareHere(_ connection: PostgresConnection, against base: Base) async throws -> ParityReport {
        try await report(connection, try await statements(connection, base), only: nil)
    }

    private func statements(
        _ connection: PostgresConnection, _ base: Base, listLimit: Int? = nil
    ) async throws -> ParitySQL {
        let layout =
            base == .v1
            ? try await Layout.complete(connection, settings) : try await Layout.introspect(connection, settings)
        return ParitySQL(layout: layout, base: base, limit: listLimit ?? self.listLimit)
    }

    private func inSnapshot(
        _ connection: PostgresConnection, _ body: (PostgresConnection) async throws -> ParityReport
    ) async throws -> ParityReport {
        try await connection.transaction(.repeatableRead, readOnly: true, body)
    }

    private func report(
        _ connection: PostgresConnection, _ sql: ParitySQL, only ids: [UUID]?
    ) async throws -> ParityReport {
        var report = ParityReport()
        let parameter: [PostgresValue?] = [ids.map { .uuids($0) }]
        let totals = try await connection.query(sql.totals, parameter)[0]
        report.rowsV1 = try totals.int("rows_v1")
        report.rowsV2 = try totals.int("rows_v2")
        report.equal = try totals.int("equal")
        report.digestV1 = try totals.string("digest_v1")
        report.digestV2 = try totals.string("digest_v2")
        if sql.base == .v1 {
            report.markers = try await connection.query("SELECT count(*) AS n FROM \(settings.schema).marker")[0].int("n")
        } else {
            report.largestForget = try await connection.query(
                """
                SELECT coalesce(max(n), 0) AS n FROM (SELECT count(*) AS n FROM \(settings.schema).change_log
                WHERE side = 2 AND del GROUP BY xid) x
                """)[0].int("n")
        }
        if try totals.int("unequal") == 0 { return report }
        for row in try await connection.query(sql.differences, parameter) {
            try report.take(row, fieldsKnown: sql.base == .v1)
        }
        return report
    }
}

extension ParityReport {
    mutating func take(_ row: PostgresRow, fieldsKnown: Bool) throws {
        let id = try row.uuid("id")
        let total = try row.int("total")
        switch try row.string("verdict") {
        case "conflict": conflicts = total
        case "excepted": exceptedIDs = total
        case "forgotten": forgottenSince = total
        case "edited": editedSince = total
        case "added": addedSince = total
        case "in-flight":
            inFlightCount = total
            inFlight.append(id)
        case "missing":
            missingCount = total
            missing.append(id)
        case "extra":
            extraCount = total
            extra.append(id)
        default:
            differentCount = total
            let fields = fieldsKnown ? try row.string("fields").split(separator: ",").map(String.init) : ["digest"]
            different.append(Difference(id: id, fields: fields))
        }
    }

    /// `again` compared this report's ids in flight; everything else stays as it was seen.
    mutating func merge(_ again: ParityReport) {
        missingCount += again.missingCount
        missing += again.missing
        extraCount += again.extraCount
        extra += again.extra
        differentCount += again.differentCount
        different += again.different
        conflicts += again.conflicts
        exceptedIDs += again.exceptedIDs
        equal += again.equal
        inFlight = again.inFlight
        inFlightCount = again.inFlightCount
    }

    mutating func bound(_ limit: Int) {
        missing = Array(missing.prefix(limit))
        extra = Array(extra.prefix(limit))
        different = Array(different.prefix(limit))
        inFlight = Array(inFlight.prefix(limit))
    }
}
