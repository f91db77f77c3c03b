import Postgres

/// Queues ids for a look although nothing was captured of them.
enum LookAgain {
    /// Every id that either store or our records know. Answers how many.
    static func queueEverything(_ connection: PostgresConnection, _ layout: Layout) async throws -> Int {
        let isHere = try await layout.settings.asRecorded(connection).lane != .http
        let two = isHere ? "UNION SELECT r.id, 1, false FROM \(layout.v2) r WHERE \(layout.projection.isOurs("r"))" : ""
        return try await connection.query(
            """
            INSERT INTO \(layout.schema).change_log (id, side, del)
            SELECT id, 1, false FROM \(layout.v1) \(two)
            UNION SELECT id, 1, false FROM \(layout.schema).placed WHERE state <> 'gone'
            """).affected
    }
}
