/// Writes a tenant's first rows into an empty database, all of them or none.
struct SeedLoader {
    let connection: PostgresConnection

    func load(_ tenant: SeededTenant) throws(PostgresError) {
        try connection.run("BEGIN")
        try connection.run("CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public")
        try connection.run(V1Schema.script)
        try connection.copy(
            "COPY workspaces (id, name, parent_id, status) FROM STDIN",
            tenant.workspaces.lazy.map { Self.line([$0.id, $0.name, $0.parent, $0.status]) })
        try connection.copy(
            "COPY agent_memories (id, workspace_id, content, scope, namespace, created_at, updated_at, embedding) FROM STDIN",
            tenant.memories.lazy.map(Self.line))
        try connection.run(Self.sideRows)
        try connection.run("COMMIT")
        try connection.run("ANALYZE")
    }

    // MARK: - Non public

    /// Key/value memory (one entry expired, one JSON null) and a little activity.
    private static let sideRows = """
        INSERT INTO workspace_memory (workspace_id, key, value, expires_at, version)
        SELECT w.id, k.key, k.value::jsonb, k.expires::timestamptz, k.version FROM workspaces w
        CROSS JOIN (VALUES ('mood', '"calm"', NULL, 3), ('checklist', '{"done": [1, 2], "open": []}', NULL, 1),
            ('lease', '42', '2026-01-02T00:00:00Z', 7), ('nothing', 'null', NULL, 1)) AS k(key, value, expires, version);
        INSERT INTO activity_logs (workspace_id, activity_type, summary)
        SELECT id, 'task', 'Workspace ' || name || ' finished a task' FROM workspaces;
        """

    private static func line(_ memory: SeededMemory) -> String {
        line([
            memory.id, memory.workspace, memory.content, memory.scope.rawValue, memory.label,
            memory.createdMicroseconds.map(Moment.text), memory.updatedMicroseconds.map(Moment.text),
            memory.embedding.map(Embedding.text),
        ])
    }

    /// One line of COPY's text format. By scalars: a backslash and the mark after it are one character to Swift, two to COPY.
    static func line(_ fields: [String?]) -> String {
        fields.map { field in
            guard let field else { return "\\N" }
            var out = String.UnicodeScalarView()
            for scalar in field.unicodeScalars {
                switch scalar {
                case "\\": out.append(contentsOf: "\\\\".unicodeScalars)
                case "\t": out.append(contentsOf: "\\t".unicodeScalars)
                case "\n": out.append(contentsOf: "\\n".unicodeScalars)
                case "\r": out.append(contentsOf: "\\r".unicodeScalars)
                default: out.append(scalar)
                }
            }
            return String(out)
        }.joined(separator: "\t")
    }
}
