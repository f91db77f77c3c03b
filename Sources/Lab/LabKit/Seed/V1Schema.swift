/// The platform's tables as they are before v1 is dropped.
enum V1Schema {
    static let script = """
        CREATE TYPE workspace_status AS ENUM ('provisioning', 'online', 'offline', 'degraded', 'failed', 'removed', 'paused',
            'hibernated', 'awaiting_agent', 'hibernating');
        CREATE TABLE workspaces (
            id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
            name text NOT NULL,
            parent_id uuid REFERENCES workspaces(id),
            status workspace_status NOT NULL DEFAULT 'provisioning',
            created_at timestamptz DEFAULT now(),
            updated_at timestamptz DEFAULT now()
        );
        CREATE UNIQUE INDEX workspaces_parent_name_idx
            ON workspaces (COALESCE(parent_id, '00000000-0000-0000-0000-000000000000'::uuid), name) WHERE status <> 'removed';
        CREATE TABLE agent_memories (
            id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
            workspace_id uuid REFERENCES workspaces(id),
            content text NOT NULL,
            scope varchar(10) NOT NULL CHECK (scope IN ('LOCAL', 'TEAM', 'GLOBAL')),
            created_at timestamptz DEFAULT now(),
            updated_at timestamptz DEFAULT now(),
            namespace varchar(50) NOT NULL DEFAULT 'general',
            content_tsv tsvector GENERATED ALWAYS AS (to_tsvector('english', content)) STORED,
            embedding vector(1536)
        );
        CREATE INDEX idx_agent_memories_workspace ON agent_memories (workspace_id);
        CREATE INDEX idx_agent_memories_scope ON agent_memories (scope);
        CREATE INDEX idx_agent_memories_namespace ON agent_memories (workspace_id, namespace);
        CREATE INDEX idx_agent_memories_fts ON agent_memories USING gin (content_tsv);
        CREATE INDEX idx_agent_memories_embedding ON agent_memories
            USING ivfflat (embedding vector_cosine_ops) WITH (lists = 100) WHERE embedding IS NOT NULL;
        CREATE TABLE workspace_memory (
            id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
            workspace_id uuid NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE,
            key text NOT NULL,
            value jsonb NOT NULL,
            expires_at timestamptz,
            updated_at timestamptz NOT NULL DEFAULT now(),
            version bigint NOT NULL DEFAULT 1,
            UNIQUE (workspace_id, key)
        );
        CREATE INDEX idx_workspace_memory_workspace ON workspace_memory (workspace_id);
        CREATE TABLE activity_logs (
            id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
            workspace_id uuid REFERENCES workspaces(id) ON DELETE CASCADE,
            activity_type text NOT NULL,
            summary text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now()
        );
        CREATE INDEX idx_activity_logs_workspace ON activity_logs (workspace_id, created_at);
        """
}
