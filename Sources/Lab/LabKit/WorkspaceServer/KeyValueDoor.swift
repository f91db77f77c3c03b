/// A workspace's key/value memory; untouched by the migration of memories.
struct KeyValueDoor: Sendable {
    let lanes: LanePool<PostgresConnection>

    func answer(_ visit: WorkspaceVisit) async throws -> Answer {
        switch (visit.asked.method, visit.rest.count) {
        case ("GET", 1): return try await list(visit)
        case ("GET", 2): return try await read(visit, key: visit.rest[1])
        case ("POST", 1): return try await write(visit)
        case ("DELETE", 2): return try await delete(visit, key: visit.rest[1])
        default: throw DoorProblem.noSuchRoute
        }
    }

    // MARK: - Non public

    private static let columns = """
        key, value::text AS value, version, \(PluginStore.rfc3339("expires_at")) AS expires_at,
        \(PluginStore.rfc3339("updated_at")) AS updated_at
        """
    private static let alive = "workspace_id = $1::uuid AND (expires_at IS NULL OR expires_at > now())"

    private func list(_ visit: WorkspaceVisit) async throws -> Answer {
        let rows = try await lanes.run {
            try $0.query("SELECT \(Self.columns) FROM workspace_memory WHERE \(Self.alive) ORDER BY key", [visit.workspace])
        }
        return .json(200, .array(rows.map(Self.entry)))
    }

    private func read(_ visit: WorkspaceVisit, key: String) async throws -> Answer {
        let rows = try await lanes.run {
            try $0.query(
                "SELECT \(Self.columns) FROM workspace_memory WHERE \(Self.alive) AND key = $2", [visit.workspace, key])
        }
        guard let row = rows.first else { throw DoorProblem.status(404, "key not found") }
        return .json(200, Self.entry(row))
    }

    /// With a version to match (header `If-Match` or field `if_match_version`), writes only over exactly that version; 0 means none yet.
    private func write(_ visit: WorkspaceVisit) async throws -> Answer {
        let body = try visit.bodyObject()
        guard let key = body["key"]?.string, !key.isEmpty else { throw DoorProblem.status(400, "key is required") }
        let value = (body["value"] ?? .null).text
        let expires = body["expires_at"]?.string
        let wanted = body["if_match_version"]?.integer ?? visit.asked.ifMatch.flatMap { Int($0.filter(\.isNumber)) }
        let guarding = wanted.map(String.init)
        let rows = try await lanes.run {
            try $0.query(
                """
                INSERT INTO workspace_memory AS m (workspace_id, key, value, expires_at)
                SELECT $1::uuid, $2, $3::jsonb, $4::timestamptz
                WHERE $5::bigint IS NULL OR $5::bigint = 0
                    OR EXISTS (SELECT FROM workspace_memory WHERE workspace_id = $1::uuid AND key = $2)
                ON CONFLICT (workspace_id, key) DO UPDATE
                SET value = EXCLUDED.value, expires_at = EXCLUDED.expires_at, updated_at = now(), version = m.version + 1
                WHERE $5::bigint IS NULL OR m.version = $5::bigint
                RETURNING version
                """, [visit.workspace, key, value, expires, guarding])
        }
        guard let version = rows.first?["version"] else { throw DoorProblem.status(409, "version does not match") }
        return .json(200, ["key": .string(key), "version": .number(version)])
    }

    private func delete(_ visit: WorkspaceVisit, key: String) async throws -> Answer {
        let rows = try await lanes.run {
            try $0.query(
                "DELETE FROM workspace_memory WHERE workspace_id = $1::uuid AND key = $2 RETURNING id", [visit.workspace, key])
        }
        guard !rows.isEmpty else { throw DoorProblem.status(404, "key not found") }
        return .json(200, ["key": .string(key), "status": "deleted"])
    }

    private static func entry(_ row: Row) -> JSONValue {
        [
            "key": JSONValue(row["key"]), "value": row["value"].flatMap { try? JSONReader.read($0) } ?? .null,
            "version": .number(row["version"] ?? "1"), "expires_at": JSONValue(row["expires_at"]),
            "updated_at": JSONValue(row["updated_at"]),
        ]
    }
}
