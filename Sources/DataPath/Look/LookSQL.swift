/// The statements of one look, for a list of ids in `$1`.
struct LookSQL: Sendable {
    let layout: Layout
    var projection: any Projection { layout.projection }
    let variant: LookVariant
    var forced: LookAction?
    var twinsPass = false

    /// Joins v1 row `m`, its workspace `w`, v2 row `r` and the agreed state `p` to the ids `i`.
    private var joined: String {
        """
        FROM (SELECT DISTINCT unnest($1::uuid[]) AS id) i
        LEFT JOIN \(layout.v1) m ON m.id = i.id
        LEFT JOIN \(layout.workspaces) w ON w.id = m.workspace_id
        LEFT JOIN \(layout.v2) r ON r.id = i.id
        LEFT JOIN \(layout.schema).placed p ON p.id = i.id\(variant == .noPlaced ? " AND false" : "")
        """
    }

    /// One row an id: what to do with it, and what that needs.
    var plan: String {
        // What died on a side before we inserted there was another row. Entries of a plugin's own database bear its number, negative.
        let death = variant == .logWithoutDel ? "false" : "c.del AND (p.since IS NULL OR p.side <> c.side OR abs(c.seq) > p.since)"
        return """
            WITH seen AS MATERIALIZED (
                SELECT i.id, \(layout.digest1("m", "w")) AS a, \(layout.digest2("r")) AS b,
                    p.id IS NOT NULL AS known, p.state, p.digest AS agreed, p.namespace AS agreed_namespace,
                    coalesce(p.state IN ('live', 'conflict'), false) AS l,
                    coalesce(e.died1, false) AS died1, coalesce(e.died2, false) AS died2, e.seqs,
                    CASE WHEN m.id IS NOT NULL THEN \(layout.target("m", "w")) END AS target,
                    m.workspace_id, r.namespace, r.propagation, \(projection.isProbe1("m")) AS probe1, \(projection.isProbe2("r")) AS probe2,
                    \(projection.lookColumns)
                \(joined)
                LEFT JOIN LATERAL (
                    SELECT bool_or(c.side = 1 AND \(death)) AS died1, bool_or(c.side = 2 AND \(death)) AS died2,
                           array_agg(seq) AS seqs
                    FROM \(layout.schema).change_log c WHERE c.id = i.id) e ON true),
            judged AS (
                SELECT s.*, d.da, d.db, \(forced.map { "'\($0.rawValue)'" } ?? merge) AS action
                FROM seen s CROSS JOIN LATERAL (
                    SELECT s.l AND (s.a IS NULL OR s.died1) AS da, s.l AND (s.b IS NULL OR s.died2) AS db) d)
            SELECT j.id, j.action, j.a, j.b, j.known, j.state, j.agreed, j.agreed_namespace, j.seqs, j.namespace AS namespace2,
                j.target, coalesce(o.workspace_id, CASE WHEN o.keep THEN j.workspace_id END) AS owner,
                coalesce(o.scope, j.scope) AS scope,
                CASE WHEN j.action IN ('del2', 'upd2') AND j.da
                         THEN j.b IS NOT NULL AND (j.state = 'conflict' OR j.b IS DISTINCT FROM j.agreed)
                     WHEN j.action IN ('del1', 'upd1') AND j.db
                         THEN j.a IS NOT NULL AND (j.state = 'conflict' OR j.a IS DISTINCT FROM j.agreed)
                     ELSE false END AS keep_other,
                \(projection.reason) AS reason,
                CASE WHEN j.action = 'upd2' THEN j.da AND \(projection.mayDelete2) WHEN j.action = 'upd1' THEN j.db ELSE false END AS old_life_ended,
                coalesce(CASE WHEN j.action IN ('ins1', 'upd1') THEN j.probe2 ELSE j.probe1 END, false) AS probe, f.kind AS credential,
                t.id AS twin, \(projection.came)::text AS came
            FROM judged j LEFT JOIN LATERAL (
                SELECT j.target IS NOT DISTINCT FROM j.namespace AS keep, x.workspace_id, x.scope
                FROM (SELECT) one LEFT JOIN LATERAL (
                    SELECT v.workspace_id, v.scope FROM \(projection.reverse) v WHERE j.target IS DISTINCT FROM j.namespace) x ON true
                WHERE j.action IN ('ins1', 'upd1')) o ON true
            LEFT JOIN LATERAL (\(projection.credential) OFFSET 0) f ON f.rule IS DISTINCT FROM 'pass'
            LEFT JOIN LATERAL (\(projection.twin)) t ON \(!twinsPass)
            ORDER BY j.id
            """
    }

