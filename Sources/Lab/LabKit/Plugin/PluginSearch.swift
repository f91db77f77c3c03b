extension PluginStore {
    /// The records found, best first; JSON null when there are none.
    func search(_ wanted: MemorySearch) async throws -> JSONValue {
        let statement = SearchStatement(wanted)
        let rows = try await lanes.run { try $0.query(statement.sql, statement.parameters) }
        return rows.isEmpty ? .null : .array(rows.map(Self.record))
    }

    private static func record(_ row: Row) -> JSONValue {
        var members: [JSONValue.Member] = ["id", "namespace", "content", "kind", "source"].map {
            .init(name: $0, value: JSONValue(row[$0]))
        }
        if let expires = row["expires_at"] { members.append(.init(name: "expires_at", value: .string(expires))) }
        if let text = row["propagation"], let value = try? JSONReader.read(text), value != .null {
            members.append(.init(name: "propagation", value: value))
        }
        if row["pin"] == "t" { members.append(.init(name: "pin", value: true)) }
        members.append(.init(name: "created_at", value: JSONValue(row["created_at"])))
        if let score = row["score"] { members.append(.init(name: "score", value: .number(score))) }
        return .object(members)
    }
}

/// The statement of a search: an embedding wins over a query, a query of two bytes over a single letter, that over none.
private struct SearchStatement: Sendable {
    let sql: String
    let parameters: [String?]

    init(_ wanted: MemorySearch) {
        var parameters: [String?] = [Self.list(wanted.namespaces), Self.list(wanted.kinds), String(wanted.limit)]
        var filter = ""
        var order = "pin DESC, created_at DESC"
        var score = "NULL::float8"
        if let embedding = wanted.embedding {
            parameters.append(embedding)
            filter = "AND embedding IS NOT NULL"
            order = "embedding <=> $4::vector"
            score = "1 - (embedding <=> $4::vector)"
        } else if wanted.query.utf8.count >= 2 {
            parameters.append(wanted.query)
            filter = "AND content_tsv @@ plainto_tsquery('english', $4)"
            score = "ts_rank(content_tsv, plainto_tsquery('english', $4))"
            order = "\(score) DESC, created_at DESC"
        } else if !wanted.query.isEmpty {
            parameters.append(wanted.query)
            filter = "AND strpos(lower(content), lower($4)) > 0"
        }
        sql = """
            SELECT id, namespace, content, kind, source, \(PluginStore.rfc3339("expires_at")) AS expires_at,
                propagation::text AS propagation, pin, \(PluginStore.rfc3339("created_at")) AS created_at, \(score) AS score
            FROM memory_plugin.memory_records
            WHERE namespace = ANY($1::text[]) AND (cardinality($2::text[]) = 0 OR kind = ANY($2::text[]))
                AND (expires_at IS NULL OR expires_at > now()) \(filter)
            ORDER BY \(order) LIMIT $3::int
            """
        self.parameters = parameters
    }

    /// An array literal. The texts are names and kinds already checked: none holds a quote, a comma or a backslash.
    private static func list(_ texts: [String]) -> String { "{\(texts.map { "\"\($0)\"" }.joined(separator: ","))}" }
}
