import Foundation
import Postgres

extension TableDDL {
    /// Reads the catalogue only, and the sequences' own values.
    static func read(_ table: TableName, _ settings: DataPathSettings, _ connection: PostgresConnection) async throws -> TableDDL {
        try await catalogNames(connection) { connection in
            var keys = try await constraints(table, "k.contype = 'f'", connection)
            for key in try await ForeignKeys.remembered(settings, connection) where !keys.contains(where: { $0.name == key.name }) {
                keys.append(Constraint(name: key.name, definition: key.definition))
            }
            let about = try await connection.query(
                """
                SELECT pg_get_userbyid(c.relowner) AS owner, c.relpersistence = 'u' AS unlogged, s.spcname AS tablespace
                FROM pg_class c LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace WHERE c.oid = to_regclass($1)
                """, [.text(table.sql)])
            guard let about = about.first else { throw DataPathError.notInstalled("table \(table)") }
            var dress: [String] = []
            for query in [settingsQuery, securityQuery, statisticsQuery, ruleQuery, triggerQuery(settings), commentQuery(settings)] {
                dress += try await texts(query, table, connection)
            }
            return TableDDL(
                columns: try await columns(table, connection), unlogged: try about.bool("unlogged"),
                tablespace: try about.optionalString("tablespace"), sequences: try await sequences(table, connection),
                constraints: try await constraints(table, "k.contype IN ('p', 'u', 'c', 'x')", connection),
                indexes: try await texts(indexQuery, table, connection), dress: dress, owner: try about.string("owner"),
                rights: try await texts(rightsQuery, table, connection), publications: try await texts(publicationQuery, table, connection),
                foreignKeys: keys)
        }
    }

    private static func texts(_ sql: String, _ table: TableName, _ connection: PostgresConnection) async throws -> [String] {
        try await connection.query(sql, [.text(table.sql)]).map { try $0.string("text") }
    }

    private static func columns(_ table: TableName, _ connection: PostgresConnection) async throws -> [Column] {
        let rows = try await connection.query(
            """
            SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, pg_get_expr(d.adbin, d.adrelid) AS expression,
                CASE a.attgenerated WHEN 's' THEN 'STORED' WHEN 'v' THEN 'VIRTUAL' END AS generated,
                CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END AS identity,
                CASE WHEN NOT a.attnotnull THEN '' ELSE coalesce('CONSTRAINT ' || quote_ident(k.conname) || ' ', '') || 'NOT NULL' END AS not_null,
                CASE WHEN a.attcollation <> t.typcollation THEN quote_ident(cn.nspname) || '.' || quote_ident(co.collname) END AS collation
            FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
            LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            LEFT JOIN pg_constraint k ON k.conrelid = a.attrelid AND k.contype = 'n' AND k.conkey[1] = a.attnum
            LEFT JOIN pg_collation co ON co.oid = a.attcollation LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
            WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
            """, [.text(table.sql)])
        return try rows.map { row in
            Column(
                name: try row.string("name"), type: try row.string("type"), notNull: try row.string("not_null"),
                defaultExpression: try row.optionalString("expression"), generated: try row.optionalString("generated"),
                identity: try row.optionalString("identity"), collation: try row.optionalString("collation"))
        }
    }

    private static func constraints(_ table: TableName, _ which: String, _ connection: PostgresConnection) async throws -> [Constraint] {
        let rows = try await connection.query(
            """
            SELECT k.conname AS name, pg_get_constraintdef(k.oid) AS definition FROM pg_constraint k
            WHERE k.conrelid = to_regclass($1) AND \(which) ORDER BY k.contype DESC, k.conname
            """, [.text(table.sql)])
        return try rows.map { Constraint(name: try $0.string("name"), definition: try $0.string("definition")) }
    }

    private static func sequences(_ table: TableName, _ connection: PostgresConnection) async throws -> [OwnedSequence] {
        let rows = try await connection.query(
            """
            SELECT n.nspname AS schema, c.relname AS name, a.attname AS column, d.deptype = 'i' AS identity,
                format('%sSTART WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s%s',
                    CASE WHEN d.deptype = 'i' THEN '' ELSE format('AS %s ', format_type(s.seqtypid, NULL)) END, s.seqstart, s.seqincrement,
                    s.seqmin, s.seqmax, s.seqcache, CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END) AS options,
                array_to_json(ARRAY(SELECT format('GRANT %s ON SEQUENCE %I.%I TO %s%s', g.privilege_type, n.nspname, c.relname,
                    CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
                    CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) FROM aclexplode(c.relacl) g WHERE g.grantee <> c.relowner)
                || ARRAY(SELECT format('COMMENT ON SEQUENCE %I.%I IS %L', n.nspname, c.relname, t.text)
                    FROM (SELECT obj_description(c.oid, 'pg_class') AS text) t WHERE t.text IS NOT NULL)) AS dress
            FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S' JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_sequence s ON s.seqrelid = c.oid JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = to_regclass($1)
                AND d.deptype IN ('a', 'i') ORDER BY 1, 2
            """, [.text(table.sql)])
        var all: [OwnedSequence] = []
        for row in rows {
            let name = TableName(try row.string("schema"), try row.string("name"))
            let value = try await connection.query("SELECT last_value, is_called FROM \(name.sql)")[0]
            all.append(
                OwnedSequence(
                    name: name, column: try row.string("column"), options: try row.string("options"), isIdentity: try row.bool("identity"),
                    lastValue: try value.int("last_value"), isCalled: try value.bool("is_called"), dress: try JSONDecoder().decode([String].self, from: Data(try row.string("dress").utf8))))
        }
        return all
    }

