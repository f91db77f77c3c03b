public import Postgres

/// The one row that tells the writer what to do, and that a newer operation has taken over.
public struct Control: Sendable, Equatable, Codable {
    public enum Mode: String, Sendable, Codable {
        /// Nothing was asked for yet.
        case idle
        /// Looks at what changes.
        case sync
        /// Looks at what changes, and at chunks of v1 until all of it was looked at.
        case copy
        /// Was told to stop.
        case stopped
    }

    public let fence: Int64
    public let mode: Mode
    public let copyDone: Bool
    /// Key ranges the copy was divided into.
    public let ranges: Int
    /// Rows the copy has looked at.
    public let copied: Int
    public let chunkRows: Int

    public static func read(
        _ connection: PostgresConnection, _ settings: DataPathSettings = DataPathSettings()
    ) async throws -> Control {
        let rows = try await connection.prepared(
            """
            SELECT c.fence, c.mode, c.chunk_rows, r.* FROM \(settings.schema).control c, (
                SELECT coalesce(bool_and(done), false) AS copy_done, coalesce(sum(copied), 0) AS copied, count(*) AS ranges
                FROM \(settings.schema).copy_range) r
            """)
        guard let row = rows.first else { throw DataPathError.notInstalled("\(settings.schema).control") }
        return Control(
            fence: Int64(try row.int("fence")), mode: Mode(rawValue: try row.string("mode")) ?? .stopped,
            copyDone: try row.bool("copy_done"), ranges: try row.int("ranges"), copied: try row.int("copied"),
            chunkRows: try row.int("chunk_rows"))
    }

    /// Waits for a look under way; from its return on, the writer acts in the new mode. Throws `.fenced` when `fence` is not the row's.
    public static func set(
        _ mode: Mode, fence: Int64, _ connection: PostgresConnection, _ settings: DataPathSettings = DataPathSettings()
    ) async throws {
        try await change("mode = $2", [.text(mode.rawValue)], fence, connection, settings)
    }

    /// Starts the copy from its first key again, in `ranges` side by side, and puts the writer in mode `.copy`.
    public static func restartCopy(
        fence: Int64, chunkRows: Int? = nil, ranges: Int = 1, _ connection: PostgresConnection,
        _ settings: DataPathSettings = DataPathSettings()
    ) async throws {
        try await connection.transaction { connection in
            try await change(
                "mode = 'copy', chunk_rows = coalesce($2::int, chunk_rows)", [chunkRows.map { .int($0) }], fence, connection, settings)
            try await CopyRange.divide(into: ranges, connection, settings)
        }
    }

    /// Puts the writer in mode `.copy` where it was.
    public static func resumeCopy(
        fence: Int64, _ connection: PostgresConnection, _ settings: DataPathSettings = DataPathSettings()
    ) async throws {
        try await change("mode = CASE WHEN $2::text IS NULL THEN 'copy' END", [nil], fence, connection, settings)
    }

    public static func setChunkRows(
        _ rows: Int, fence: Int64, _ connection: PostgresConnection, _ settings: DataPathSettings = DataPathSettings()
    ) async throws {
        try await change("chunk_rows = $2::int", [.int(rows)], fence, connection, settings)
    }

    /// Raises the fence. Once it returns, no transaction of a writer with a lower fence can commit any more.
    ///
    /// Throws `.fenced` when the row already has a higher one; the same one is no error.
    public static func raiseFence(
        to fence: Int64, _ connection: PostgresConnection, _ settings: DataPathSettings = DataPathSettings()
    ) async throws {
        let raised = try await connection.query(
            "UPDATE \(settings.schema).control SET fence = $1 \(afterLooks(settings)) AND fence <= $1", [.int(Int(fence))])
        if raised.affected == 0 { throw DataPathError.fenced(found: try await read(connection, settings).fence) }
    }

    // MARK: - Non public

    /// Once it returns, looks under way have ended, and none that began before commits while the caller's transaction is open or after it.
    static func waitForLooks(fence: Int64, _ connection: PostgresConnection, _ settings: DataPathSettings) async throws {
        try await change("fence = fence", [], fence, connection, settings)
    }

    private static func change(
        _ assignments: String, _ values: [PostgresValue?], _ fence: Int64, _ connection: PostgresConnection,
        _ settings: DataPathSettings
    ) async throws {
        let changed = try await connection.query(
            "UPDATE \(settings.schema).control SET \(assignments) \(afterLooks(settings)) AND fence = $1", [.int(Int(fence))] + values)
        if changed.affected == 0 { throw DataPathError.fenced(found: try await read(connection, settings).fence) }
    }

    /// FOR UPDATE waits for every look that holds the row; a plain UPDATE of these columns would not.
    private static func afterLooks(_ settings: DataPathSettings) -> String {
        "WHERE one IN (SELECT one FROM \(settings.schema).control FOR UPDATE)"
    }

    /// Begins a look: marks its transaction as ours, which takes its snapshot, and holds the fence row as `checkFence` does.
    ///
    /// `looks`: the row asks for them. `marked`: the snapshot shows a marker.
    static func enterLook(
        _ fence: Int64, _ connection: PostgresConnection, _ settings: DataPathSettings
    ) async throws -> (looks: Bool, marked: Bool) {
        let row = try await hold(", \(Look.mark(settings)), EXISTS (SELECT FROM \(settings.schema).marker) AS marked", fence, connection, settings)
        return (try row.bool("looks"), try row.bool("marked"))
    }

    /// Holds the fence row until the caller's transaction ends, so that raising it waits for us or stops us.
    ///
    /// KEY SHARE lets another writer's copy note its last key meanwhile.
    /// Answers whether the row asks for looks.
    @discardableResult
    static func checkFence(_ fence: Int64, _ connection: PostgresConnection, _ settings: DataPathSettings) async throws -> Bool {
        try await hold("", fence, connection, settings).bool("looks")
    }

    private static func hold(
        _ more: String, _ fence: Int64, _ connection: PostgresConnection, _ settings: DataPathSettings
    ) async throws -> PostgresRow {
        let rows = try await connection.prepared("SELECT fence, mode IN ('sync', 'copy') AS looks\(more) FROM \(settings.schema).control FOR KEY SHARE")
        guard let row = rows.first else { throw DataPathError.notInstalled("\(settings.schema).control") }
        let found = Int64(try row.int("fence"))
        guard found == fence else { throw DataPathError.fenced(found: found) }
        return row
    }
}
