import Postgres

/// The same rows as the copy makes them, by one statement: no digests, no record of what was placed, nothing read back.
struct PlainCopy: Sendable {
    let url: String

    static let rows = """
        SELECT m.*, CASE m.scope WHEN 'LOCAL' THEN 'workspace:' || w.id WHEN 'TEAM' THEN 'team:' || coalesce(w.parent_id, w.id)
            ELSE CASE WHEN w.parent_id IS NULL THEN 'org:' || w.id END END AS name
        FROM agent_memories m JOIN workspaces w ON w.id = m.workspace_id
        WHERE (m.scope <> 'GLOBAL' OR w.parent_id IS NULL) AND m.content !~ '^[[:space:]\\u0085\\u00A0\\u1680\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000]*$'
        """

    private static let namespaces = """
        INSERT INTO memory_plugin.memory_namespaces (name, kind)
        SELECT DISTINCT t.name, split_part(t.name, ':', 1) FROM (\(rows)) t
        """

    private static let insert = """
        INSERT INTO memory_plugin.memory_records (id, namespace, content, kind, source, created_at, embedding, propagation)
        SELECT m.id, m.name, m.content, 'fact', 'agent', coalesce(m.created_at, 'epoch'), m.embedding,
            jsonb_strip_nulls(jsonb_build_object('cutover', jsonb_build_object('owner', m.workspace_id, 'scope', m.scope,
                'label', m.namespace, 'updated_micros', (extract(epoch FROM m.updated_at) * 1000000)::bigint::text)))
        FROM (\(rows)) m
        """

    func rowsPerSecond() async throws -> Double {
        let connection = try await PostgresConnection.connect(url, applicationName: "bench-plain")
        try await connection.execute(Self.namespaces)
        var rows = 0
        let time = try await seconds { rows = try await connection.query(Self.insert).affected }
        await connection.close()
        return Double(rows) / time
    }
}
