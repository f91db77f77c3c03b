/// The tables the data path keeps in schema `cutover`. Every statement may run again.
enum TablesSQL {
    static let create = """
        CREATE SCHEMA IF NOT EXISTS cutover;
        CREATE TABLE IF NOT EXISTS cutover.change_log (
            seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            id uuid NOT NULL,
            side smallint NOT NULL,
            del boolean NOT NULL,
            xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
            at timestamptz NOT NULL DEFAULT now());
        CREATE INDEX IF NOT EXISTS change_log_id ON cutover.change_log (id);
        CREATE TABLE IF NOT EXISTS cutover.marker (
            n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            what text NOT NULL CHECK (what IN ('truncate', 'subtree')),
            arg uuid,
            side smallint,
            at timestamptz NOT NULL DEFAULT now());
        CREATE TABLE IF NOT EXISTS cutover.placed (
            id uuid PRIMARY KEY,
            state text NOT NULL CHECK (state IN ('live', 'gone', 'conflict')),
            digest bytea,
            namespace text,
            looks bigint NOT NULL DEFAULT 0);
        CREATE TABLE IF NOT EXISTS cutover.conflicts (
            n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            id uuid NOT NULL,
            kind text NOT NULL CHECK (kind IN ('conflict', 'forget')),
            v1_row jsonb,
            v2_row jsonb,
            base bytea,
            at timestamptz NOT NULL DEFAULT now(),
            closed timestamptz);
        CREATE INDEX IF NOT EXISTS conflicts_open ON cutover.conflicts (id) WHERE closed IS NULL;
        CREATE TABLE IF NOT EXISTS cutover.exceptions (
            n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            id uuid NOT NULL,
            side smallint NOT NULL,
            reason text NOT NULL,
            detail text,
            first_seen timestamptz NOT NULL DEFAULT now(),
            at timestamptz NOT NULL DEFAULT now(),
            closed timestamptz);
        CREATE UNIQUE INDEX IF NOT EXISTS exceptions_open ON cutover.exceptions (id) WHERE closed IS NULL;
        CREATE TABLE IF NOT EXISTS cutover.v2_archive (
            n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            id uuid NOT NULL,
            row jsonb NOT NULL,
            why text NOT NULL,
            at timestamptz NOT NULL DEFAULT now(),
            restored timestamptz);
        CREATE INDEX IF NOT EXISTS v2_archive_id ON cutover.v2_archive (id) WHERE restored IS NULL;
        CREATE TABLE IF NOT EXISTS cutover.control (
            one boolean PRIMARY KEY DEFAULT true CHECK (one),
            fence bigint NOT NULL DEFAULT 0,
            mode text NOT NULL DEFAULT 'idle' CHECK (mode IN ('idle', 'sync', 'copy', 'stopped')),
            copy_last uuid,
            copy_done boolean NOT NULL DEFAULT false,
            copied bigint NOT NULL DEFAULT 0,
            chunk_rows int NOT NULL DEFAULT 200 CHECK (chunk_rows > 0));
        INSERT INTO cutover.control (one) VALUES (true) ON CONFLICT DO NOTHING;
        CREATE TABLE IF NOT EXISTS cutover.frozen (
            id uuid PRIMARY KEY,
            digest bytea NOT NULL,
            whole bytea NOT NULL);
        CREATE TABLE IF NOT EXISTS cutover.remembered (
            what text PRIMARY KEY,
            value jsonb NOT NULL,
            at timestamptz NOT NULL DEFAULT now());
        CREATE TABLE IF NOT EXISTS cutover.dropped (
            table_oid oid PRIMARY KEY,
            digest bytea NOT NULL,
            rows bigint NOT NULL,
            at timestamptz NOT NULL DEFAULT now());
        """

    /// What goes with the capture even when the records of what happened stay.
    static let working = ["change_log", "marker"]
}