    /// The three-way merge of one id.
    private var merge: String {
        """
        CASE
            WHEN s.a IS NOT DISTINCT FROM s.b THEN 'same'
            WHEN NOT s.l OR (d.da AND d.db) THEN
                CASE WHEN s.a IS NULL THEN 'ins1' WHEN s.b IS NULL THEN 'ins2' ELSE 'conflict' END
            WHEN d.da THEN CASE WHEN s.a IS NULL THEN 'del2' ELSE 'upd2' END
            WHEN d.db THEN CASE WHEN s.b IS NULL THEN 'del1' ELSE 'upd1' END
            WHEN s.state = 'conflict' THEN 'conflict'
            WHEN s.b = s.agreed THEN 'upd2'
            WHEN s.a = s.agreed THEN 'upd1'
            ELSE 'conflict' END
        """
    }

    func lock(_ side: Int) -> String {
        "SELECT id FROM \(side == 1 ? layout.v1 : layout.v2) WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE SKIP LOCKED"
    }

    /// Reads both sides of ids again that were just made the same, and records that: one row changed for each id of which it is true.
    /// `$2` when agents made them, `$3` sides inserted into; without sides, v2.
    ///
    /// The digest is made of the row read again in v2; it stands for both sides where the row read again in v1 holds the same.
    var agree: String {
        """
        INSERT INTO \(layout.schema).placed AS p (id, state, digest, namespace, came, looks, side, since)
        SELECT r.id, 'live', \(layout.digest2("r")), r.namespace, u.came, 1, coalesce(u.side, 2), \(now)
        FROM unnest($1::uuid[], $2::timestamptz[], $3::smallint[]) u(id, came, side)
        JOIN \(layout.v2) r ON r.id = u.id JOIN \(layout.v1) m ON m.id = u.id
        LEFT JOIN \(layout.workspaces) w ON w.id = m.workspace_id
        WHERE \(projection.holdTheSame("m", "w", "r"))
        \(replace)
        """
    }

    /// As `agree`, of rows that no look has met before: v2's from `$1` to `$2` but for the ids of `$3`.
    var agreeFresh: String {
        """
        INSERT INTO \(layout.schema).placed (id, state, digest, namespace, looks, side, since)
        SELECT r.id, 'live', \(layout.digest2("r")), r.namespace, 1, 2, \(now)
        FROM \(layout.v2) r JOIN \(layout.v1) m ON m.id = r.id LEFT JOIN \(layout.workspaces) w ON w.id = m.workspace_id
        WHERE r.id BETWEEN $1::uuid AND $2::uuid AND m.id BETWEEN $1::uuid AND $2::uuid AND r.id <> ALL ($3::uuid[])
            AND \(projection.holdTheSame("m", "w", "r"))
        """
    }

    /// As `agree`, of ids that were agreed on before and are live still.
    var agreeAgain: String {
        """
        UPDATE \(layout.schema).placed p SET digest = \(layout.digest2("r")), namespace = r.namespace, looks = p.looks + 1, side = 0, since = \(now)
        FROM unnest($1::uuid[]) u(id) JOIN \(layout.v2) r ON r.id = u.id JOIN \(layout.v1) m ON m.id = u.id
        LEFT JOIN \(layout.workspaces) w ON w.id = m.workspace_id
        WHERE p.id = u.id AND p.state = 'live' AND \(projection.holdTheSame("m", "w", "r"))
        """
    }

