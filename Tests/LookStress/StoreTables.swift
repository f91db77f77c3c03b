/// The platform's tables, as its migrations leave them; embeddings have three numbers instead of 1536.
enum StoreTables {
    static let create = """
        CREATE EXTENSION IF NOT EXISTS vector;
        CREATE TYPE workspace_status AS ENUM ('provisioning', 'online', 'offline', 'degraded', 'failed', 'removed', 'paused',
            'hibernated', 'awaiting_agent', 'hibernating');
        CREATE TABLE workspaces (
            id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
            name text NOT NULL,
            parent_id uuid REFERENCES workspaces (id),
            status workspace_status NOT NULL DEFAULT 'provisioning',
            created_at timestamptz DEFAULT now(),
            updated_at timestamptz DEFAULT now());
        CREATE TABLE agent_memories (
            id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
            workspace_id uuid REFERENCES workspaces (id),
            content text NOT NULL,
            scope varchar(10) NOT NULL CHECK (scope IN ('LOCAL', 'TEAM', 'GLOBAL')),
            created_at timestamptz DEFAULT now(),
            updated_at timestamptz DEFAULT now(),
            namespace varchar(50) NOT NULL DEFAULT 'general',
            content_tsv tsvector GENERATED ALWAYS AS (to_tsvector('english', content)) STORED,
            embedding vector(3));
        CREATE INDEX idx_agent_memories_workspace ON agent_memories (workspace_id);
        CREATE INDEX idx_agent_memories_scope ON agent_memories (scope);
        CREATE INDEX idx_agent_memories_label ON agent_memories (workspace_id, namespace);
        CREATE INDEX idx_agent_memories_tsv ON agent_memories USING gin (content_tsv);
        COMMENT ON TABLE agent_memories IS 'memories, first kind';
        CREATE TABLE workspace_memory (
            id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
            workspace_id uuid NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
            key text NOT NULL,
            value jsonb NOT NULL,
            expires_at timestamptz,
            updated_at timestamptz NOT NULL DEFAULT now(),
            version bigint NOT NULL DEFAULT 1,
            UNIQUE (workspace_id, key));
        CREATE INDEX idx_workspace_memory_workspace ON workspace_memory (workspace_id);
        CREATE SCHEMA memory_plugin;
        CREATE TABLE memory_plugin.memory_namespaces (
            name text PRIMARY KEY,
            kind text NOT NULL CHECK (kind IN ('workspace', 'team', 'org', 'custom')),
            expires_at timestamptz,
            metadata jsonb,
            created_at timestamptz NOT NULL DEFAULT now());
        CREATE TABLE memory_plugin.memory_records (
            id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
            namespace text NOT NULL REFERENCES memory_plugin.memory_namespaces (name) ON DELETE CASCADE,
            content text NOT NULL,
            kind text NOT NULL CHECK (kind IN ('fact', 'summary', 'checkpoint')),
            source text NOT NULL CHECK (source IN ('agent', 'runtime', 'user')),
            expires_at timestamptz,
            propagation jsonb,
            pin boolean NOT NULL DEFAULT false,
            embedding vector(3),
            content_tsv tsvector GENERATED ALWAYS AS (to_tsvector('english', content)) STORED,
            created_at timestamptz NOT NULL DEFAULT now());
        CREATE INDEX memory_records_namespace ON memory_plugin.memory_records (namespace);
        CREATE INDEX memory_records_tsv ON memory_plugin.memory_records USING gin (content_tsv);
        """
}