    private static let indexQuery = """
        SELECT replace(pg_get_indexdef(i.indexrelid), ' ON ' || i.indrelid::regclass::text || ' ', ' ON {table} ') AS text
        FROM pg_index i LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')
        WHERE i.indrelid = to_regclass($1) AND k.oid IS NULL AND i.indisvalid ORDER BY i.indexrelid
        """

    /// What `ALTER TABLE` and `ALTER INDEX` set. An option's value is always a literal's text.
    private static let settingsQuery = """
        WITH t AS (SELECT * FROM pg_class WHERE oid = to_regclass($1)),
        a AS (SELECT a.*, y.typstorage FROM pg_attribute a JOIN t ON t.oid = a.attrelid JOIN pg_type y ON y.oid = a.atttypid
            WHERE a.attnum > 0 AND NOT a.attisdropped),
        x AS (SELECT i.*, c.relname, c.reloptions, k.oid IS NOT NULL AS of_constraint FROM pg_index i JOIN t ON t.oid = i.indrelid
            JOIN pg_class c ON c.oid = i.indexrelid LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = t.oid AND k.contype IN ('p', 'u', 'x'))
        SELECT text FROM (
            SELECT 1 AS n, format('ALTER TABLE {table} SET (%s = %L)', split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)) AS text
                FROM t, unnest(t.reloptions) o
            UNION ALL SELECT 2, format('ALTER TABLE {table} SET (toast.%s = %L)', split_part(o, '=', 1), substr(o, strpos(o, '=') + 1))
                FROM t JOIN pg_class toast ON toast.oid = t.reltoastrelid, unnest(toast.reloptions) o
            UNION ALL SELECT 3, format('ALTER TABLE {table} ALTER COLUMN %I SET STORAGE %s', attname,
                CASE attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END) FROM a WHERE attstorage <> typstorage
            UNION ALL SELECT 4, format('ALTER TABLE {table} ALTER COLUMN %I SET COMPRESSION %s', attname, CASE attcompression WHEN 'l' THEN 'lz4' ELSE 'pglz' END)
                FROM a WHERE attcompression::text <> ''
            UNION ALL SELECT 5, format('ALTER TABLE {table} ALTER COLUMN %I SET STATISTICS %s', attname, attstattarget) FROM a WHERE attstattarget >= 0
            UNION ALL SELECT 6, format('ALTER TABLE {table} ALTER COLUMN %I SET (%s = %L)', attname, split_part(o, '=', 1), substr(o, strpos(o, '=') + 1))
                FROM a, unnest(a.attoptions) o
            UNION ALL SELECT 7, format('ALTER INDEX {schema}.%I SET (%s = %L)', relname, split_part(o, '=', 1), substr(o, strpos(o, '=') + 1))
                FROM x, unnest(x.reloptions) o WHERE of_constraint
            UNION ALL SELECT 8, format('ALTER INDEX {schema}.%I ALTER COLUMN %s SET STATISTICS %s', x.relname, b.attnum, b.attstattarget)
                FROM x JOIN pg_attribute b ON b.attrelid = x.indexrelid WHERE b.attstattarget >= 0
            UNION ALL SELECT 9, format('ALTER TABLE {table} CLUSTER ON %I', relname) FROM x WHERE indisclustered
            UNION ALL SELECT 10, 'ALTER TABLE {table} REPLICA IDENTITY ' || CASE relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING'
                ELSE 'USING INDEX ' || (SELECT quote_ident(relname) FROM x WHERE indisreplident) END FROM t WHERE relreplident <> 'd'
        ) q ORDER BY n, text
        """

    private static let securityQuery = """
        SELECT format('CREATE POLICY %I ON {table} AS %s FOR %s TO %s%s%s', p.polname, CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
            CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
            (SELECT string_agg(CASE WHEN r = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ') FROM unnest(p.polroles) r),
            ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')') AS text
        FROM pg_policy p WHERE p.polrelid = to_regclass($1)
        UNION ALL SELECT 'ALTER TABLE {table} ENABLE ROW LEVEL SECURITY' FROM pg_class WHERE oid = to_regclass($1) AND relrowsecurity
        UNION ALL SELECT 'ALTER TABLE {table} FORCE ROW LEVEL SECURITY' FROM pg_class WHERE oid = to_regclass($1) AND relforcerowsecurity
        """

