import Foundation

/// The plugin's SQL. Every call may be refused by the database, which is an internal error to the client.
struct PluginStore: Sendable {
    let lanes: LanePool<PostgresConnection>
    /// Of its own: health must answer while every other lane waits for a lock.
    private let pulse: LanePool<PostgresConnection>

    init(databaseURL: String, lanes: Int = 12) {
        self.lanes = LanePool(lanes: lanes, label: "lab.plugin.db") { PostgresConnection(url: databaseURL) }
        pulse = LanePool(lanes: 1, label: "lab.plugin.pulse") { PostgresConnection(url: databaseURL) }
    }

    func ping() async throws {
        _ = try await pulse.run { try $0.query("SELECT 1") }
    }

    private static let namespaceColumns = """
        name, kind, \(rfc3339("expires_at")) AS expires_at, metadata::text AS metadata, \(rfc3339("created_at")) AS created_at
        """

    /// A full replace: what is not given is cleared.
    func put(namespace: String, kind: String, expiresAt: String?, metadata: String?) async throws -> JSONValue {
        let rows = try await lanes.run {
            try $0.query(
                """
                INSERT INTO memory_plugin.memory_namespaces (name, kind, expires_at, metadata)
                VALUES ($1, $2, $3::timestamptz, $4::jsonb)
                ON CONFLICT (name) DO UPDATE SET kind = EXCLUDED.kind, expires_at = EXCLUDED.expires_at, metadata = EXCLUDED.metadata
                RETURNING \(Self.namespaceColumns)
                """, [namespace, kind, expiresAt, metadata ?? "null"])
        }
        return Self.namespace(rows.first)
    }

    /// Nil when there is no such namespace.
    func patch(namespace: String, expiresAt: String?, metadata: String?) async throws -> JSONValue? {
        let rows = try await lanes.run {
            try $0.query(
                """
                UPDATE memory_plugin.memory_namespaces
                SET expires_at = COALESCE($2::timestamptz, expires_at), metadata = COALESCE($3::jsonb, metadata)
                WHERE name = $1 RETURNING \(Self.namespaceColumns)
                """, [namespace, expiresAt, metadata])
        }
        return rows.isEmpty ? nil : Self.namespace(rows.first)
    }

    func delete(namespace: String) async throws -> Bool {
        let rows = try await lanes.run {
            try $0.query("DELETE FROM memory_plugin.memory_namespaces WHERE name = $1 RETURNING name", [namespace])
        }
        return !rows.isEmpty
    }

    func has(_ namespace: String) async throws -> Bool {
        try await lanes.run { try !$0.query("SELECT FROM memory_plugin.memory_namespaces WHERE name = $1", [namespace]).isEmpty }
    }

    func isUsed(_ namespace: String) async throws -> Bool {
        try await lanes.run { try !$0.query("SELECT FROM memory_plugin.memory_records WHERE namespace = $1 LIMIT 1", [namespace]).isEmpty }
    }

    /// Stores the memory and answers its id. An id that exists already is overwritten, wherever it lay; its creation time stays.
    func write(_ memory: MemoryWrite, into namespace: String) async throws -> String {
        let rows = try await lanes.run {
            try $0.query(
                """
                INSERT INTO memory_plugin.memory_records
                    (id, namespace, content, kind, source, expires_at, propagation, pin, embedding)
                VALUES (COALESCE($1::uuid, gen_random_uuid()), $2, $3, $4, $5, $6::timestamptz, $7::jsonb, $8::boolean, $9::vector)
                ON CONFLICT (id) DO UPDATE SET namespace = EXCLUDED.namespace, content = EXCLUDED.content,
                    kind = EXCLUDED.kind, source = EXCLUDED.source, expires_at = EXCLUDED.expires_at,
                    propagation = EXCLUDED.propagation, pin = EXCLUDED.pin, embedding = EXCLUDED.embedding
                RETURNING id
                """,
                [
                    memory.id, namespace, memory.content, memory.kind, memory.source, memory.expiresAt,
                    memory.propagation ?? "null", memory.pin ? "true" : "false", memory.embedding,
                ])
        }
        return rows.first?["id"] ?? ""
    }

    func delete(memory id: String, from namespace: String) async throws -> Bool {
        let rows = try await lanes.run {
            try $0.query(
                "DELETE FROM memory_plugin.memory_records WHERE id = $1::uuid AND namespace = $2 RETURNING id", [id, namespace])
        }
        return !rows.isEmpty
    }

    // MARK: - Non public

    static func rfc3339(_ column: String) -> String {
        "to_char(\(column) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
    }

    private static func namespace(_ row: Row?) -> JSONValue {
        guard let row else { return .null }
        var members: [JSONValue.Member] = [
            .init(name: "name", value: JSONValue(row["name"])), .init(name: "kind", value: JSONValue(row["kind"])),
        ]
        if let expires = row["expires_at"] { members.append(.init(name: "expires_at", value: .string(expires))) }
        if let metadata = row["metadata"], let value = try? JSONReader.read(metadata), value != .null {
            members.append(.init(name: "metadata", value: value))
        }
        members.append(.init(name: "created_at", value: JSONValue(row["created_at"])))
        return .object(members)
    }
}
