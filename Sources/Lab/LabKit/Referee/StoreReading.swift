/// Reads a whole store straight from its database, and the tree of workspaces from the tenant's, in one snapshot where both are one.
struct StoreReading {
    let memories: [StoredMemory]
    let tree: WorkspaceTree

    struct NoTable: Error, CustomStringConvertible {
        let description: String
    }

    /// - Parameters:
    ///   - plugins: the database with v2's tables, if it is another; its snapshot is then another as well.
    ///   - isShared: other tenants' memories lie there too; only those in namespaces of this one's workspaces are read.
    static func read(_ store: Store, _ connection: PostgresConnection, plugins: PostgresConnection? = nil, isShared: Bool = false) throws -> StoreReading {
        try connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        defer { try? connection.run("ROLLBACK") }
        var memories = try store == .v1 ? v1(connection) : v2(plugins ?? connection)
        let workspaces = try connection.query("SELECT id, parent_id FROM public.workspaces")
        let parents = Dictionary(workspaces.map { ($0["id"] ?? "", $0["parent_id"]) }) { first, _ in first }
        if isShared { memories.removeAll { !isOurs($0, parents) } }
        return StoreReading(memories: memories, tree: WorkspaceTree(parents: parents))
    }

    private static func isOurs(_ memory: StoredMemory, _ workspaces: [String: String?]) -> Bool {
        guard case .v2(let namespace) = memory.place, let workspace = namespace.split(separator: ":").last else { return true }
        return workspaces[String(workspace)] != nil
    }

    // MARK: - Non public

    private static let created = "(extract(epoch FROM created_at) * 1000000)::bigint AS created"
    private static let updated = "(extract(epoch FROM updated_at) * 1000000)::bigint AS updated"

    private static func v1(_ connection: PostgresConnection) throws -> [StoredMemory] {
        let table = "public.agent_memories"
        let embedding = try embeddingColumn(table, connection)
        return try connection.query("SELECT id, workspace_id, scope, namespace, content, \(created), \(updated), \(embedding) FROM \(table)").map {
            memory(
                $0,
                .v1(workspace: $0["workspace_id"], scope: $0["scope"].flatMap(Scope.init), label: $0["namespace"] ?? ""))
        }
    }

    private static func v2(_ connection: PostgresConnection) throws -> [StoredMemory] {
        let table = "memory_plugin.memory_records"
        let embedding = try embeddingColumn(table, connection)
        return try connection.query("SELECT id, namespace, content, \(created), \(embedding) FROM \(table)").map {
            memory($0, .v2(namespace: $0["namespace"] ?? ""))
        }
    }

    /// The column as text; NULL where the database never had it. Throws when there is no such table.
    private static func embeddingColumn(_ table: String, _ connection: PostgresConnection) throws -> String {
        let found = try connection.query(
            """
            SELECT to_regclass($1) IS NOT NULL AS present, EXISTS (
                SELECT FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = 'embedding' AND NOT attisdropped
            ) AS embedding
            """, [table])
        guard found.first?["present"] == "t" else { throw NoTable(description: "there is no table \(table)") }
        return found.first?["embedding"] == "t" ? "embedding::text AS embedding" : "NULL AS embedding"
    }

    private static func memory(_ row: Row, _ place: StoredMemory.Place) -> StoredMemory {
        StoredMemory(
            id: row["id"] ?? "", place: place, content: row["content"] ?? "", created: row["created"].flatMap { Int($0) },
            updated: row["updated"].flatMap { Int($0) },
            embedding: row["embedding"].map { Embedding.digest(Embedding.numbers($0)) })
    }
}
