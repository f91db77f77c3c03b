public import Postgres

/// The plugin's two tables as they must be for writing into them directly; by any other schema than this one we do not know what an
/// insert of ours means to the plugin.
public struct SchemaFingerprint: Sendable, Equatable, Codable {
    /// Columns, checks and keys, one line each, in order.
    public let lines: [String]

    public static let known = SchemaFingerprint(
        lines: [
            "memory_namespaces check kind: custom, org, team, workspace",
            "memory_namespaces column created_at timestamp with time zone not null default now()",
            "memory_namespaces column expires_at timestamp with time zone",
            "memory_namespaces column kind text not null",
            "memory_namespaces column metadata jsonb",
            "memory_namespaces column name text not null",
            "memory_namespaces key PRIMARY KEY (name)",
            "memory_records check kind: checkpoint, fact, summary",
            "memory_records check source: agent, runtime, user",
            "memory_records column content text not null",
            "memory_records column content_tsv tsvector generated to_tsvector('english'::regconfig, content)",
            "memory_records column created_at timestamp with time zone not null default now()",
            "memory_records column embedding vector(1536)",
            "memory_records column expires_at timestamp with time zone",
            "memory_records column id uuid not null default gen_random_uuid()",
            "memory_records column kind text not null",
            "memory_records column namespace text not null",
            "memory_records column pin boolean not null default false",
            "memory_records column propagation jsonb",
            "memory_records column source text not null",
            "memory_records key FOREIGN KEY (namespace) REFERENCES memory_namespaces(name) ON DELETE CASCADE",
            "memory_records key PRIMARY KEY (id)",
        ])

    /// Reads the catalogue only; a table that is not there has no lines.
    public static func read(
        _ connection: PostgresConnection, _ settings: DataPathSettings = DataPathSettings()
    ) async throws -> SchemaFingerprint {
        let connection = (await connection.partner as? SecondDatabase)?.far ?? connection
        let tables = [settings.v2Namespaces, settings.v2Records]
        let rows = try await connection.query(
            """
            WITH t AS (
                SELECT c.oid, c.relname AS name FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
                WHERE (s.nspname, c.relname) IN (SELECT * FROM unnest($1::text[], $2::text[])))
            SELECT concat_ws(' ', t.name, 'column', a.attname, replace(format_type(a.atttypid, a.atttypmod), 'public.', ''),
                CASE WHEN a.attnotnull THEN 'not null' END,
                CASE WHEN d.oid IS NOT NULL THEN CASE WHEN a.attgenerated = '' THEN 'default ' ELSE 'generated ' END
                    || pg_get_expr(d.adbin, d.adrelid) END) AS line
            FROM t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
            LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
            UNION ALL
            SELECT CASE WHEN k.contype = 'c' THEN concat(t.name, ' check ',
                    (SELECT string_agg(a.attname, ', ' ORDER BY a.attname) FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum = ANY (k.conkey)), ': ',
                    (SELECT string_agg(v[1], ', ' ORDER BY v[1]) FROM regexp_matches(pg_get_constraintdef(k.oid), '''([^'']*)''', 'g') v))
                ELSE concat(t.name, ' key ', replace(pg_get_constraintdef(k.oid), $3, '')) END
            FROM t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype IN ('c', 'p', 'f', 'u', 'x')
            """,
            [.texts(tables.map(\.schema)), .texts(tables.map(\.name)), .text("\(settings.v2Namespaces.schema).")])
        return SchemaFingerprint(lines: try rows.map { try $0.string("line") }.sorted())
    }

    /// What this one has and `other` has not, and the reverse; empty when they match.
    public func differences(from other: SchemaFingerprint) -> [String] {
        lines.filter { !other.lines.contains($0) }.map { "has \($0)" } + other.lines.filter { !lines.contains($0) }.map { "lacks \($0)" }
    }
}
