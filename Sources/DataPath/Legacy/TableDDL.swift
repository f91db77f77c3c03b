import Postgres

/// How to make a table again, as the catalogue described it. Definitions hold `{table}` where the table's own name stood.
struct TableDDL: Sendable, Equatable, Codable {
    struct Column: Sendable, Equatable, Codable {
        var name: String
        var type: String
        var notNull: Bool
        var defaultExpression: String?
        var generated: Bool
        var collation: String?
        var comment: String?
    }
    struct Constraint: Sendable, Equatable, Codable {
        var name: String
        var definition: String
    }

    var columns: [Column]
    var constraints: [Constraint]
    /// `CREATE INDEX` statements of indexes no constraint brings with it.
    var indexes: [String]
    var comment: String?
    var owner: String
    /// Complete `GRANT` statements.
    var grants: [String]
    /// `CREATE TRIGGER` statements of the platform; ours are left out.
    var triggers: [String]
    /// Off while frozen; `unfreeze` puts them back.
    var foreignKeys: [Constraint]

    static func read(_ table: TableName, _ settings: DataPathSettings, _ connection: PostgresConnection) async throws -> TableDDL {
        try await catalogNames(connection) { connection in
            var keys = try await constraints(table, "k.contype = 'f'", connection)
            for key in try await ForeignKeys.remembered(settings, connection) where !keys.contains(where: { $0.name == key.name }) {
                keys.append(Constraint(name: key.name, definition: key.definition))
            }
            let about = try await connection.query(
                """
                SELECT pg_get_userbyid(c.relowner) AS owner, obj_description(c.oid, 'pg_class') AS comment
                FROM pg_class c WHERE c.oid = to_regclass($1)
                """, [.text(table.sql)])
            guard let about = about.first else { throw DataPathError.notInstalled("table \(table)") }
            return TableDDL(
                columns: try await columns(table, connection),
                constraints: try await constraints(table, "k.contype IN ('p', 'u', 'c', 'x')", connection),
                indexes: try await texts(indexQuery, table, connection), comment: try about.optionalString("comment"),
                owner: try about.string("owner"), grants: try await texts(grantQuery, table, connection),
                triggers: try await texts(triggerQuery(settings), table, connection), foreignKeys: keys)
        }
    }

    /// `CREATE TABLE` with columns only: rows load faster before indexes and checks.
    func createTable(_ table: TableName) -> String {
        let lines = columns.map { column in
            var line = "\(quoted(column.name)) \(column.type)"
            if let collation = column.collation { line += " COLLATE \(collation)" }
            if let expression = column.defaultExpression {
                line += column.generated ? " GENERATED ALWAYS AS (\(expression)) STORED" : " DEFAULT \(expression)"
            }
            return column.notNull ? line + " NOT NULL" : line
        }
        return "CREATE TABLE \(table.sql) (\n    \(lines.joined(separator: ",\n    ")))"
    }

    /// What keeps rows in order: constraints without foreign keys, and indexes.
    func afterLoad(_ table: TableName) -> [String] {
        constraints.map { "ALTER TABLE \(table.sql) ADD CONSTRAINT \(quoted($0.name)) \($0.definition)" }
            + indexes.map { $0.replacing("{table}", with: table.sql) }
    }

    /// Who owns it, who may use it, and what the platform hung on it.
    func dress(_ table: TableName) -> [String] {
        var statements: [String] = []
        if let comment { statements.append("COMMENT ON TABLE \(table.sql) IS \(literal(comment))") }
        for column in columns {
            guard let comment = column.comment else { continue }
            statements.append("COMMENT ON COLUMN \(table.sql).\(quoted(column.name)) IS \(literal(comment))")
        }
        statements += (triggers + grants).map { $0.replacing("{table}", with: table.sql) }
        return statements + ["ALTER TABLE \(table.sql) OWNER TO \(quoted(owner))"]
    }

    // MARK: - Non public

    private static func texts(_ sql: String, _ table: TableName, _ connection: PostgresConnection) async throws -> [String] {
        try await connection.query(sql, [.text(table.sql)]).map { try $0.string("text") }
    }

    private static func columns(_ table: TableName, _ connection: PostgresConnection) async throws -> [Column] {
        let rows = try await connection.query(
            """
            SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS not_null,
                pg_get_expr(d.adbin, d.adrelid) AS expression, a.attgenerated <> '' AS generated,
                CASE WHEN a.attcollation <> t.typcollation THEN quote_ident(cn.nspname) || '.' || quote_ident(co.collname) END AS collation,
                col_description(a.attrelid, a.attnum) AS comment
            FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
            LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            LEFT JOIN pg_collation co ON co.oid = a.attcollation LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
            WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
            """, [.text(table.sql)])
        return try rows.map { row in
            Column(
                name: try row.string("name"), type: try row.string("type"), notNull: try row.bool("not_null"),
                defaultExpression: try row.optionalString("expression"), generated: try row.bool("generated"),
                collation: try row.optionalString("collation"), comment: try row.optionalString("comment"))
        }
    }

    private static func constraints(
        _ table: TableName, _ which: String, _ connection: PostgresConnection
    ) async throws -> [Constraint] {
        let rows = try await connection.query(
            """
            SELECT k.conname AS name, pg_get_constraintdef(k.oid) AS definition FROM pg_constraint k
            WHERE k.conrelid = to_regclass($1) AND \(which) ORDER BY k.contype DESC, k.conname
            """, [.text(table.sql)])
        return try rows.map { Constraint(name: try $0.string("name"), definition: try $0.string("definition")) }
    }

    private static let indexQuery = """
        SELECT replace(pg_get_indexdef(i.indexrelid), ' ON ' || i.indrelid::regclass::text || ' ', ' ON {table} ') AS text
        FROM pg_index i LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid
        WHERE i.indrelid = to_regclass($1) AND k.oid IS NULL ORDER BY i.indexrelid
        """

    private static func triggerQuery(_ settings: DataPathSettings) -> String {
        """
        SELECT replace(pg_get_triggerdef(t.oid), ' ON ' || t.tgrelid::regclass::text || ' ', ' ON {table} ') AS text
        FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace f ON f.oid = p.pronamespace
        WHERE t.tgrelid = to_regclass($1) AND NOT t.tgisinternal AND f.nspname <> '\(settings.schema)' ORDER BY t.tgname
        """
    }

    private static let grantQuery = """
        SELECT 'GRANT ' || g.privilege_type || ' ON {table} TO '
            || CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END
            || CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS text
        FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) g
        WHERE c.oid = to_regclass($1) AND g.grantee <> c.relowner ORDER BY 1
        """
}
