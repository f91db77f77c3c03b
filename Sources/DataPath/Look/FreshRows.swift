import Foundation
import Postgres

/// Rows as the copy meets nearly all of them: in v1 only, never looked at, with no entry in the log and nothing to be asked about.
///
/// Of such a row the three-way merge makes one thing, a new row in v2. So they are not planned one by one: three statements find them,
/// insert them, and read both sides again while they record what was agreed on. Every other id of the chunk is looked at as always.
struct FreshRows: Sendable {
    let layout: Layout

    /// Ids as the server spells arrays: they go back to it as they came.
    struct Found: Sendable {
        /// All keys of the chunk, those that are not fresh included.
        let keys: Int
        let last: UUID?
        let count: Int
        let ids: String
        let targets: String
        let others: [UUID]

        /// Every key of the chunk, to be looked at one by one.
        var all: [UUID] { FreshRows.uuids(ids) + others }
    }

    private static func uuids(_ array: String) -> [UUID] {
        array.dropFirst().dropLast().split(separator: ",").compactMap { UUID(uuidString: String($0)) }
    }

    /// The next `rows` keys after `last`, up to `upto`.
    func find(after last: UUID?, upto: UUID?, rows: Int, _ connection: PostgresConnection) async throws -> Found {
        // Absent bounds are left out: a condition that allows for NULL would not be the index's.
        var bounds: [String] = []
        var values: [PostgresValue?] = [.int(rows)]
        for (sign, key) in [(">", last), ("<=", upto)] {
            guard let key else { continue }
            values.append(.uuid(key))
            bounds.append("m.id \(sign) $\(values.count)::uuid")
        }
        if await connection.partner != nil {
            let keys = "SELECT m.id FROM \(layout.v1) m WHERE \(bounds.isEmpty ? "true" : bounds.joined(separator: " AND ")) ORDER BY m.id LIMIT $1"
            try await connection.bring(try await connection.prepared(keys, values).map { try $0.uuid("id") })
        }
        let row = try await connection.prepared(find(bounds.isEmpty ? "true" : bounds.joined(separator: " AND ")), values)[0]
        return Found(
            keys: try row.int("keys"), last: try row.optionalUUID("last"), count: try row.int("fresh"), ids: try row.string("ids"),
            targets: try row.string("targets"), others: Self.uuids(try row.string("others")))
    }

    /// Throws `.unexpectedCount`, `.readBackDiffers`.
    func carry(_ found: Found, _ sql: LookSQL, _ connection: PostgresConnection) async throws {
        if found.count == 0 { return }
        let (ids, targets) = (PostgresValue.text(found.ids), PostgresValue.text(found.targets))
        try await connection.prepared(sql.makeNamespaces, [targets])
        let inserted = try await connection.prepared(layout.projection.insertFresh, [ids, targets]).affected
        guard inserted == found.count else { throw DataPathError.unexpectedCount(planned: found.count, changed: inserted) }
        let agreed = try await connection.prepared(sql.agree, [ids, nil, nil]).affected
        guard agreed == found.count else { throw DataPathError.readBackDiffers(ids: found.count - agreed) }
        try await (connection.partner as? SecondDatabase)?.ship(connection)
    }

    // MARK: - Non public

    /// Most chunks are of keys that none of the other tables has anything near: that is asked once for each table, and row by row only
    /// where it has. By subqueries, which no planner turns into a join: what it knows of these tables is from before they grew. `OFFSET 0`
    /// keeps it from asking all this again for each of the aggregates.
    private func find(_ bounds: String) -> String {
        let (schema, projection) = (layout.schema, layout.projection)
        let known = [
            (layout.v2, "true"), ("\(schema).placed", "true"), ("\(schema).change_log", "true"), ("\(schema).exceptions", "k.closed IS NULL"),
            ("\(schema).v2_archive", "k.restored IS NULL"),
        ]
        let absent = known.map { table, open in
            """
            ((SELECT true FROM \(table) k WHERE k.id BETWEEN (SELECT first FROM ends) AND (SELECT last FROM ends) AND \(open) LIMIT 1) IS NULL
                        OR (SELECT true FROM \(table) k WHERE k.id = c.id AND \(open) LIMIT 1) IS NULL)
            """
        }
        return """
            WITH chunk AS MATERIALIZED (
                SELECT m.id, m.target, \(projection.asksNothing("m")) AS plain
                FROM (
                    SELECT m.*, \(layout.target("m", "w")) AS target
                    FROM (SELECT m.* FROM \(layout.v1) m WHERE \(bounds) ORDER BY m.id LIMIT $1) m
                    LEFT JOIN \(layout.workspaces) w ON w.id = m.workspace_id OFFSET 0) m),
            ends AS MATERIALIZED (
                SELECT (SELECT id FROM chunk ORDER BY id LIMIT 1) AS first, (SELECT id FROM chunk ORDER BY id DESC LIMIT 1) AS last)
            SELECT count(*) AS keys, count(*) FILTER (WHERE fresh) AS fresh, (SELECT last FROM ends) AS last,
                coalesce(array_agg(id ORDER BY id) FILTER (WHERE fresh), '{}') AS ids,
                coalesce(array_agg(target ORDER BY id) FILTER (WHERE fresh), '{}') AS targets,
                coalesce(array_agg(id ORDER BY id) FILTER (WHERE NOT fresh), '{}') AS others
            FROM (
                SELECT c.id, c.target, c.target IS NOT NULL AND c.plain
                    AND \(absent.joined(separator: " AND ")) AS fresh
                FROM chunk c OFFSET 0) x
            """
    }
}
