public import Postgres

/// The copy's way back: takes out of v2 what was placed there, once both stores are proven equal.
public struct TakeAway: Sendable {
    public struct Report: Sendable, Equatable, Codable {
        /// Nil when nothing was placed and nothing of v2 waited for a look: there was nothing to take away.
        public let quiesce: Quiesce.Report?
        /// Rows deleted from v2.
        public let removed: Int
        /// Rows kept whole in `cutover.v2_archive`, because v1 cannot express all of them.
        public let kept: Int
        /// Rows left in v2: they were never placed, and v1 cannot hold them. They are in the archive as well.
        public let left: Int
    }

    public let settings: DataPathSettings

    public init(_ settings: DataPathSettings = DataPathSettings()) {
        self.settings = settings
    }

    /// One transaction under the barrier's locks. A copy that was interrupted is taken away as far as it came. Running it again removes nothing more.
    public func run(
        _ connection: PostgresConnection, lockTimeoutSeconds: Double = 2, budgetSeconds: Double = 600, fence: Int64? = nil
    ) async throws -> Report {
        let layout = try await Layout.complete(connection, settings)
        let untaken = try await connection.seeingBoth { connection in
            try await nothingPlaced(connection) ? try await rowsLeft(layout, connection) : nil
        }
        if let untaken { return Report(quiesce: nil, removed: 0, kept: 0, left: untaken) }
        let counts = Kept<(removed: Int, kept: Int, left: Int)>()
        let quiesce = try await Quiesce(settings).run(
            connection, lockTimeoutSeconds, budgetSeconds, fence, copyMayBeUnfinished: true
        ) { connection in
            let kept = try await connection.query(keep(layout)).affected
            try await KeptRows.remember(connection, layout)
            let removed = try await connection.query(
                "DELETE FROM \(layout.v2) r USING \(settings.schema).placed p WHERE p.id = r.id AND p.state IN ('live', 'conflict') AND \(layout.projection.isOurs("r"))"
            ).affected
            try await connection.execute(
                """
                DELETE FROM \(settings.schema).placed;
                UPDATE \(settings.schema).exceptions SET closed = now() WHERE closed IS NULL;
                UPDATE \(settings.schema).conflicts SET closed = now() WHERE closed IS NULL;
                UPDATE \(settings.schema).control SET mode = 'stopped';
                \(CopyRange.backToOne(settings))
                """)
            counts.set((removed, kept, try await rowsLeft(layout, connection)))
        }
        let (removed, kept, left) = counts.get() ?? (0, 0, 0)
        return Report(quiesce: quiesce, removed: removed, kept: kept, left: left)
    }

    // MARK: - Non public

    private func nothingPlaced(_ connection: PostgresConnection) async throws -> Bool {
        try await connection.query(
            """
            SELECT NOT EXISTS (SELECT FROM \(settings.schema).placed WHERE state <> 'gone')
                AND NOT EXISTS (SELECT FROM \(settings.schema).change_log WHERE side = 2) AS nothing
            """)[0].bool("nothing")
    }

    private func rowsLeft(_ layout: Layout, _ connection: PostgresConnection) async throws -> Int {
        try await connection.query(
            "SELECT count(*) AS n FROM \(layout.v2) r WHERE \(layout.ours2("r"))")[0].int("n")
    }

    private func keep(_ layout: Layout) -> String {
        """
            INSERT INTO \(settings.schema).v2_archive (id, row, alone, why)
            SELECT r.id, to_jsonb(r) - 'content_tsv', NOT EXISTS (SELECT FROM \(layout.v1) m WHERE m.id = r.id), CASE
                WHEN p.state = 'conflict' THEN 'conflict' WHEN x.id IS NOT NULL THEN x.reason WHEN p.id IS NULL THEN 'not placed'
                ELSE 'fields only v2 has' END
            FROM \(layout.v2) r
            LEFT JOIN \(settings.schema).placed p ON p.id = r.id AND p.state IN ('live', 'conflict')
            LEFT JOIN \(settings.schema).exceptions x ON x.id = r.id AND x.closed IS NULL AND NOT x.carried
            WHERE \(layout.ours2("r"))
            AND (p.id IS NULL OR p.state = 'conflict' OR x.id IS NOT NULL OR \(layout.projection.exceedsV1("r")))
            AND NOT EXISTS (SELECT FROM \(settings.schema).v2_archive a WHERE a.id = r.id AND a.restored IS NULL
                AND a.row = to_jsonb(r) - 'content_tsv')
            """
    }
}
