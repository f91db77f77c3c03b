public import Foundation
public import Postgres

/// Takes the frozen table out of the way, and brings it back.
public struct Drop: Sendable {
    public struct Report: Sendable, Equatable, Codable {
        public let tableOID: String
        /// SHA-256 over ids and whole-row digests in id order, hexadecimal.
        public let digest: String
        public let rows: Int
        /// The name the table lies under while its grace lasts; nil once it is gone or back.
        public let heldAs: TableName?
    }

    /// Where the table is now. Reads the catalogue and our own records.
    public enum State: Sendable, Equatable, Codable {
        case inPlace
        case held(TableName)
        case dropped(Report)
        /// Neither the table nor a hold nor a marker.
        case missing
        /// A table of v1's name stands beside a hold or a marker of a drop.
        case impostor
    }

    /// What was found when the gates were asked, and must still be so under the lock. What is nil is not asked about.
    public struct Conditions: Sendable, Equatable, Codable {
        /// The frozen list's digest, as the archive was rehearsed against it.
        public var archivedDigest: String?
        /// Of the exceptions that people signed: see `Drop.exceptionsDigest`.
        public var exceptionsDigest: String?
        /// See `Drop.touches`.
        public var touches: String?

        public init(archivedDigest: String? = nil, exceptionsDigest: String? = nil, touches: String? = nil) {
            self.archivedDigest = archivedDigest
            self.exceptionsDigest = exceptionsDigest
            self.touches = touches
        }
    }

    public let settings: DataPathSettings

    public init(_ settings: DataPathSettings = DataPathSettings()) {
        self.settings = settings
    }

    /// Renames the table to `_cutover_hold_<yyyymmdd>_<id>`, after asking every condition once more under its lock.
    /// Where it was dropped already, ends what the drop left undone.
    public func hold(
        _ connection: PostgresConnection, date: Date, opID: String, given: Conditions = Conditions(), lockTimeoutSeconds: Double = 2
    ) async throws -> Report {
        if let held = try await holdTable(connection) {
            let (rows, digest) = try await Freeze(settings).recorded(connection)
            return Report(tableOID: held.oid, digest: digest, rows: rows, heldAs: held.table)
        }
        // Cut off behind the drop's commit: only the captures are left.
        if case .dropped = try await state(connection) { return try await drop(connection) }
        let name = "_cutover_hold_\(Self.day(date))_\(opID.prefix(8))"
        let held = TableName(settings.v1Memories.schema, name)
        return try await connection.transaction(.repeatableRead) { connection in
            let asked = try await askAgain(settings.v1Memories, given, lockTimeoutSeconds, connection)
            try await connection.execute("ALTER TABLE \(settings.v1Memories.sql) RENAME TO \(quoted(name))")
            try await connection.query(
                """
                INSERT INTO \(settings.schema).remembered (what, value) VALUES ('hold', jsonb_build_array($1::text, $2::text, $3::text))
                ON CONFLICT (what) DO UPDATE SET value = excluded.value, at = now()
                """, [.text(held.schema), .text(held.name), .text(asked.oid)])
            return Report(tableOID: asked.oid, digest: asked.digest, rows: asked.rows, heldAs: held)
        }
    }

