public import Postgres

/// What an earlier way back set aside because v1 cannot hold it, as far as it is not the looks' to bring back.
///
/// Fields of rows that v1 holds come back with the rows. Rows that v1 cannot hold stayed in v2, and are put there again where v2 is
/// another table than the one they were taken from: the plugin's schema is set aside when the plugin is taken away.
public enum KeptRows {
    public struct Report: Sendable, Equatable, Codable {
        public let restored: Int
        /// Rows of v2 that no look has agreed on yet; each is listed again, or carried if it has a place now.
        public let queued: Int
    }

    /// To be done when a copy begins at its first key. Running it again restores nothing more.
    public static func bringBack(
        _ connection: PostgresConnection, _ settings: DataPathSettings = DataPathSettings()
    ) async throws -> Report {
        let layout = try await Layout.complete(connection, settings)
        return try await connection.transaction(.repeatableRead) { connection in
            try await connection.bringEverything()
            let restored = try await isAnotherTable(connection, layout) ? try await restore(connection, layout) : 0
            let queued = try await connection.query(
                """
                INSERT INTO \(layout.schema).change_log (id, side, del) SELECT r.id, 2, false FROM \(layout.v2) r
                WHERE \(layout.ours2("r")) AND NOT EXISTS (SELECT FROM \(layout.schema).placed p WHERE p.id = r.id)
                """).affected
            return Report(restored: restored, queued: queued)
        }
    }

    /// Notes which table the rows are taken from, and the settings of its namespaces.
    static func remember(_ connection: PostgresConnection, _ layout: Layout) async throws {
        let identity = await (connection.partner as? SecondDatabase)?.identity
        try await connection.query(
            """
            INSERT INTO \(layout.schema).remembered (what, value) SELECT 'taken_from', jsonb_build_array(coalesce($2::text, to_regclass($1)::oid::text))
            ON CONFLICT (what) DO UPDATE SET value = excluded.value, at = now()
            """, [.text(layout.v2), identity.map { .text($0) }])
        try await connection.execute(
            """
            INSERT INTO \(layout.schema).v2_namespaces (name, kind, expires_at, metadata)
            SELECT name, kind, expires_at, metadata FROM \(layout.namespaces)
            WHERE expires_at IS NOT NULL OR metadata <> 'null' OR kind <> split_part(name, ':', 1)
            ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, expires_at = excluded.expires_at, metadata = excluded.metadata
            """)
    }

    // MARK: - Non public

    private static func isAnotherTable(_ connection: PostgresConnection, _ layout: Layout) async throws -> Bool {
        let identity = await (connection.partner as? SecondDatabase)?.identity
        return try await connection.query(
            """
            SELECT EXISTS (SELECT FROM \(layout.schema).remembered WHERE what = 'taken_from'
                AND value->>0 IS DISTINCT FROM coalesce($2::text, to_regclass($1)::oid::text)) AS another
            """, [.text(layout.v2), identity.map { .text($0) }])[0].bool("another")
    }

    private static func restore(_ connection: PostgresConnection, _ layout: Layout) async throws -> Int {
        let columns = layout.v2Columns.filter { !$0.isGenerated }.map { quoted($0.name) }
        let kept = """
            SELECT DISTINCT ON (a.id) a.id, a.row FROM \(layout.schema).v2_archive a WHERE a.alone AND a.restored IS NULL
            AND NOT EXISTS (SELECT FROM \(layout.v1) m WHERE m.id = a.id) AND NOT EXISTS (SELECT FROM \(layout.v2) r WHERE r.id = a.id)
            ORDER BY a.id, a.n DESC
            """
        let names = try await connection.query("SELECT DISTINCT k.row->>'namespace' AS name FROM (\(kept)) k").map { try $0.string("name") }
        try await connection.query(LookSQL(layout: layout, variant: .lawful).makeNamespaces, [.texts(names)])
        return try await connection.query(
            """
            WITH kept AS (\(kept)),
            spent AS (UPDATE \(layout.schema).v2_archive a SET restored = now() FROM kept k WHERE a.id = k.id AND a.restored IS NULL)
            INSERT INTO \(layout.v2) (\(columns.joined(separator: ", ")))
            SELECT \(columns.map { "x.\($0)" }.joined(separator: ", "))
            FROM kept k CROSS JOIN LATERAL jsonb_populate_record(NULL::\(layout.v2), k.row) x
            """
        ).affected
    }
}
