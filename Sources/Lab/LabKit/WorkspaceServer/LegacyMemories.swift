/// All the SQL on `agent_memories`. The strict version never makes one.
struct LegacyMemories: Sendable {
    let lanes: LanePool<PostgresConnection>

    static let columns = """
        m.id, m.workspace_id, m.content, m.scope, m.namespace,
        \(PluginStore.rfc3339("m.created_at")) AS created_at, \(PluginStore.rfc3339("m.updated_at")) AS updated_at
        """

    func commit(_ content: String, workspace: String, scope: Scope, label: String) async throws -> String {
        let rows = try await lanes.run {
            try $0.query(
                """
                INSERT INTO agent_memories (workspace_id, content, scope, namespace)
                VALUES ($1::uuid, $2, $3, $4) RETURNING id
                """, [workspace, content, scope.rawValue, label])
        }
        return rows.first?["id"] ?? ""
    }

    /// Rows whose content holds the query in any letter case, newest first: the workspace's own, those of its team, or all global ones.
    func recall(_ chain: WorkspaceChain, scopes: [Scope], query: String, label: String?, limit: Int) async throws -> [Row] {
        let reach = scopes.map(reach(of:)).joined(separator: " OR ")
        return try await lanes.run {
            try $0.query(
                """
                SELECT \(Self.columns) FROM agent_memories m JOIN workspaces w ON w.id = m.workspace_id
                WHERE (\(reach)) AND $1::uuid IS NOT NULL AND $2::uuid IS NOT NULL AND m.content ILIKE $3 AND ($4::text IS NULL OR m.namespace = $4)
                ORDER BY m.created_at DESC NULLS LAST LIMIT $5::int
                """, [chain.own, chain.parent ?? chain.own, Self.pattern(query), label, String(limit)])
        }
    }

    /// The workspace's own rows, whatever their scope.
    func list(_ workspace: String, query: String, label: String?, limit: Int) async throws -> [Row] {
        try await lanes.run {
            try $0.query(
                """
                SELECT \(Self.columns) FROM agent_memories m
                WHERE m.workspace_id = $1::uuid AND m.content ILIKE $2 AND ($3::text IS NULL OR m.namespace = $3)
                ORDER BY m.created_at DESC NULLS LAST LIMIT $4::int
                """, [workspace, Self.pattern(query), label, String(limit)])
        }
    }

    func edit(_ id: String, workspace: String, content: String?, label: String?) async throws -> Bool {
        let rows = try await lanes.run {
            try $0.query(
                """
                UPDATE agent_memories SET content = COALESCE($3, content), namespace = COALESCE($4, namespace), updated_at = now()
                WHERE id = $1::uuid AND workspace_id = $2::uuid RETURNING id
                """, [id, workspace, content, label])
        }
        return !rows.isEmpty
    }

    func scope(of id: String, workspace: String) async throws -> Scope? {
        let rows = try await lanes.run {
            try $0.query(
                "SELECT scope FROM agent_memories WHERE id = $1::uuid AND workspace_id = $2::uuid", [id, workspace])
        }
        return rows.first?["scope"].flatMap(Scope.init(rawValue:))
    }

    func forget(_ id: String, workspace: String) async throws -> Bool {
        let rows = try await lanes.run {
            try $0.query(
                "DELETE FROM agent_memories WHERE id = $1::uuid AND workspace_id = $2::uuid RETURNING id", [id, workspace])
        }
        return !rows.isEmpty
    }

    func purge(_ workspace: String) async throws {
        _ = try await lanes.run { try $0.query("DELETE FROM agent_memories WHERE workspace_id = $1::uuid", [workspace]) }
    }

    /// Activity and v1 memories of a workspace in one answer, newest first.
    func sessionSearch(_ workspace: String, _ query: String, limit: Int) async throws -> [ActivityLog.Found] {
        let rows = try await lanes.run {
            try $0.query(
                """
                SELECT source, id, content, \(PluginStore.rfc3339("at")) AS created_at FROM (
                    SELECT 'activity' AS source, id, summary AS content, created_at AS at FROM activity_logs
                    WHERE workspace_id = $1::uuid
                    UNION ALL
                    SELECT 'memory', id, content, created_at FROM agent_memories WHERE workspace_id = $1::uuid
                ) AS found
                WHERE content ILIKE $2 ORDER BY at DESC NULLS LAST LIMIT $3::int
                """, [workspace, Self.pattern(query), String(limit)])
        }
        return rows.map {
            .init(source: $0["source"] ?? "", id: $0["id"] ?? "", content: $0["content"] ?? "", createdAt: $0["created_at"])
        }
    }

    // MARK: - Non public

    /// $1 is the workspace, $2 its parent or itself. Team rows of removed workspaces stay hidden.
    private func reach(of scope: Scope) -> String {
        switch scope {
        case .local: "m.scope = 'LOCAL' AND m.workspace_id = $1::uuid"
        case .team:
            "m.scope = 'TEAM' AND w.status <> 'removed' AND (w.id IN ($1::uuid, $2::uuid) OR w.parent_id = $2::uuid)"
        case .global: "m.scope = 'GLOBAL'"
        }
    }

    private static func pattern(_ query: String) -> String {
        "%" + query.replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_") + "%"
    }
}
