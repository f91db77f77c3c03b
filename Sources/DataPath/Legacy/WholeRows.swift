import Postgres

/// All stored columns of every row of a table, against the frozen list.
struct WholeRows: Sendable {
    let settings: DataPathSettings
    /// v1 under whichever name it has just now.
    let table: TableName

    func differing(_ connection: PostgresConnection) async throws -> Int {
        var settings = settings
        settings.v1Memories = table
        let layout = try await Layout.complete(connection, settings)
        return try await connection.query(
            """
            SELECT count(*) AS n FROM (
                SELECT m.id, \(layout.wholeDigest("m")) AS whole FROM \(layout.v1) m WHERE NOT \(layout.projection.isProbe1("m"))) t
            FULL JOIN \(settings.schema).frozen f ON f.id = t.id WHERE t.whole IS DISTINCT FROM f.whole
            """)[0].int("n")
    }
}
