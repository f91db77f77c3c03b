import Postgres

/// The copy's key ranges: together they hold every key of v1, and each remembers the last key that was looked at.
enum CopyRange {
    /// One range from the first key to the last, with nothing looked at.
    static func backToOne(_ settings: DataPathSettings) -> String {
        """
        DELETE FROM \(settings.schema).copy_range;
        INSERT INTO \(settings.schema).copy_range (n) VALUES (1);
        """
    }

    /// Begins anew with `ranges` of about as many rows each, or fewer where v1 is small. In its caller's transaction.
    static func divide(into ranges: Int, _ connection: PostgresConnection, _ settings: DataPathSettings) async throws {
        guard ranges > 1 else { return try await connection.execute(backToOne(settings)) }
        let rows = try await connection.query(
            "SELECT greatest(reltuples, 1) AS n FROM pg_class WHERE oid = '\(settings.v1Memories.sql)'::regclass")[0].double("n")
        // Bounds need not be exact, and a table of any size must not be sorted for them.
        let percent = min(100, 100 * 20_000 / rows)
        let shares = (1..<ranges).map { String(Double($0) / Double(ranges)) }.joined(separator: ",")
        try await connection.execute(
            """
            DELETE FROM \(settings.schema).copy_range;
            INSERT INTO \(settings.schema).copy_range (n, upto, last)
            SELECT row_number() OVER (ORDER BY upto NULLS LAST), upto, lag(upto) OVER (ORDER BY upto NULLS LAST)
            FROM (SELECT DISTINCT unnest(percentile_disc(ARRAY[\(shares)]::float8[]) WITHIN GROUP (ORDER BY id)) AS upto
                FROM \(settings.v1Memories.sql) TABLESAMPLE SYSTEM (\(percent))
                UNION ALL SELECT NULL) bounds
            """)
    }
}

/// Chunk by chunk through one key range, each chunk as large as fits the time a transaction may take.
struct RangeCopy: Sendable {
    let range: Int
    private var pace = Pace()

    init(range: Int) { self.range = range }

    /// One chunk, in a transaction of its own. A collision rolls the whole chunk back and makes the next one smaller.
    mutating func step(_ control: Control, _ look: Look, _ transactions: LookTransactions, _ step: inout Writer.Step) async throws {
        let rows = pace.copyRows(atMost: control.chunkRows)
        let failure: Look.Failure = rows == 1 && pace.lastCopyRowWasRefused ? .isListed : .isThrown
        let chunk = CopyChunk(look: look, range: range, rows: rows)
        do {
            let started = ContinuousClock.now
            let outcome = try await transactions.run(look.sql.layout) { try await chunk.carryOut($0, failure: failure) }
            let time = ContinuousClock.now - started
            // Another writer was at the keys: that says nothing about how many rows go at once, nor about the row that was refused.
            if outcome.rows > 0 { pace.copyTook(time) }
            step.longest = max(step.longest, time)
            step.looks.add(outcome.counts)
            step.copied = outcome.rows
            step.copyFinished = outcome.finished
        } catch let error where LookTransactions.isTroubleOfRows(error) {
            pace.copyCollided(rows: rows, refused: !LookTransactions.isCollision(error))
            step.looks.postponed += 1
        }
    }
}
