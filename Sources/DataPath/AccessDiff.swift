public import Foundation
public import Postgres

/// Who can read more, and who less, once v2 answers instead of v1. Counted in (reader, memory) pairs.
public struct AccessDiff: Sendable, Equatable, Codable {
    public struct Example: Sendable, Equatable, Codable {
        public let reader: UUID
        public let memory: UUID
        public let scope: String
        /// True: v2 shows it and v1 did not.
        public let gained: Bool
    }

    /// Pairs by v1 scope.
    public let gained: [String: Int]
    public let lost: [String: Int]
    /// At most 20.
    public let examples: [Example]

    /// Readers are the workspaces that are not removed. Memories are v1's; one without a namespace is lost to all who read it.
    public static func between(
        _ connection: PostgresConnection, _ settings: DataPathSettings = DataPathSettings()
    ) async throws -> AccessDiff {
        let layout = try await Layout.complete(connection, settings)
        let sql = AccessSQL(layout: layout)
        return try await connection.transaction(.repeatableRead, readOnly: true) { connection in
            var gained: [String: Int] = [:]
            var lost: [String: Int] = [:]
            for row in try await connection.query(sql.counts) {
                let scope = try row.string("scope")
                gained[scope] = try row.int("gained")
                lost[scope] = try row.int("lost")
            }
            let examples = try await connection.query(sql.examples).map { row in
                Example(
                    reader: try row.uuid("reader"), memory: try row.uuid("memory"), scope: try row.string("scope"),
                    gained: try row.bool("gained"))
            }
            return AccessDiff(gained: gained, lost: lost, examples: examples)
        }
    }
}

/// Memories are grouped by owner and scope first: everyone who reads one of a group reads all of it.
private struct AccessSQL {
    let layout: Layout

    private var pairs: String {
        """
        WITH RECURSIVE chain AS (
            SELECT w.id AS start, w.id AS node, w.parent_id, 0 AS hops FROM \(layout.workspaces) w
            UNION ALL SELECT c.start, p.id, p.parent_id, c.hops + 1 FROM chain c JOIN \(layout.workspaces) p ON p.id = c.parent_id
            WHERE c.hops < 50),
        roots AS (SELECT DISTINCT ON (start) start AS id, node AS root FROM chain ORDER BY start, hops DESC),
        readers AS (
            SELECT w.id, w.parent_id, ARRAY['workspace:' || w.id, 'team:' || coalesce(w.parent_id, w.id), 'org:' || o.root] AS readable
            FROM \(layout.workspaces) w JOIN roots o ON o.id = w.id WHERE w.status::text <> 'removed'),
        owned AS (
            SELECT m.workspace_id, m.scope, w.parent_id, w.status::text = 'removed' AS removed, \(layout.target("m", "w")) AS target, count(*) AS n
            FROM \(layout.v1) m LEFT JOIN \(layout.workspaces) w ON w.id = m.workspace_id
            WHERE m.content NOT LIKE '\(probePattern)' GROUP BY 1, 2, 3, 4, 5),
        pairs AS (
            SELECT r.id AS reader, o.workspace_id, o.scope, o.n, coalesce(CASE o.scope
                WHEN 'LOCAL' THEN o.workspace_id = r.id
                WHEN 'TEAM' THEN NOT o.removed AND CASE WHEN r.parent_id IS NULL THEN o.workspace_id = r.id
                    ELSE o.parent_id = r.parent_id OR o.workspace_id = r.parent_id END
                ELSE true END, false) AS before, coalesce(o.target = ANY (r.readable), false) AS after
            FROM readers r CROSS JOIN owned o)
        """
    }

    var counts: String {
        """
        \(pairs)
        SELECT scope, coalesce(sum(n) FILTER (WHERE after AND NOT before), 0) AS gained,
            coalesce(sum(n) FILTER (WHERE before AND NOT after), 0) AS lost
        FROM pairs GROUP BY scope ORDER BY scope
        """
    }

    var examples: String {
        """
        \(pairs)
        SELECT p.reader, m.id AS memory, p.scope, p.after AS gained
        FROM (SELECT * FROM pairs WHERE before <> after ORDER BY after DESC, scope, reader LIMIT 20) p
        CROSS JOIN LATERAL (SELECT m.id FROM \(layout.v1) m WHERE m.workspace_id IS NOT DISTINCT FROM p.workspace_id
            AND m.scope = p.scope AND m.content NOT LIKE '\(probePattern)' ORDER BY m.id LIMIT 1) m
        """
    }
}
