/// What workspaces did, for people to look up.
struct ActivityLog: Sendable {
    let lanes: LanePool<PostgresConnection>

    func note(_ workspace: String, _ type: String, _ summary: String) async throws {
        _ = try await lanes.run {
            try $0.query(
                "INSERT INTO activity_logs (workspace_id, activity_type, summary) VALUES ($1::uuid, $2, $3)",
                [workspace, type, summary])
        }
    }

    /// Newest first.
    func search(_ workspace: String, _ query: String, limit: Int) async throws -> [Found] {
        let rows = try await lanes.run {
            try $0.query(
                """
                SELECT id, summary, \(PluginStore.rfc3339("created_at")) AS created_at FROM activity_logs
                WHERE workspace_id = $1::uuid AND strpos(lower(summary), lower($2)) > 0
                ORDER BY activity_logs.created_at DESC LIMIT $3::int
                """, [workspace, query, String(limit)])
        }
        return rows.map { Found(source: "activity", id: $0["id"] ?? "", content: $0["summary"] ?? "", createdAt: $0["created_at"]) }
    }

    /// One line of a session search.
    struct Found: Sendable {
        let source: String
        let id: String
        let content: String
        let createdAt: String?

        var json: JSONValue {
            [
                "source": .string(source), "id": .string(id), "content": .string(content),
                "created_at": JSONValue(createdAt),
            ]
        }
    }
}
