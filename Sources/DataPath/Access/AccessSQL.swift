import Postgres

/// The statements of an access diff. Memories are grouped by where both stores have them: who reads one of a group reads all of it.
struct AccessSQL: Sendable {
    private let layout: Layout
    private let direction: AccessDiff.Direction

    init(_ connection: PostgresConnection, _ settings: DataPathSettings, _ direction: AccessDiff.Direction) async throws {
        layout = direction == .forth ? try await Layout.complete(connection, settings) : try await Layout.introspect(connection, settings)
        self.direction = direction
    }

    var counts: String {
        """
        \(changes)
        SELECT p.scope, p.role, coalesce(sum(n) FILTER (WHERE before AND after), 0) AS kept,
            coalesce(sum(n) FILTER (WHERE after AND NOT before), 0) AS gained,
            coalesce(sum(n) FILTER (WHERE before AND NOT after), 0) AS lost
        FROM pairs p GROUP BY p.scope, p.role ORDER BY p.scope, p.role
        """
    }

    var examples: String {
        """
        \(changes)
        SELECT x.reader, m.id AS memory, x.scope, x.role, x.after AS gained
        FROM (SELECT DISTINCT ON (scope, role, after) * FROM pairs WHERE before <> after ORDER BY scope, role, after, reader LIMIT 40) x
        CROSS JOIN LATERAL (SELECT id FROM memories WHERE place = x.place ORDER BY id LIMIT 1) m
        ORDER BY gained, scope, role
        """
    }

    /// `$1` and `$2` the last reader and memory, or NULL; `$3` how many. Memories are joined for as few readers as give that many.
    var list: String {
        """
        \(changes),
        changed AS MATERIALIZED (SELECT * FROM pairs WHERE before <> after AND ($1::uuid IS NULL OR reader >= $1::uuid)),
        sums AS (SELECT reader, sum(n) AS own, sum(sum(n)) OVER (ORDER BY reader) - sum(n) AS earlier FROM changed GROUP BY reader)
        SELECT p.reader, m.id AS memory, p.scope, p.role, p.after AS gained
        FROM sums s JOIN changed p ON p.reader = s.reader JOIN memories m ON m.place = p.place
        WHERE s.earlier < $3::int + (SELECT own FROM sums ORDER BY reader LIMIT 1)
            AND ($1::uuid IS NULL OR (p.reader, m.id) > ($1::uuid, $2::uuid))
        ORDER BY p.reader, m.id LIMIT $3::int
        """
    }

    // MARK: - Non public

    /// `spots`: every workspace in its tree. `memories`: id and place. `pairs`: reader and place, readable before and after.
    private var changes: String {
        """
        WITH RECURSIVE chain AS (
            SELECT w.id AS start, w.id AS node, w.parent_id, 0 AS hops, ARRAY[w.id] AS path FROM \(layout.workspaces) w
            UNION ALL SELECT c.start, w.id, w.parent_id, c.hops + 1, c.path || w.id
            FROM chain c JOIN \(layout.workspaces) w ON w.id = c.parent_id WHERE c.hops < 50),
        tops AS (SELECT DISTINCT ON (start) start AS id, node AS root, path FROM chain ORDER BY start, hops DESC),
        spots AS MATERIALIZED (
            SELECT w.id, w.parent_id, coalesce(w.parent_id, w.id) AS team, t.root, t.path, w.status::text = 'removed' AS removed
            FROM \(layout.workspaces) w JOIN tops t ON t.id = w.id),
        memories AS (\(direction == .forth ? forth : back)),
        places AS MATERIALIZED (
            SELECT place, min(owner::text)::uuid AS owner, min(scope) AS scope, min(namespace) AS namespace, count(*) AS n,
                bool_and(in_v1) AS in_v1 FROM memories GROUP BY place),
        v1 AS (\(readInV1)),
        v2 AS (
            SELECT p.place, s.id AS reader FROM places p
            JOIN (SELECT id, unnest(ARRAY['workspace:' || id, 'team:' || team, 'org:' || root]) AS namespace FROM spots WHERE NOT removed) s
                ON s.namespace = p.namespace),
        seen AS (
            SELECT coalesce(a.place, b.place) AS place, coalesce(a.reader, b.reader) AS reader,
                \(direction == .forth ? "a" : "b").place IS NOT NULL AS before, \(direction == .forth ? "b" : "a").place IS NOT NULL AS after
            FROM v1 a FULL JOIN v2 b ON b.place = a.place AND b.reader = a.reader),
        pairs AS (
            SELECT s.place, s.reader, s.before, s.after, p.n, p.scope, \(role) AS role
            FROM seen s JOIN places p ON p.place = s.place JOIN spots r ON r.id = s.reader LEFT JOIN spots o ON o.id = p.owner)
        """
    }