    /// After the rows: from this number on, a death on the side we inserted into is the death of what we inserted. As a value and not a table:
    /// that is asked for once a statement, while a table with one row would be read for every other.
    private var now: String { "(SELECT nextval(pg_get_serial_sequence('\(layout.schema).change_log', 'seq')))" }

    private var replace: String {
        """
        ON CONFLICT (id) DO UPDATE SET state = excluded.state, digest = excluded.digest, namespace = excluded.namespace,
            came = coalesce(excluded.came, p.came), looks = p.looks + 1, side = excluded.side, since = excluded.since
        """
    }

    /// `$2` states, `$3` digests, `$4` namespaces, `$5` when agents made them, `$6` sides inserted into, 0 for none. The one write every
    /// look makes: whoever comes second gets a serialization failure.
    var place: String {
        """
        INSERT INTO \(layout.schema).placed AS p (id, state, digest, namespace, came, looks, side, since)
        SELECT u.id, u.state, u.digest, u.namespace, u.came, 1, u.side, \(now)
        FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::text[], $5::timestamptz[], $6::smallint[])
                u(id, state, digest, namespace, came, side) ORDER BY u.id
        \(replace)
        """
    }

    /// `$2` kinds, `$3` and `$4` digests of the two rows; a kept row is closed at once: it asks nothing of anybody.
    var record: String {
        """
        INSERT INTO \(layout.schema).conflicts (id, kind, v1_row, v2_row, base, closed, v1_digest, v2_digest)
        SELECT u.id, u.kind, to_jsonb(m) - 'content_tsv', to_jsonb(r) - 'content_tsv', p.digest,
               CASE WHEN u.kind = 'forget' THEN now() END, u.one, u.two
        FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[]) u(id, kind, one, two)
        LEFT JOIN \(layout.v1) m ON m.id = u.id LEFT JOIN \(layout.v2) r ON r.id = u.id
        LEFT JOIN \(layout.schema).placed p ON p.id = u.id ORDER BY u.id
        """
    }

    /// Asked once a statement: where nothing is open, nothing is looked for row by row.
    func anyOpen(_ table: String) -> String { "(SELECT EXISTS (SELECT FROM \(layout.schema).\(table) WHERE closed IS NULL))" }

    /// Ids that should be gone from both sides, and are not.
    var left: String {
        "SELECT id FROM \(layout.v1) WHERE id = ANY ($1::uuid[]) UNION ALL SELECT id FROM \(layout.v2) WHERE id = ANY ($1::uuid[])"
    }

    /// What came back from the archive rightly is of the kind it had there.
    var spendArchive: String {
        """
        WITH spent AS (UPDATE \(layout.schema).v2_archive SET restored = now() WHERE id = ANY ($1::uuid[]) AND restored IS NULL
            RETURNING id, n, row->>'kind' AS kind)
        INSERT INTO \(layout.kinds) (id, kind)
        SELECT id, kind FROM (SELECT DISTINCT ON (id) id, kind FROM spent ORDER BY id, n DESC) newest WHERE kind <> 'fact'
        ON CONFLICT (id) DO UPDATE SET kind = excluded.kind
        """
    }

    func delete(_ side: Int) -> String {
        "DELETE FROM \(side == 1 ? layout.v1 : layout.v2) WHERE id = ANY ($1::uuid[])"
    }

    /// `$1` names.
    var makeNamespaces: String { makeNamespaces(of: "SELECT unnest($1::text[])") }

    /// With the settings that an earlier way back set aside.
    func makeNamespaces(of names: String) -> String {
        """
        INSERT INTO \(layout.namespaces) (name, kind, expires_at, metadata)
        SELECT DISTINCT ON (u.name) u.name, coalesce(k.kind, split_part(u.name, ':', 1)), k.expires_at, coalesce(k.metadata, 'null')
        FROM (\(names)) u(name) LEFT JOIN \(layout.schema).v2_namespaces k ON k.name = u.name ORDER BY u.name
        ON CONFLICT (name) DO NOTHING
        """
    }
}
