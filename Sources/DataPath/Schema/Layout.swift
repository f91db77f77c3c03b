import Postgres

/// One column of a table, as the catalogue describes it.
struct Column: Sendable, Equatable {
    let name: String
    let type: String
    let isGenerated: Bool
    /// The type's binary output function: the same bytes for the same value, whatever the session's settings.
    let send: String
}

/// The settings joined with what the catalogue says about the tables.
struct Layout: Sendable {
    let settings: DataPathSettings
    let v1Columns: [Column]
    let v2Columns: [Column]
    /// What the freeze recorded: its digests hold embeddings. Asked only where the table itself is away.
    let frozenWithEmbedding: Bool

    var schema: String { settings.schema }
    var v1: String { settings.v1Memories.sql }
    var v2: String { settings.v2Records.sql }
    var workspaces: String { settings.v1Workspaces.sql }
    var namespaces: String { settings.v2Namespaces.sql }

    /// What agents' own choices of kind are known by.
    var kinds: String { settings.lane == .separate ? "pg_temp.kinds" : "\(schema).kinds" }
    /// The change log as it is read, the part of it that lies with the plugin included.
    var log: String { settings.log }

    var v1Exists: Bool { !v1Columns.isEmpty }
    /// Both sides have embeddings. A table that was renamed or dropped counts as it was when it was frozen.
    var hasEmbedding: Bool {
        (v1Exists ? v1Has("embedding") : frozenWithEmbedding) && (settings.lane == .http || (settings.lane == .separate && v2Columns.isEmpty) || v2Columns.contains { $0.name == "embedding" })
    }
    var hasUpdatedAt: Bool { v1Has("updated_at") }
    var hasLabel: Bool { v1Has("namespace") }

    /// Columns a COPY or an INSERT can carry.
    var v1Stored: [Column] { v1Columns.filter { !$0.isGenerated } }

    func v1Has(_ name: String) -> Bool { v1Columns.contains { $0.name == name } }

    /// Throws `.notInstalled` when v2 should have tables here and has none; a missing v1 leaves `v1Columns` empty.
    static func introspect(_ connection: PostgresConnection, _ settings: DataPathSettings) async throws -> Layout {
        let v1Columns = try await columns(of: settings.v1Memories, connection)
        let recorded = try await settings.asRecorded(connection)
        let settings = recorded.lane == .separate ? recorded : settings
        let v2Columns = settings.lane == .http ? [] : try await columns(of: settings.v2Records, connection)
        let layout = Layout(
            settings: v2Columns.isEmpty ? recorded : settings, v1Columns: v1Columns, v2Columns: v2Columns,
            frozenWithEmbedding: v1Columns.isEmpty ? try await wasFrozenWithEmbedding(connection, settings) : false)
        guard layout.settings.lane == .http || layout.settings.lane == .separate || !v2Columns.isEmpty else { throw DataPathError.notInstalled("table \(settings.v2Records)") }
        return layout
    }

    /// Like `introspect`, and v1 must be there as well.
    static func complete(_ connection: PostgresConnection, _ settings: DataPathSettings) async throws -> Layout {
        let layout = try await introspect(connection, settings)
        guard layout.v1Exists else { throw DataPathError.notInstalled("table \(settings.v1Memories)") }
        return layout
    }

    private static func wasFrozenWithEmbedding(_ connection: PostgresConnection, _ settings: DataPathSettings) async throws -> Bool {
        guard try await connection.query("SELECT to_regclass('\(settings.schema).remembered') IS NOT NULL AS there")[0].bool("there") else { return false }
        return try await connection.query(
            "SELECT coalesce((SELECT value->>0 = 'true' FROM \(settings.schema).remembered WHERE what = 'frozen_embedding'), false) AS had")[0].bool("had")
    }

    static func columns(of table: TableName, _ connection: PostgresConnection) async throws -> [Column] {
        let rows = try await connection.query(
            """
            SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attgenerated <> '' AS generated,
                   quote_ident(n.nspname) || '.' || quote_ident(p.proname) AS send
            FROM pg_attribute a
            JOIN pg_class c ON c.oid = a.attrelid
            JOIN pg_namespace s ON s.oid = c.relnamespace
            JOIN pg_type t ON t.oid = a.atttypid
            JOIN pg_proc p ON p.oid = t.typsend
            JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE CASE WHEN $1 = 'pg_temp' THEN s.oid = pg_my_temp_schema() ELSE s.nspname = $1 END AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped
            ORDER BY a.attnum
            """, [.text(table.schema), .text(table.name)])
        return try rows.map { row in
            Column(
                name: try row.string("name"), type: try row.string("type"), isGenerated: try row.bool("generated"),
                send: try row.string("send"))
        }
    }
}

/// Rows written by our own trials, which parity, freeze and way back leave out.
let probePattern = "cutover-probe%"

extension Layout {
    /// The digest of every stored column of v1 row `row`, which no change of the workspace tree moves.
    func wholeDigest(_ row: String) -> String {
        let fields = v1Stored.sorted { $0.name < $1.name }.map { column in
            "\(schema).field(convert_to(\(literal(column.name)), 'UTF8')) || \(schema).field(\(column.send)(\(row).\(quoted(column.name))))"
        }
        return "sha256(\(fields.joined(separator: " || ")))"
    }
}