    /// Drops the held table (RESTRICT) after asking again, writes the marker, and removes the captures.
    ///
    /// Those are removed behind the commit, each under a short lock timeout: `.tablesBusy` says that some were not. Running it again, `hold` or
    /// `undrop` goes on from there.
    /// - Parameter attempts: how often the tables of the captures are asked for.
    public func drop(
        _ connection: PostgresConnection, given: Conditions = Conditions(), lockTimeoutSeconds: Double = 2, attempts: Int = 20
    ) async throws -> Report {
        if let held = try await holdTable(connection) {
            try await connection.transaction(.repeatableRead) { connection in
                let asked = try await askAgain(held.table, given, lockTimeoutSeconds, connection)
                try await connection.query(
                    """
                    INSERT INTO \(settings.schema).dropped (table_oid, digest, rows) VALUES ($1::text::oid, decode($2, 'hex'), $3)
                    ON CONFLICT (table_oid) DO NOTHING
                    """, [.text(asked.oid), .text(asked.digest), .int(asked.rows)])
                try await connection.execute("DROP TABLE \(held.table.sql) RESTRICT")
                // With the table goes what its capture is sealed to: what agents forget in v2 from here on breaks nothing.
                try await connection.execute("DELETE FROM \(settings.schema).remembered WHERE what IN ('hold', 'capture_seal')")
            }
        }
        guard case .dropped(let report) = try await state(connection) else {
            throw DataPathError.refused("there is no held table to drop, and no marker of a drop")
        }
        try await Capture(settings).remove(connection, keepRecords: true, attempts: attempts)
        return report
    }

    public func state(_ connection: PostgresConnection) async throws -> State {
        let there = try await connection.query(
            "SELECT to_regclass($1)::oid::text AS oid, to_regclass('\(settings.schema).dropped') IS NOT NULL AS records",
            [.text(settings.v1Memories.sql)])[0]
        let named = try there.optionalString("oid")
        guard try there.bool("records") else { return named == nil ? .missing : .inPlace }
        if let held = try await holdTable(connection) { return named == nil ? .held(held.table) : .impostor }
        let marker = try await connection.query(
            "SELECT table_oid::text AS oid, encode(digest, 'hex') AS digest, rows FROM \(settings.schema).dropped ORDER BY at DESC LIMIT 1")
        guard let marker = marker.first else { return named == nil ? .missing : .inPlace }
        if named != nil { return .impostor }
        return .dropped(
            Report(
                tableOID: try marker.string("oid"), digest: try marker.string("digest"), rows: try marker.int("rows"),
                heldAs: nil))
    }

    /// Name and access counters of the table that was frozen, wherever it was renamed to, since when the engine counts, and how many writes were
    /// refused; `gone` when it is not there. `Touches` compares two of them.
    ///
    /// They move with every read and write of anyone, ours included; a transaction's own are added within a second of its end.
    public func touches(_ connection: PostgresConnection) async throws -> String {
        guard try await connection.query("SELECT to_regclass('\(settings.schema).remembered') IS NOT NULL AS there")[0].bool("there") else { return "gone" }
        let sequence = FreezeSQL(settings).refused
        let counts = try await connection.query("SELECT to_regclass('\(sequence)') IS NOT NULL AS there")[0].bool("there")
        let refused = counts ? "(SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM \(sequence))" : "0"
        return try await connection.query(
            """
            SELECT coalesce((SELECT format('%s.%s since=%s %s/%s/%s/%s/%s refused=%s', schemaname, relname, \(Touches.sinceSQL), seq_scan, coalesce(idx_scan, 0), n_tup_ins, n_tup_upd, n_tup_del,
                    \(refused))
                FROM pg_stat_all_tables WHERE relid = (SELECT (value->>0)::oid FROM \(settings.schema).remembered WHERE what = 'frozen_table')), 'gone') AS text
            """)[0].string("text")
    }

    /// SHA-256 over the ids and reasons of all open exceptions, hexadecimal.
    public func exceptionsDigest(_ connection: PostgresConnection) async throws -> String {
        guard try await connection.query("SELECT to_regclass('\(settings.schema).exceptions') IS NOT NULL AS there")[0].bool("there") else { return "" }
        return try await connection.query(
            """
            SELECT encode(sha256(convert_to(coalesce(string_agg(id || ' ' || reason, E'\\n' ORDER BY id, reason), ''), 'UTF8')), 'hex') AS digest
            FROM \(settings.schema).exceptions WHERE closed IS NULL
            """)[0].string("digest")
    }

    // MARK: - Non public

    struct Held: Sendable {
        let table: TableName
        let oid: String
    }

