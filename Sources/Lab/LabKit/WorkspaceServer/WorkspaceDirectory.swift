/// Looks workspaces up.
struct WorkspaceDirectory: Sendable {
    let lanes: LanePool<PostgresConnection>

    /// Nil when there is no such workspace.
    func chain(of id: String) async throws -> WorkspaceChain? {
        let rows = try await lanes.run {
            try $0.query(
                """
                WITH RECURSIVE chain AS (
                    SELECT id, parent_id, 0 AS hops FROM workspaces WHERE id = $1::uuid
                    UNION ALL
                    SELECT w.id, w.parent_id, c.hops + 1 FROM chain c JOIN workspaces w ON w.id = c.parent_id
                    WHERE c.hops < \(WorkspaceChain.mostHops)
                )
                SELECT id FROM chain ORDER BY hops
                """, [id])
        }
        let ids = rows.compactMap { $0["id"] }
        return ids.first.map { WorkspaceChain(own: $0, ancestors: Array(ids.dropFirst())) }
    }

    func markRemoved(_ id: String) async throws {
        _ = try await lanes.run {
            try $0.query("UPDATE workspaces SET status = 'removed', updated_at = now() WHERE id = $1::uuid", [id])
        }
    }
}
