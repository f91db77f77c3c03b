/// What two databases need beyond what one needs: in the tenant's own, in the plugin's, and in the sessions that join them.
enum SeparateSQL {
    /// `pair`: how many shipments this side has seen; the two sides differ by one at most. `relayed`: which of the plugin's entries and
    /// markers were taken over and not yet taken out there.
    static func near(_ schema: String) -> String {
        """
        CREATE TABLE IF NOT EXISTS \(schema).pair (one boolean PRIMARY KEY DEFAULT true CHECK (one), shipments bigint NOT NULL DEFAULT 0);
        INSERT INTO \(schema).pair (one) VALUES (true) ON CONFLICT DO NOTHING;
        CREATE TABLE IF NOT EXISTS \(schema).relayed (what text NOT NULL, n bigint NOT NULL, PRIMARY KEY (what, n));
        """
    }

    /// `landed` and `landed_kept`: the receipt of the last shipment, written with it. It holds all that the other side's transaction has to
    /// know if it is lost.
    static func far(_ schema: String) -> String {
        """
        CREATE TABLE IF NOT EXISTS \(schema).pair (one boolean PRIMARY KEY DEFAULT true CHECK (one), shipments bigint NOT NULL DEFAULT 0);
        INSERT INTO \(schema).pair (one) VALUES (true) ON CONFLICT DO NOTHING;
        CREATE TABLE IF NOT EXISTS \(schema).landed (
            id uuid PRIMARY KEY, state text, digest bytea, namespace text, came timestamptz, side smallint, since bigint,
            inserted boolean NOT NULL, seqs bigint[] NOT NULL);
        CREATE TABLE IF NOT EXISTS \(schema).landed_kept (what text NOT NULL, row jsonb NOT NULL);
        """
    }

    /// v2 as a session with the tenant's database sees it: empty after every transaction, filled with what the transaction asks for.
    static func standIn(_ columns: [String], schema: String) -> String {
        """
        CREATE TEMP TABLE IF NOT EXISTS memory_records (\(columns.joined(separator: ", ")), PRIMARY KEY (id)) ON COMMIT DELETE ROWS;
        CREATE TEMP TABLE IF NOT EXISTS memory_namespaces (name text PRIMARY KEY, kind text NOT NULL, expires_at timestamptz, metadata jsonb,
            created_at timestamptz NOT NULL DEFAULT now()) ON COMMIT DELETE ROWS;
        CREATE TEMP TABLE IF NOT EXISTS kinds (id uuid PRIMARY KEY, kind text NOT NULL) ON COMMIT DELETE ROWS;
        CREATE TEMP TABLE IF NOT EXISTS change_log (seq bigint PRIMARY KEY, id uuid, side smallint, del boolean, xid xid8, at timestamptz, role text)
            ON COMMIT DELETE ROWS;
        CREATE INDEX IF NOT EXISTS change_log_id ON pg_temp.change_log (id);
        CREATE TEMP TABLE IF NOT EXISTS marker (n bigint, what text, arg uuid, side smallint, at timestamptz, xid xid8, role text) ON COMMIT DELETE ROWS;
        CREATE TEMP TABLE IF NOT EXISTS touched (id uuid NOT NULL) ON COMMIT DELETE ROWS;
        CREATE OR REPLACE FUNCTION pg_temp.touch() RETURNS trigger LANGUAGE plpgsql AS
            $f$ BEGIN INSERT INTO pg_temp.touched SELECT id FROM changed; RETURN NULL; END $f$;
        \([("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")].map { event, table in
            """
            CREATE OR REPLACE TRIGGER touch_\(event.lowercased()) AFTER \(event) ON pg_temp.memory_records REFERENCING \(table) TABLE AS changed
            FOR EACH STATEMENT WHEN (current_setting('\(schema).loading', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION pg_temp.touch();
            """
        }.joined(separator: "\n"))
        """
    }

    static let describe = """
        SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required, a.attgenerated <> '' AS generated,
            pg_get_expr(d.adbin, d.adrelid) AS expression
        FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
        """
}
