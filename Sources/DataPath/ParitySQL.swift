/// The two statements of a comparison; `$1` is NULL, or the ids to look at alone.
struct ParitySQL: Sendable {
    let layout: Layout
    let base: Parity.Base
    let limit: Int

    private var one: String {
        switch base {
        case .frozen: "SELECT f.id, f.digest, NULL::text[] AS fields FROM \(layout.schema).frozen f WHERE $1::uuid[] IS NULL OR f.id = ANY ($1)"
        case .v1:
            """
            SELECT m.id, \(layout.digest1("m", "w")) AS digest, \(fields(\.one)) AS fields
            FROM \(layout.v1) m LEFT JOIN \(layout.workspaces) w ON w.id = m.workspace_id
            WHERE NOT \(layout.projection.isProbe1("m")) AND ($1::uuid[] IS NULL OR m.id = ANY ($1))
            """
        }
    }

    private var two: String {
        """
        SELECT r.id, \(layout.digest2("r")) AS digest, \(fields(\.two)) AS fields
        FROM \(layout.v2) r
        WHERE \(layout.ours2("r")) AND ($1::uuid[] IS NULL OR r.id = ANY ($1))
        """
    }

    /// Digests field by field, only computed for rows that are listed: the planner drops the column where nobody reads it.
    private func fields(_ side: (ProjectedField) -> String) -> String {
        "ARRAY[\(layout.projection.fields("m", "w", "r").map(side).joined(separator: ", "))]"
    }

    private var namesOfDifferingFields: String {
        layout.projection.fields("m", "w", "r").enumerated().map { index, field in
            "CASE WHEN f1[\(index + 1)] IS DISTINCT FROM f2[\(index + 1)] THEN '\(field.name)' END"
        }.joined(separator: ", ")
    }

    var totals: String {
        """
        WITH one AS NOT MATERIALIZED (\(one)), two AS NOT MATERIALIZED (\(two))
        SELECT count(one.id) AS rows_v1, count(two.id) AS rows_v2, count(*) FILTER (WHERE one.digest = two.digest) AS equal,
            count(*) FILTER (WHERE one.digest IS DISTINCT FROM two.digest) AS unequal,
            \(Stores.rolled("one")) AS digest_v1, \(Stores.rolled("two")) AS digest_v2
        FROM one FULL JOIN two ON one.id = two.id
        """
    }

    var differences: String {
        """
        WITH one AS NOT MATERIALIZED (\(one)), two AS NOT MATERIALIZED (\(two)),
        unequal AS (
            SELECT coalesce(one.id, two.id) AS id, one.id IS NOT NULL AS in1, two.id IS NOT NULL AS in2, one.fields AS f1, two.fields AS f2
            FROM one FULL JOIN two ON one.id = two.id WHERE one.digest IS DISTINCT FROM two.digest),
        judged AS (
            SELECT u.*, CASE \(verdict)
                WHEN NOT in2 THEN 'missing' WHEN NOT in1 THEN 'extra' ELSE 'different' END AS verdict
            FROM unequal u
            LEFT JOIN \(layout.schema).placed p ON p.id = u.id
            LEFT JOIN \(layout.schema).exceptions x ON x.id = u.id AND x.closed IS NULL AND NOT x.carried
            LEFT JOIN LATERAL (
                SELECT count(*) > 0 AS some, coalesce(bool_or(side = 2), false) AS two,
                    coalesce(bool_or(side = 2 AND del), false) AS died
                FROM \(layout.schema).change_log c WHERE c.id = u.id) e ON true),
        ranked AS (
            SELECT id, verdict, f1, f2, count(*) OVER (PARTITION BY verdict) AS total,
                row_number() OVER (PARTITION BY verdict ORDER BY id) AS rank FROM judged)
        SELECT id, verdict, total, concat_ws(',', \(namesOfDifferingFields)) AS fields
        FROM ranked WHERE rank <= \(limit) ORDER BY verdict, id
        """
    }

    /// While both stores live, an unread entry explains a difference for the moment. After the freeze nobody reads v2's entries,
    /// and they are the account of what agents did.
    private var verdict: String {
        switch base {
        case .v1:
            """
            WHEN e.some THEN 'in-flight' WHEN p.state = 'conflict' THEN 'conflict' WHEN x.id IS NOT NULL THEN 'excepted'
            """
        case .frozen:
            """
            WHEN NOT in2 AND e.died THEN 'forgotten' WHEN in1 AND in2 AND e.two THEN 'edited' WHEN NOT in1 AND e.two THEN 'added'
            WHEN p.state = 'conflict' THEN 'conflict' WHEN x.id IS NOT NULL THEN 'excepted'
            """
        }
    }
}
