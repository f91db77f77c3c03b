import Foundation
import Postgres

/// Edits as nearly all of them are: a row that both sides hold and agreed on was changed on one of them, stays in its namespace, and
/// there is nothing to be asked about it.
///
/// Of such an id the three-way merge makes one thing: the other side's row is overwritten. So they are not planned one by one. One
/// statement finds them, and their rows are locked, written, read back and recorded by set, as rows of a plan are, in the look's own
/// transaction. Every other id is looked at as always.
struct PlainEdits: Sendable {
    private let sql: LookSQL
    private let statements: PlainEditSQL
    private var layout: Layout { sql.layout }

    /// Edits of one way, found in the snapshot.
    struct Found: Sendable {
        /// The side to be overwritten.
        let side: Int
        let count: Int
        /// As the server spelled them.
        fileprivate let ids: String
    }

    /// Nil where every id has to be planned: by a look that does not judge by itself, of stores in two databases, of another projection.
    static func of(_ look: Look, _ connection: PostgresConnection) async -> PlainEdits? {
        guard look.leavesPlainEdits, look.variant == .lawful || look.variant == .editsWithoutQuestion, look.sql.forced == nil, let statements = look.sql.projection.plainEdits,
            await connection.partner == nil
        else { return nil }
        return PlainEdits(sql: look.sql, statements: statements)
    }

    /// The plain edits among the ids, and the other ids.
    func find(_ ids: [UUID], _ connection: PostgresConnection) async throws -> (edits: [Found], others: [UUID]) {
        let found = try await connection.prepared(find, [.uuids(ids)]).map {
            Found(side: try $0.int("side"), count: try $0.int("n"), ids: try $0.string("ids"))
        }
        if found.isEmpty { return ([], ids) }
        let others = found.reduce(0) { $0 + $1.count } == ids.count ? [] : Set(ids).subtracting(found.flatMap { Self.parse($0.ids) })
        return (found, Array(others))
    }

    /// Locks, consumes, writes, reads back and records. Answers the ids whose rows somebody holds, which are left alone.
    func carry(_ edits: Found, _ connection: PostgresConnection) async throws -> Set<UUID> {
        let free = try await connection.prepared(
            "SELECT count(*) AS n, coalesce(array_agg(id), '{}') AS ids FROM (\(sql.lock(edits.side))) free", [.text(edits.ids)])[0]
        let (count, ids) = (try free.int("n"), try free.string("ids"))
        if count > 0 {
            try await connection.prepared("DELETE FROM \(layout.schema).change_log WHERE id = ANY ($1::uuid[])", [.text(ids)])
            let write = edits.side == 1 ? statements.write1 : statements.write2
            let changed = try await connection.prepared(write, [.text(ids)]).affected
            guard changed == count else { throw DataPathError.unexpectedCount(planned: count, changed: changed) }
            let agreed = try await connection.prepared(sql.agreeAgain, [.text(ids)]).affected
            guard agreed == count else { throw DataPathError.readBackDiffers(ids: count - agreed) }
        }
        return count == edits.count ? [] : Set(Self.parse(edits.ids)).subtracting(Self.parse(ids))
    }

    // MARK: - Non public

    /// One row a way. The cheap questions come first: of an id that died somewhere no row is read. Without `OFFSET 0` all would be asked
    /// once for the condition and once for the answer.
    private var find: String {
        let projection = layout.projection
        let schema = layout.schema
        let asks = sql.variant == .lawful
        let stands1 = asks ? "\(projection.digest1("m", "w")) = p.digest" : "true"
        let stands2 = asks ? "\(projection.digest2("r")) = p.digest" : "true"
        let ofOneSide = asks ? "min(c.side) = max(c.side)" : "true"
        return """
            SELECT x.side, count(*) AS n, array_agg(x.id) AS ids FROM (
                SELECT e.id, CASE
                    WHEN p.state = 'live' AND r.namespace = \(projection.target("m", "w")) AND \(isClosed("exceptions"))
                        AND \(isClosed("conflicts")) AND NOT (\(projection.holdTheSame("m", "w", "r")))
                    THEN CASE
                        WHEN e.side = 1 AND \(stands2) AND \(projection.asksNothing("m")) THEN 2
                        WHEN e.side = 2 AND \(stands1) AND \(statements.asksNothing2) THEN 1 END
                    END AS side
                FROM (SELECT c.id, min(c.side) AS side FROM \(schema).change_log c WHERE c.id = ANY ($1::uuid[])
                    GROUP BY c.id HAVING NOT bool_or(c.del) AND \(ofOneSide)) e
                JOIN \(schema).placed p ON p.id = e.id
                JOIN \(layout.v1) m ON m.id = e.id
                LEFT JOIN \(layout.workspaces) w ON w.id = m.workspace_id
                JOIN \(layout.v2) r ON r.id = e.id
                OFFSET 0) x
            WHERE x.side IS NOT NULL GROUP BY x.side ORDER BY x.side
            """
    }

    /// No open record of the id.
    private func isClosed(_ table: String) -> String {
        "(NOT \(sql.anyOpen(table)) OR (SELECT true FROM \(layout.schema).\(table) x WHERE x.closed IS NULL AND x.id = e.id LIMIT 1) IS NULL)"
    }

    private static func parse(_ ids: String) -> [UUID] {
        ids.dropFirst().dropLast().split(separator: ",").compactMap { UUID(uuidString: String($0)) }
    }
}
