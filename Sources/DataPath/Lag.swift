public import Postgres

/// How far the stores may be apart right now.
public struct Lag: Sendable, Equatable, Codable {
    public let entries: Int
    public let markers: Int
    /// Age of the oldest entry or marker; nil when there is none.
    public let oldestSeconds: Double?
    /// Nothing is left to look at, open transactions included: every change that began before `marker` has been looked at.
    public let zero: Bool
    /// Transaction id to pass to the next call, so that several calls wait for the same moment.
    public let marker: UInt64

    /// Two statements: a transaction id is drawn (unless passed in), then one snapshot answers.
    ///
    /// An empty log alone means nothing, since open transactions may hold entries. The test on the snapshot's xmin is
    /// cluster-wide: an old transaction of another database delays zero and never falsifies it.
    public static func read(
        _ connection: PostgresConnection, _ settings: DataPathSettings = DataPathSettings(), marker: UInt64? = nil
    ) async throws -> Lag {
        var drawn = marker
        if drawn == nil {
            drawn = UInt64(try await connection.query("SELECT pg_current_xact_id()::text AS xid")[0].string("xid"))
        }
        let xid = drawn ?? 0
        let row = try await connection.query(
            """
            SELECT l.entries, k.markers, extract(epoch FROM clock_timestamp() - least(l.oldest, k.oldest)) AS age,
                pg_snapshot_xmin(pg_current_snapshot()) > $1::text::xid8 AS passed
            FROM (SELECT count(*) AS entries, min(at) AS oldest FROM \(settings.schema).change_log) l,
                 (SELECT count(*) AS markers, min(at) AS oldest FROM \(settings.schema).marker) k
            """, [.text(String(xid))])[0]
        var entries = try row.int("entries")
        var markers = try row.int("markers")
        var passed = try row.bool("passed")
        if let second = await connection.partner as? SecondDatabase, let far = try await second.lag(connection) {
            entries += far.entries
            markers += far.markers
            passed = passed && far.zero
        }
        return Lag(
            entries: entries, markers: markers, oldestSeconds: try row.optionalDouble("age"),
            zero: entries == 0 && markers == 0 && passed, marker: xid)
    }
}