    /// v1's doors: LOCAL to the owner, TEAM to itself, its siblings and children unless it was removed, GLOBAL to everyone.
    private var readInV1: String {
        """
        SELECT p.place, r.id AS reader FROM places p JOIN spots r ON r.id = p.owner
            WHERE p.in_v1 AND p.scope = 'LOCAL' AND NOT r.removed
        UNION ALL SELECT p.place, r.id FROM places p JOIN spots o ON o.id = p.owner AND NOT o.removed JOIN spots r ON r.team = o.id
            WHERE p.in_v1 AND p.scope = 'TEAM' AND NOT r.removed
        UNION ALL SELECT p.place, r.id FROM places p JOIN spots o ON o.id = p.owner AND NOT o.removed AND o.parent_id <> o.id
            JOIN spots r ON r.team = o.parent_id WHERE p.in_v1 AND p.scope = 'TEAM' AND NOT r.removed
        UNION ALL SELECT p.place, r.id FROM places p JOIN spots o ON o.id = p.owner CROSS JOIN spots r
            WHERE p.in_v1 AND p.scope = 'GLOBAL' AND NOT r.removed
        """
    }

    private var role: String {
        """
        CASE WHEN o.id IS NULL THEN 'no owner' WHEN r.id = o.id THEN 'self' WHEN r.id = o.parent_id THEN 'parent'
            WHEN r.parent_id = o.id THEN 'child' WHEN r.parent_id = o.parent_id THEN 'sibling'
            WHEN r.id = o.path[3] THEN 'grandparent' WHEN o.id = r.path[3] THEN 'grandchild'
            WHEN r.id = ANY (o.path) THEN 'ancestor' WHEN o.id = ANY (r.path) THEN 'descendant'
            WHEN r.root = o.root THEN 'relative' ELSE 'other root' END
        """
    }

    /// A place is spelled out of owner, scope and namespace, so that it can be joined and grouped as one value.
    private static let spelled = "concat_ws('|', coalesce(owner::text, '-'), scope, coalesce(namespace, '-'), in_v1::text)"

    private var forth: String {
        """
        SELECT id, owner, scope, namespace, true AS in_v1, \(Self.spelled) AS place FROM (
            SELECT m.id, m.workspace_id AS owner, m.scope::text AS scope, \(layout.target("m", "w")) AS namespace, true AS in_v1
            FROM \(layout.v1) m LEFT JOIN \(layout.workspaces) w ON w.id = m.workspace_id
            WHERE NOT \(layout.projection.isProbe1("m"))) x
        """
    }

    /// A row that v1 has keeps its owner and scope; the others go where the reverse mapping puts them. v2 hides what has expired,
    /// v1 does not, and takes in no expired row that it hasn't got.
    private var back: String {
        let old = layout.v1Exists ? layout.v1 : "(SELECT NULL::uuid AS id, NULL::uuid AS workspace_id, NULL::text AS scope)"
        return """
            SELECT id, owner, scope, namespace, in_v1, \(Self.spelled) AS place FROM (
                SELECT r.id, CASE WHEN m.id IS NOT NULL THEN m.workspace_id ELSE h.workspace_id END AS owner,
                    CASE WHEN m.id IS NOT NULL THEN m.scope WHEN h.scope IS NOT NULL THEN h.scope
                        ELSE CASE split_part(r.namespace, ':', 1) WHEN 'workspace' THEN 'LOCAL' WHEN 'team' THEN 'TEAM' WHEN 'org' THEN 'GLOBAL'
                            ELSE 'custom' END END AS scope,
                    CASE WHEN coalesce(r.expires_at <= now(), false) THEN NULL ELSE r.namespace END AS namespace,
                    m.id IS NOT NULL OR (h.scope IS NOT NULL AND NOT coalesce(r.expires_at <= now(), false)) AS in_v1
                FROM \(layout.v2) r LEFT JOIN \(old) m ON m.id = r.id
                LEFT JOIN homes h ON m.id IS NULL AND h.namespace = r.namespace AND h.facts = \(facts("r"))
                WHERE \(layout.ours2("r"))) x),
            homes AS MATERIALIZED (
                SELECT d.namespace, d.facts, v.workspace_id, v.scope
                FROM (SELECT DISTINCT r.namespace, \(facts("r")) AS facts, \(layout.schema).fact_owner(r.propagation) AS owner,
                        \(layout.schema).fact_scope(r.propagation) AS first_scope FROM \(layout.v2) r) d
                CROSS JOIN LATERAL \(layout.schema).reverse(d.namespace, d.owner, d.first_scope) v
            """
    }

    /// What the reverse mapping looks at beside the namespace, as one value.
    private func facts(_ row: String) -> String {
        "concat_ws('|', coalesce(\(layout.schema).fact_owner(\(row).propagation)::text, '-'), \(layout.schema).fact_scope(\(row).propagation))"
    }
}
