/// The tables the data path keeps in a schema of its own. Every statement may run again.
enum TablesSQL {
    static func create(_ schema: String) -> String {
        """
        CREATE SCHEMA IF NOT EXISTS \(schema);
        CREATE TABLE IF NOT EXISTS \(schema).change_log (
            seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            id uuid NOT NULL,
            side smallint NOT NULL,
            del boolean NOT NULL,
            xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
            at timestamptz NOT NULL DEFAULT now(),
            role text NOT NULL DEFAULT \(role));
        CREATE INDEX IF NOT EXISTS change_log_id ON \(schema).change_log (id);
        CREATE TABLE IF NOT EXISTS \(schema).marker (
            n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            what text NOT NULL CHECK (what IN ('truncate', 'subtree')),
            arg uuid,
            side smallint,
            at timestamptz NOT NULL DEFAULT now(),
            xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
            role text NOT NULL DEFAULT \(role));
        CREATE TABLE IF NOT EXISTS \(schema).placed (
            id uuid PRIMARY KEY,
            state text NOT NULL CHECK (state IN ('live', 'gone', 'conflict')),
            digest bytea,
            namespace text,
            looks bigint NOT NULL DEFAULT 0,
            came timestamptz,
            side smallint,
            since bigint);
        CREATE INDEX IF NOT EXISTS placed_came ON \(schema).placed (namespace, came) WHERE came IS NOT NULL;
        CREATE TABLE IF NOT EXISTS \(schema).kinds (
            id uuid PRIMARY KEY,
            kind text NOT NULL);
        CREATE TABLE IF NOT EXISTS \(schema).conflicts (
            n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            id uuid NOT NULL,
            kind text NOT NULL CHECK (kind IN ('conflict', 'forget')),
            v1_row jsonb,
            v2_row jsonb,
            base bytea,
            at timestamptz NOT NULL DEFAULT now(),
            closed timestamptz,
            v1_digest bytea,
            v2_digest bytea,
            purged timestamptz);
        CREATE INDEX IF NOT EXISTS conflicts_open ON \(schema).conflicts (id) WHERE closed IS NULL;
        CREATE TABLE IF NOT EXISTS \(schema).exceptions (
            n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            id uuid NOT NULL,
            side smallint NOT NULL,
            reason text NOT NULL,
            detail text,
            first_seen timestamptz NOT NULL DEFAULT now(),
            at timestamptz NOT NULL DEFAULT now(),
            closed timestamptz,
            carried boolean NOT NULL DEFAULT false);
        CREATE UNIQUE INDEX IF NOT EXISTS exceptions_open ON \(schema).exceptions (id) WHERE closed IS NULL;
        CREATE TABLE IF NOT EXISTS \(schema).rules (
            reason text PRIMARY KEY,
            rule text NOT NULL CHECK (rule IN ('block', 'sign', 'pass', 'remap', 'flag', 'redact')),
            target text);
        CREATE TABLE IF NOT EXISTS \(schema).v2_archive (
            n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            id uuid NOT NULL,
            row jsonb NOT NULL,
            why text NOT NULL,
            at timestamptz NOT NULL DEFAULT now(),
            restored timestamptz,
            alone boolean NOT NULL DEFAULT false);
        CREATE TABLE IF NOT EXISTS \(schema).v2_namespaces (
            name text PRIMARY KEY,
            kind text NOT NULL,
            expires_at timestamptz,
            metadata jsonb);
        CREATE INDEX IF NOT EXISTS v2_archive_id ON \(schema).v2_archive (id) WHERE restored IS NULL;
        CREATE TABLE IF NOT EXISTS \(schema).control (
            one boolean PRIMARY KEY DEFAULT true CHECK (one),
            fence bigint NOT NULL DEFAULT 0,
            mode text NOT NULL DEFAULT 'idle' CHECK (mode IN ('idle', 'sync', 'copy', 'stopped')),
            chunk_rows int NOT NULL DEFAULT 1500 CHECK (chunk_rows > 0));
        INSERT INTO \(schema).control (one) VALUES (true) ON CONFLICT DO NOTHING;
        CREATE TABLE IF NOT EXISTS \(schema).copy_range (
            n int PRIMARY KEY,
            upto uuid,
            last uuid,
            copied bigint NOT NULL DEFAULT 0,
            done boolean NOT NULL DEFAULT false);
        INSERT INTO \(schema).copy_range (n) VALUES (1) ON CONFLICT DO NOTHING;
        CREATE TABLE IF NOT EXISTS \(schema).frozen (
            id uuid PRIMARY KEY,
            digest bytea NOT NULL,
            whole bytea NOT NULL);
        CREATE TABLE IF NOT EXISTS \(schema).remembered (
            what text PRIMARY KEY,
            value jsonb NOT NULL,
            at timestamptz NOT NULL DEFAULT now());
        CREATE TABLE IF NOT EXISTS \(schema).dropped (
            table_oid oid PRIMARY KEY,
            digest bytea NOT NULL,
            rows bigint NOT NULL,
            at timestamptz NOT NULL DEFAULT now());
        """
    }

    /// Who writes: the account, and the role it has put on, which a trigger function of another owner would not see as its own.
    private static let role =
        "session_user::text || CASE current_setting('role') WHEN 'none' THEN '' ELSE '/' || current_setting('role') END"

    /// What goes with the capture even when the records of what happened stay.
    static let working = ["change_log", "marker", "relayed"]
}