    private static let statisticsQuery = """
        SELECT replace(replace(pg_get_statisticsobjdef(s.oid), ' ' || quote_ident(n.nspname) || '.' || quote_ident(s.stxname) || ' ',
            ' {schema}.' || quote_ident(s.stxname) || ' '), ' FROM ' || s.stxrelid::regclass::text, ' FROM {table}') AS text
        FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE s.stxrelid = to_regclass($1) ORDER BY s.stxname
        """

    private static let ruleQuery = """
        SELECT replace(pg_get_ruledef(r.oid), ' TO ' || r.ev_class::regclass::text, ' TO {table}') AS text
        FROM pg_rewrite r WHERE r.ev_class = to_regclass($1) ORDER BY r.rulename
        """

    private static func triggerQuery(_ settings: DataPathSettings) -> String {
        """
        SELECT text FROM (
            SELECT t.tgname, 1 AS n, replace(pg_get_triggerdef(t.oid), ' ON ' || t.tgrelid::regclass::text || ' ', ' ON {table} ') AS text
            FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace f ON f.oid = p.pronamespace
            WHERE t.tgrelid = to_regclass($1) AND NOT t.tgisinternal AND f.nspname <> \(literal(settings.schema))
            UNION ALL SELECT t.tgname, 2, format('ALTER TABLE {table} %s TRIGGER %I', CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA'
                ELSE 'ENABLE ALWAYS' END, t.tgname)
            FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace f ON f.oid = p.pronamespace
            WHERE t.tgrelid = to_regclass($1) AND NOT t.tgisinternal AND f.nspname <> \(literal(settings.schema)) AND t.tgenabled <> 'O'
        ) q ORDER BY tgname, n
        """
    }

    private static func commentQuery(_ settings: DataPathSettings) -> String {
        """
        SELECT format('COMMENT ON %s IS %L', what, obj_comment) AS text FROM (
            SELECT '{table}' AS name, 'TABLE {table}' AS what, obj_description(to_regclass($1), 'pg_class') AS obj_comment
            UNION ALL SELECT attname, format('COLUMN {table}.%I', attname), col_description(attrelid, attnum)
                FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped
            UNION ALL SELECT conname, format('CONSTRAINT %I ON {table}', conname), obj_description(oid, 'pg_constraint')
                FROM pg_constraint WHERE conrelid = to_regclass($1) AND contype <> 'f'
            UNION ALL SELECT c.relname, format('INDEX {schema}.%I', c.relname), obj_description(c.oid, 'pg_class')
                FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = to_regclass($1)
            UNION ALL SELECT polname, format('POLICY %I ON {table}', polname), obj_description(oid, 'pg_policy') FROM pg_policy WHERE polrelid = to_regclass($1)
            UNION ALL SELECT rulename, format('RULE %I ON {table}', rulename), obj_description(oid, 'pg_rewrite') FROM pg_rewrite WHERE ev_class = to_regclass($1)
            UNION ALL SELECT t.tgname, format('TRIGGER %I ON {table}', t.tgname), obj_description(t.oid, 'pg_trigger')
                FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace f ON f.oid = p.pronamespace
                WHERE t.tgrelid = to_regclass($1) AND NOT t.tgisinternal AND f.nspname <> \(literal(settings.schema))
            UNION ALL SELECT stxname, format('STATISTICS {schema}.%I', stxname), obj_description(oid, 'pg_statistic_ext')
                FROM pg_statistic_ext WHERE stxrelid = to_regclass($1)
        ) q WHERE obj_comment IS NOT NULL ORDER BY name, what
        """
    }

    /// A table whose rights were never touched has none of its own; else all are taken away first, the owner's too.
    private static let rightsQuery = """
        SELECT text FROM (
            SELECT 1 AS n, 'REVOKE ALL ON {table} FROM ' || quote_ident(pg_get_userbyid(c.relowner)) AS text
            FROM pg_class c WHERE c.oid = to_regclass($1) AND c.relacl IS NOT NULL
            UNION ALL SELECT 2, 'GRANT ' || g.privilege_type || ' ON {table} TO '
                || CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END
                || CASE WHEN g.is_grantable AND g.grantee <> c.relowner THEN ' WITH GRANT OPTION' ELSE '' END
            FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) g WHERE c.oid = to_regclass($1)
            UNION ALL SELECT 3, format('GRANT %s (%I) ON {table} TO %s%s', g.privilege_type, a.attname,
                CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
                CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
            FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) g WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
        ) q ORDER BY n, text
        """

    private static let publicationQuery = """
        SELECT format('ALTER PUBLICATION %I ADD TABLE ONLY {table}%s%s', p.pubname,
            ' (' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
                WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)) || ')',
            ' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')') AS text
        FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = to_regclass($1) ORDER BY p.pubname
        """
}
