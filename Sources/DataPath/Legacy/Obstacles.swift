public import Postgres

extension Archive {
    /// What would not come back with the table, or keep it from being dropped, each with its reason. Reads the catalogue only.
    public func obstacles(_ connection: PostgresConnection) async throws -> [String] {
        let table = settings.v1Memories
        let own = try await connection.query(
            """
            SELECT CASE WHEN c.relkind <> 'r' THEN 'it is no plain table' WHEN c.reloftype <> 0 THEN 'it is a table of a type'
                WHEN EXISTS (SELECT FROM pg_inherits WHERE inhrelid = c.oid) THEN 'it inherits from another table, or is a partition' END AS text
            FROM pg_class c WHERE c.oid = to_regclass($1)
            """, [.text(table.sql)])
        // What `DROP … RESTRICT` would refuse for: whatever depends normally on the table, its row type or a sequence of its own,
        // and is not a part of it that goes with it.
        let others = try await catalogNames(connection) { connection in
            try await connection.query(
                """
                WITH own AS (
                    SELECT 'pg_class'::regclass::oid AS class, to_regclass($1)::oid AS oid
                    UNION ALL SELECT 'pg_type'::regclass, t.oid FROM pg_class c JOIN pg_type t ON t.oid = c.reltype WHERE c.oid = to_regclass($1)
                    UNION ALL SELECT 'pg_class'::regclass, d.objid FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
                        WHERE d.classid = 'pg_class'::regclass AND d.refobjid = to_regclass($1) AND d.deptype IN ('a', 'i'))
                SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid) || ' depends on it' AS text
                FROM pg_depend d JOIN own ON own.class = d.refclassid AND own.oid = d.refobjid
                WHERE d.deptype = 'n'
                    AND NOT EXISTS (SELECT FROM pg_depend part WHERE part.classid = d.classid AND part.objid = d.objid
                        AND part.refclassid = 'pg_class'::regclass AND part.refobjid = to_regclass($1) AND part.deptype IN ('a', 'i'))
                ORDER BY 1
                """, [.text(table.sql)])
        }
        return try own.compactMap { try $0.optionalString("text") }.map { "\(table) cannot be made again: \($0)" } + others.map { try $0.string("text") }
    }
}
