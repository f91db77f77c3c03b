import Foundation
import Postgres

/// Rows as the copy meets nearly all of them: in v1 only, never looked at, with no entry in the log and nothing to be asked about.
///
/// Of such a row the three-way merge makes one thing, a new row in v2. So they are not planned one by one: one statement inserts those of
/// a stretch of keys, and one reads both sides again while it records what was agreed on. Every other id of the stretch is looked at as always.
struct FreshRows: Sendable {
    let sql: LookSQL
    private var layout: Layout { sql.layout }

    /// A stretch of v1's keys, from `first` to `last`.
    struct Stretch: Sendable {
        let keys: Int
        let first: UUID?
        let last: UUID?
        /// For each of the tables that may know an id already: it knows some of these.
        fileprivate let met: [Bool]

        /// The log has entries of some of its keys.
        var hasEntries: Bool { met[2] }
        fileprivate var bounds: [PostgresValue?] { [first.map { .uuid($0) }, last.map { .uuid($0) }] }
    }

    /// The next `rows` keys after `last`, up to `upto`.
    func find(after last: UUID?, upto: UUID?, rows: Int, _ connection: PostgresConnection) async throws -> Stretch {
        // Absent bounds are left out: a condition that allows for NULL would not be the index's.
        var bounds: [String] = []
        var values: [PostgresValue?] = [.int(rows)]
        for (sign, key) in [(">", last), ("<=", upto)] {
            guard let key else { continue }
            values.append(.uuid(key))
            bounds.append("m.id \(sign) $\(values.count)::uuid")
        }
        let keys = "SELECT m.id FROM \(layout.v1) m WHERE \(bounds.isEmpty ? "true" : bounds.joined(separator: " AND ")) ORDER BY m.id LIMIT $1"
        if await connection.partner != nil {
            try await connection.bring(try await connection.prepared(keys, values).map { try $0.uuid("id") })
        }
        let row = try await connection.prepared(
            """
            WITH keys AS MATERIALIZED (\(keys)), ends AS MATERIALIZED (
                SELECT (SELECT id FROM keys ORDER BY id LIMIT 1) AS first, (SELECT id FROM keys ORDER BY id DESC LIMIT 1) AS last)
            SELECT (SELECT count(*) FROM keys) AS keys, first, last, \(known.enumerated().map { number, known in
                "(SELECT true FROM \(known.table) k WHERE k.id BETWEEN (SELECT first FROM ends) AND (SELECT last FROM ends) AND \(known.open) LIMIT 1) IS NOT NULL AS met\(number)"
            }.joined(separator: ", "))
            FROM ends
            """, values)[0]
        return Stretch(
            keys: try row.int("keys"), first: try row.optionalUUID("first"), last: try row.optionalUUID("last"),
            met: try known.indices.map { try row.bool("met\($0)") })
    }

    /// Inserts the fresh rows of the stretch and records them.
    /// - Returns: how many they were, and the other keys.
    func carry(_ stretch: Stretch, _ connection: PostgresConnection) async throws -> (count: Int, others: [UUID]) {
        if stretch.keys == 0 { return (0, []) }
        let isFresh = isFresh(stretch)
        // Nearly always they are all there, and which rows are fresh need not be asked for that.
        if try await connection.prepared(anyNamespaceLacks, stretch.bounds)[0].bool("lacks") {
            try await connection.prepared(sql.makeNamespaces(of: "SELECT \(target) \(rows) WHERE \(isFresh)"), stretch.bounds)
        }
        let (count, others) = try await insert(stretch, isFresh, connection)
        if count > 0 {
            let agreed = try await connection.prepared(sql.agreeFresh, stretch.bounds + [.uuids(others)]).affected
            guard agreed == count else { throw DataPathError.readBackDiffers(ids: abs(count - agreed)) }
            try await (connection.partner as? SecondDatabase)?.ship(connection)
        }
        return (count, others)
    }

    /// Where v2 had nothing of the stretch, what it lacks now was not fresh, and no key need be spelled for that.
    private func insert(_ stretch: Stretch, _ isFresh: String, _ connection: PostgresConnection) async throws -> (count: Int, others: [UUID]) {
        let insert = layout.projection.insertFresh(where: isFresh)
        if !stretch.met[0] {
            let count = try await connection.prepared(insert, stretch.bounds).affected
            if count == stretch.keys { return (count, []) }
            let lacking = try await connection.prepared(
                """
                SELECT m.id FROM \(layout.v1) m WHERE m.id BETWEEN $1::uuid AND $2::uuid
                EXCEPT SELECT r.id FROM \(layout.v2) r WHERE r.id BETWEEN $1::uuid AND $2::uuid ORDER BY id
                """, stretch.bounds)
            return (count, try lacking.map { try $0.uuid("id") })
        }
        let inserted = try await connection.prepared(
            "WITH made AS (\(insert) RETURNING id) SELECT count(*) AS n, coalesce(array_agg(id), '{}') AS ids FROM made", stretch.bounds)[0]
        let count = try inserted.int("n")
        return (count, count == stretch.keys ? [] : try await keys(of: stretch, without: try inserted.string("ids"), connection))
    }

    /// All keys of the stretch but these, which the server spelled.
    func keys(of stretch: Stretch, without ids: String = "{}", _ connection: PostgresConnection) async throws -> [UUID] {
        try await connection.prepared(
            "SELECT m.id FROM \(layout.v1) m WHERE m.id BETWEEN $1::uuid AND $2::uuid EXCEPT SELECT unnest($3::uuid[]) ORDER BY id",
            stretch.bounds + [.text(ids)]
        ).map { try $0.uuid("id") }
    }

    // MARK: - Non public

    /// Where an id may be known already, and what of that still says something.
    private var known: [(table: String, open: String)] {
        let schema = layout.schema
        return [
            (layout.v2, "true"), ("\(schema).placed", "true"), ("\(schema).change_log", "true"), ("\(schema).exceptions", "k.closed IS NULL"),
            ("\(schema).v2_archive", "k.restored IS NULL"),
        ]
    }

    private var rows: String { "FROM \(layout.v1) m LEFT JOIN \(layout.workspaces) w ON w.id = m.workspace_id" }
    private var target: String { layout.target("m", "w") }

    /// Of v1 row `m` with workspace `w`. Row by row only those tables are asked that know something of the stretch. By subqueries, which no
    /// planner turns into a join: what it knows of these tables is from before they grew.
    private func isFresh(_ stretch: Stretch) -> String {
        let absent = zip(known, stretch.met).filter(\.1).map { known, _ in
            "(SELECT true FROM \(known.table) k WHERE k.id = m.id AND \(known.open) LIMIT 1) IS NULL"
        }
        return (["m.id BETWEEN $1::uuid AND $2::uuid", "\(target) IS NOT NULL", layout.projection.asksNothing("m")] + absent).joined(separator: " AND ")
    }

    private var anyNamespaceLacks: String {
        let placing = layout.projection.placing.map { "q.\($0)" }.joined(separator: ", ")
        return """
            SELECT EXISTS (SELECT FROM (SELECT DISTINCT \(placing) FROM \(layout.v1) q WHERE q.id BETWEEN $1::uuid AND $2::uuid) m
                LEFT JOIN \(layout.workspaces) w ON w.id = m.workspace_id
                WHERE \(target) IS NOT NULL AND NOT EXISTS (SELECT FROM \(layout.namespaces) n WHERE n.name = \(target))) AS lacks
            """
    }
}
