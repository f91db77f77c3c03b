public import Postgres

/// A few rows seen in both databases at one moment.
public enum DualReads {
    /// Ids of a few rows, chosen anew each time, whose text is not the same in both stores though nothing about them is under way.
    public static func differing(_ count: Int, _ connection: PostgresConnection, _ settings: DataPathSettings = DataPathSettings()) async throws -> [String] {
        let (settings, schema) = (settings.joined, settings.schema)
        return try await connection.transaction(.repeatableRead, readOnly: true) { connection in
            let ids = try await connection.query("SELECT id FROM \(settings.v1Memories.sql) ORDER BY random() LIMIT $1", [.int(count)]).map { try $0.uuid("id") }
            try await connection.bring(ids)
            return try await connection.query(
                """
                SELECT m.id::text AS id FROM \(settings.v1Memories.sql) m LEFT JOIN \(settings.v2Records.sql) r ON r.id = m.id
                WHERE m.id = ANY ($1::uuid[]) AND r.content IS DISTINCT FROM m.content
                    AND NOT EXISTS (SELECT FROM \(settings.log) l WHERE l.id = m.id)
                    AND NOT EXISTS (SELECT FROM \(schema).exceptions e WHERE e.id = m.id AND e.closed IS NULL)
                    AND NOT EXISTS (SELECT FROM \(schema).placed p WHERE p.id = m.id AND p.state = 'conflict') AND NOT EXISTS (SELECT FROM \(schema).marker)
                """, [.uuids(ids)]
            ).map { try $0.string("id") }
        }
    }
}
