import Foundation
import Postgres

/// A look at the next keys of a range of v1, with the last key remembered in the same transaction.
struct CopyChunk: Sendable {
    let look: Look
    let range: Int
    let rows: Int

    /// `finished`: the range has no further key.
    func carryOut(
        _ connection: PostgresConnection, failure: Look.Failure
    ) async throws -> (counts: LookCounts, rows: Int, finished: Bool) {
        let layout = look.sql.layout
        let mine = try await connection.prepared(
            "SELECT last, upto FROM \(layout.schema).copy_range WHERE n = $1 AND NOT done FOR NO KEY UPDATE SKIP LOCKED", [.int(range)])
        // Another writer is at the next keys, or has finished.
        guard let mine = mine.first else { return (LookCounts(), 0, false) }
        let fresh = FreshRows(sql: look.sql)
        let stretch = try await fresh.find(
            after: try mine.optionalUUID("last"), upto: try mine.optionalUUID("upto"), rows: rows, connection)
        var counts = LookCounts()
        let others: [UUID]
        if failure == .isThrown, look.variant == .lawful {
            (counts.written, others) = try await fresh.carry(stretch, connection)
            counts.looked = counts.written
        } else {
            others = try await fresh.keys(of: stretch, connection)
        }
        if !others.isEmpty {
            var look = look
            look.leavesPlainEdits = stretch.hasEntries
            let outcome = try await look.look(at: others, connection, failure: failure)
            if !outcome.busy.isEmpty {
                // A row somebody holds must not hold up the copy, and a key passed over does not come again: an entry brings it back.
                try await connection.query(
                    "INSERT INTO \(layout.schema).change_log (id, side, del) SELECT unnest($1::uuid[]), 1, false",
                    [.uuids(Array(outcome.busy))])
            }
            counts.add(outcome.counts)
        }
        let finished = stretch.keys < rows
        if finished { try await LookTransactions.wait(connection) }
        try await connection.prepared(
            "UPDATE \(layout.schema).copy_range SET last = coalesce($2::uuid, last), copied = copied + $3::int, done = $4::boolean WHERE n = $1",
            [.int(range), stretch.last.map { .uuid($0) }, .int(stretch.keys), .bool(finished)])
        return (counts, stretch.keys, finished)
    }
}

/// The naive copy: what was read in one transaction is inserted in a later one wherever v2 has no such id.
struct StaleChunk: Sendable {
    private var ids: [UUID] = []
    private var rows: [String] = []
    private var stepsUntilInsert = 0
    private var last: UUID?

    mutating func step(_ connection: PostgresConnection, _ layout: Layout, rows limit: Int) async throws -> Int {
        if rows.isEmpty {
            let read = try await connection.query(
                """
                SELECT m.id, jsonb_build_object('id', m.id, 'namespace', \(layout.schema).target(m.workspace_id, m.scope), 'content', m.content,
                    'kind', 'fact', 'source', 'agent', 'pin', false, 'created_at', \(MemoryProjection(layout: layout).createdAt("m"))) AS row
                FROM \(layout.v1) m WHERE $1::uuid IS NULL OR m.id > $1::uuid ORDER BY m.id LIMIT \(limit)
                """, [last.map { .uuid($0) }])
            rows = try read.map { try $0.string("row") }
            last = try read.last?.uuid("id")
            stepsUntilInsert = 3
            if rows.isEmpty {
                last = nil
                try await connection.query("UPDATE \(layout.schema).copy_range SET done = true")
            }
            return 0
        }
        stepsUntilInsert -= 1
        if stepsUntilInsert > 0 { return 0 }
        let columns = "id, namespace, content, kind, source, pin, created_at"
        let pending = rows
        rows = []
        try await connection.transaction { connection in
            try await Look.mark(connection, layout.settings)
            try await connection.query(
                """
                INSERT INTO \(layout.namespaces) (name, kind) SELECT DISTINCT j->>'namespace', split_part(j->>'namespace', ':', 1)
                FROM unnest($1::jsonb[]) j WHERE j->>'namespace' IS NOT NULL ORDER BY 1 ON CONFLICT DO NOTHING
                """, [.texts(pending)])
            try await connection.query(
                """
                INSERT INTO \(layout.v2) (\(columns)) SELECT \(columns) FROM unnest($1::jsonb[]) j,
                    jsonb_to_record(j) AS x(id uuid, namespace text, content text, kind text, source text, pin boolean, created_at timestamptz)
                WHERE x.namespace IS NOT NULL ON CONFLICT (id) DO NOTHING
                """, [.texts(pending)])
        }
        return pending.count
    }
}
