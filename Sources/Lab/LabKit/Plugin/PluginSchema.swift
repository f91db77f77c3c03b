/// The plugin's own tables.
enum PluginSchema {
    /// Made one boot at a time: two first boots at once would race for the same names.
    static let script = """
        BEGIN;
        SELECT pg_advisory_xact_lock(727001);
        CREATE SCHEMA IF NOT EXISTS memory_plugin;
        CREATE TABLE IF NOT EXISTS memory_plugin.memory_namespaces (
            name text PRIMARY KEY,
            kind text NOT NULL CHECK (kind IN ('workspace', 'team', 'org', 'custom')),
            expires_at timestamptz,
            metadata jsonb,
            created_at timestamptz NOT NULL DEFAULT now()
        );
        CREATE TABLE IF NOT EXISTS memory_plugin.memory_records (
            id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
            namespace text NOT NULL REFERENCES memory_plugin.memory_namespaces(name) ON DELETE CASCADE,
            content text NOT NULL,
            kind text NOT NULL CHECK (kind IN ('fact', 'summary', 'checkpoint')),
            source text NOT NULL CHECK (source IN ('agent', 'runtime', 'user')),
            expires_at timestamptz,
            propagation jsonb,
            pin boolean NOT NULL DEFAULT false,
            embedding vector(1536),
            content_tsv tsvector GENERATED ALWAYS AS (to_tsvector('english', content)) STORED,
            created_at timestamptz NOT NULL DEFAULT now()
        );
        CREATE INDEX IF NOT EXISTS memory_records_namespace_idx ON memory_plugin.memory_records (namespace);
        CREATE INDEX IF NOT EXISTS memory_records_tsv_idx ON memory_plugin.memory_records USING gin (content_tsv);
        CREATE INDEX IF NOT EXISTS memory_records_embedding_idx ON memory_plugin.memory_records
            USING ivfflat (embedding) WITH (lists = 100) WHERE embedding IS NOT NULL;
        CREATE INDEX IF NOT EXISTS memory_records_expires_idx ON memory_plugin.memory_records (expires_at)
            WHERE expires_at IS NOT NULL;
        COMMIT;
        """
}