    /// The hold, if the table under that name still is the one that was renamed.
    func holdTable(_ connection: PostgresConnection) async throws -> Held? {
        let rows = try await connection.query(
            """
            SELECT s.nspname AS schema, c.relname AS name, c.oid::text AS oid FROM \(settings.schema).remembered r
            JOIN pg_class c ON c.oid = (r.value->>2)::oid AND c.relname = r.value->>1 JOIN pg_namespace s ON s.oid = c.relnamespace
            WHERE r.what = 'hold'
            """)
        guard let row = rows.first else { return nil }
        return Held(table: TableName(try row.string("schema"), try row.string("name")), oid: try row.string("oid"))
    }

    /// Locks the table against everyone, then asks everything once more in one snapshot taken behind that lock.
    private func askAgain(
        _ table: TableName, _ given: Conditions, _ lockTimeoutSeconds: Double, _ connection: PostgresConnection
    ) async throws -> (oid: String, digest: String, rows: Int) {
        try await connection.execute("SET LOCAL lock_timeout = \(Int(lockTimeoutSeconds * 1000))")
        try await lockAgainstAll(table, connection)
        let state = try await Freeze(settings).state(of: table, connection)
        guard state.isFrozenTable else { throw DataPathError.refused("\(table) is not the table that was frozen") }
        guard state.frozen else { throw DataPathError.refused("\(table) is no longer frozen") }
        // Before our own reading of it, which counts as well.
        if let before = given.touches {
            let now = try await touches(connection)
            guard now == before else { throw DataPathError.refused("\(table) was read or written since: its counters went from \(before) to \(now)") }
        }
        let differing = try await WholeRows(settings: settings, table: table).differing(connection)
        guard differing == 0 else {
            throw DataPathError.refused("\(differing) rows of \(table) are not those that were frozen")
        }
        let (rows, digest) = try await Freeze(settings).recorded(connection)
        if let archived = given.archivedDigest, archived != digest {
            throw DataPathError.refused("the archive was rehearsed against another frozen list (\(archived.prefix(12)), now \(digest.prefix(12)))")
        }
        try await askTheOtherStore(given, connection)
        let oid = try await connection.query("SELECT to_regclass($1)::oid::text AS oid", [.text(table.sql)])[0].string("oid")
        return (oid, digest, rows)
    }

    /// Everything frozen is in v2, explained by what agents did there, or on the list that people signed.
    private func askTheOtherStore(_ given: Conditions, _ connection: PostgresConnection) async throws {
        let conflicts = try await ExceptionsList.read(connection, settings, limit: 1).openConflicts
        guard conflicts == 0 else { throw DataPathError.refused("\(conflicts) conflicts are open") }
        if let signed = given.exceptionsDigest {
            guard try await exceptionsDigest(connection) == signed else { throw DataPathError.refused("the exceptions are not those that were signed") }
        }
        // A store that is reached over HTTP is no part of any transaction: it was asked by the gates, a moment ago.
        guard try await settings.asRecorded(connection).lane != .http else { return }
        let parity = try await Parity(settings).compareHere(connection, against: .frozen)
        guard parity.clean else { throw DataPathError.refused("of what was frozen, \(parity.missingCount) rows are missing from v2 and \(parity.differentCount) differ, unexplained") }
    }

    private func lockAgainstAll(_ table: TableName, _ connection: PostgresConnection) async throws {
        do {
            try await connection.execute("LOCK TABLE \(table.sql) IN ACCESS EXCLUSIVE MODE")
        } catch {
            switch error.sqlState {
            case "55P03": throw DataPathError.tablesBusy("\(table)")
            case "42P01": throw DataPathError.refused("table \(table) is not there")
            default: throw error
            }
        }
    }

    private static func day(_ date: Date) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents([.year, .month, .day], from: date)
        return String(format: "%04d%02d%02d", parts.year ?? 0, parts.month ?? 0, parts.day ?? 0)
    }
}
