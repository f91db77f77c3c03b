import Foundation
public import Postgres

/// What is read of the plugin's own database without bringing anything over.
extension SecondDatabase {
    /// The session in which v2's tables bear their own names. Nobody but a joined session's owner may use it, and outside of transactions.
    public static func v2(_ connection: PostgresConnection) async -> PostgresConnection {
        (await connection.partner as? SecondDatabase)?.far ?? connection
    }

    /// Of what was not taken over yet; nil where nothing is captured there.
    func lag(_ near: PostgresConnection) async throws -> Lag? {
        guard let log = try await log(near) else { return nil }
        let marker = try await far.query("SELECT pg_current_xact_id()::text AS xid")[0].string("xid")
        let passed = try await far.query("SELECT pg_snapshot_xmin(pg_current_snapshot()) > $1::text::xid8 AS passed", [.text(marker)])[0].bool("passed")
        return Lag(entries: log.entries, markers: log.markers, oldestSeconds: log.oldestSeconds, zero: passed, marker: 0)
    }

    func log(_ near: PostgresConnection) async throws -> LogState? {
        guard try await far.query("SELECT to_regclass('\(schema).change_log') IS NOT NULL AS there")[0].bool("there") else { return nil }
        let whole = try await LogState.read(far, settings)
        let relayed = try await near.query("SELECT what, n FROM \(schema).relayed")
        func numbers(_ what: String) throws -> PostgresValue { .ints(try relayed.filter { try $0.string("what") == what }.map { try $0.int("n") }) }
        let row = try await far.query(
            """
            SELECT (SELECT count(*) FROM \(schema).change_log WHERE seq = ANY ($1::bigint[])) AS entries,
                (SELECT count(*) FROM \(schema).marker WHERE n = ANY ($2::bigint[])) AS markers
            """, [try numbers("entry"), try numbers("marker")])[0]
        return LogState(
            entries: whole.entries - (try row.int("entries")), markers: whole.markers - (try row.int("markers")),
            oldestSeconds: whole.entries == (try row.int("entries")) ? nil : whole.oldestSeconds, bytes: whole.bytes, highest: whole.highest)
    }

    /// The two counts of shipments where they can't both be right; nil while they can.
    func apart(_ near: PostgresConnection) async throws -> (here: Int, there: Int)? {
        for (session, table) in [(near, "pair"), (far, "pair")] where try await session.query("SELECT to_regclass('\(schema).\(table)') IS NULL AS gone")[0].bool("gone") { return nil }
        func shipments(_ session: PostgresConnection) async throws -> Int { try await session.query("SELECT shipments FROM \(schema).pair")[0].int("shipments") }
        // Twice: one may be counted while we ask.
        let (before, there, after) = (try await shipments(near), try await shipments(far), try await shipments(near))
        return (before...(after + 1)).contains(there) ? nil : (after, there)
    }

    /// Counts from the same number again, where one database was put back. What differs has to be looked at anew. Answers whether it was so.
    func countAlike(_ near: PostgresConnection) async throws -> Bool {
        guard let counts = try await apart(near) else { return false }
        try await far.execute("DELETE FROM \(schema).landed; DELETE FROM \(schema).landed_kept")
        for session in [far, near] { try await session.query("UPDATE \(schema).pair SET shipments = $1", [.int(max(counts.here, counts.there))]) }
        return true
    }

    /// What is no longer as it was sealed there.
    public static func brokenCapture(_ connection: PostgresConnection) async throws -> [String] {
        guard let second = await connection.partner as? SecondDatabase, let sealed = try await CaptureSeal.remembered(second.far, second.settings) else { return [] }
        if let counts = try await second.apart(connection) {
            return ["one of both databases was put back to an earlier state: the plugin's knows of \(counts.there) shipments, the tenant's of \(counts.here)"]
        }
        return try await CaptureSeal.read(second.far, second.settings).broken(since: sealed).map { "\($0) in the plugin's database" }
    }
}
