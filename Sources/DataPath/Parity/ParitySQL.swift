import Foundation

/// The statements of a comparison. Each side is asked alone; the two are joined only for a range whose sums differ.
struct ParitySQL: Sendable {
    let layout: Layout
    let base: Parity.Base
    /// Which of our own records hold ids at all: an empty one need not be joined to every row.
    var records = Records()

    struct Records: Sendable, Equatable {
        var exceptions = false
        var conflicts = false
        var entries = false
        var kinds = false
    }

    private var schema: String { layout.schema }
    private var canonical: CanonicalSQL { CanonicalSQL(layout: layout) }

    // MARK: - The two sides

    /// v1, or what was frozen of it.
    private var one: (from: String, row: String, bytes: String, present: String) {
        switch base {
        case .v1:
            (
                "\(layout.v1) m LEFT JOIN \(layout.workspaces) w ON w.id = m.workspace_id", "m", canonical.v1("m", "w"),
                "NOT \(layout.projection.isProbe1("m"))"
            )
        case .frozen: ("\(schema).frozen f", "f", CanonicalSQL.known("f.id", "f.digest"), "true")
        }
    }

    private var two: (from: String, row: String, bytes: String, present: String) {
        let bytes = base == .v1 ? canonical.v2("r") : CanonicalSQL.known("r.id", layout.digest2("r"))
        let kinds = records.kinds ? " LEFT JOIN \(layout.kinds) k ON k.id = r.id" : ""
        return ("\(layout.v2) r\(kinds)", "r", bytes, layout.ours2("r"))
    }

    /// A row of v2 is a fact unless an agent, or the archive it came back from, made it something else.
    private var wrongKind: String { "r.kind <> \(records.kinds ? "coalesce(k.kind, 'fact')" : "'fact'")" }

    /// Ids about which our own records say that they may differ are left out here, and judged one by one.
    private func notAside(_ row: String) -> String {
        asideSources.map { "AND NOT EXISTS (SELECT FROM \($0) a WHERE a.id = \(row).id AND \($1))" }.joined(separator: " ")
    }

    private var asideSources: [(String, String)] {
        var sources: [(String, String)] = []
        if records.exceptions { sources.append(("\(schema).exceptions", "a.closed IS NULL AND NOT a.carried")) }
        if records.conflicts { sources.append(("\(schema).conflicts", "a.closed IS NULL AND a.kind = 'conflict'")) }
        if records.entries { sources.append(("\(layout.log)", "true")) }
        return sources
    }

    // MARK: - Statements

    var askRecords: String {
        """
        SELECT EXISTS (SELECT FROM \(schema).exceptions WHERE closed IS NULL AND NOT carried) AS exceptions,
            EXISTS (SELECT FROM \(schema).conflicts WHERE closed IS NULL AND kind = 'conflict') AS conflicts,
            EXISTS (SELECT FROM \(layout.log) l) AS entries, EXISTS (SELECT FROM \(layout.kinds)) AS kinds,
            (SELECT count(*) FROM \(layout.settings.markers) k) AS markers,
            pg_current_snapshot()::text AS snapshot,
            to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at
        """
    }

    /// Ids left out of the sums in this range.
    func aside(in range: KeyRange) -> String {
        if asideSources.isEmpty { return "SELECT NULL::uuid AS id WHERE false" }
        return asideSources.map { "SELECT a.id FROM \($0) a WHERE \($1) AND \(range.condition("a.id"))" }.joined(separator: " UNION ")
    }

    /// Every `$1`th key of a sample of both sides, with the size of the sample.
    func boundaries(in range: KeyRange, percentOne: Double, percentTwo: Double) -> String {
        let source = base == .v1 ? layout.v1 : "\(schema).frozen"
        func sample(_ table: String, _ percent: Double) -> String {
            "SELECT t.id FROM \(table) t TABLESAMPLE SYSTEM (\(percent)) REPEATABLE (1) WHERE \(range.condition("t.id"))"
        }
        return """
            SELECT id, n, total FROM (SELECT id, row_number() OVER (ORDER BY id) AS n, count(*) OVER () AS total
                FROM (\(sample(source, percentOne)) UNION ALL \(sample(layout.v2, percentTwo))) s) x
            WHERE n % $1::bigint = 0 OR n = 1 ORDER BY n
            """
    }

    var sizes: String {
        let source = base == .v1 ? layout.v1 : "\(schema).frozen"
        return """
            SELECT pg_relation_size($$\(source)$$::regclass) / current_setting('block_size')::bigint AS one,
                pg_relation_size($$\(layout.v2)$$::regclass) / current_setting('block_size')::bigint AS two
            """
    }

    /// Rows and sum of each range that begins at a key of `$1`; number 0 lies before the first.
    func sums(side: Int, in range: KeyRange) -> String {
        let side1 = side == 1
        let (from, row, bytes, present) = side1 ? one : two
        return """
            SELECT width_bucket(\(row).id, $1::uuid[]) AS n, count(*) AS rows, sum(\(CanonicalSQL.fingerprint(bytes))) AS sum,
                \(side1 ? "0" : "count(*) FILTER (WHERE \(wrongKind))") AS wrong
            FROM \(from) WHERE \(present) AND \(range.condition("\(row).id")) \(notAside(row)) GROUP BY 1
            """
    }

    /// Every `$1`th key of both sides in the range.
    func keys(in range: KeyRange) -> String {
        """
        SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM (
            SELECT \(one.row).id FROM \(one.from) WHERE \(range.condition("\(one.row).id"))
            UNION ALL SELECT r.id FROM \(layout.v2) r WHERE \(range.condition("r.id"))) x) y WHERE n % $1::bigint = 0
        """
    }

    /// The ids of the range whose rows are not the same on both sides.
    func differing(in range: KeyRange) -> String {
        """
        SELECT coalesce(a.id, b.id) AS id, a.id IS NOT NULL AS in1 FROM (
            SELECT \(one.row).id, \(one.bytes) AS bytes FROM \(one.from)
            WHERE \(one.present) AND \(range.condition("\(one.row).id")) \(notAside(one.row))) a
        FULL JOIN (SELECT r.id, \(two.bytes) AS bytes, \(wrongKind) AS wrong FROM \(two.from)
            WHERE \(two.present) AND \(range.condition("r.id")) \(notAside("r"))) b ON b.id = a.id
        WHERE a.bytes IS DISTINCT FROM b.bytes OR b.wrong ORDER BY 1
        """
    }

    /// Ids that anything happened to since the snapshot `$1`: an entry was written, or a look wrote its agreement.
    ///
    /// The agreement's own row version tells when: a look writes it for every id it reads. After the freeze nobody looks.
    var touched: String {
        let entries = "SELECT id FROM \(layout.log) l WHERE NOT pg_visible_in_snapshot(xid, $1::pg_snapshot)"
        if base == .frozen { return "SELECT DISTINCT id FROM (\(entries)) x" }
        // The age is cheap and goes by the oldest transaction of the whole cluster; what it lets through is asked exactly, by the
        // youngest 64-bit number that ends like the row's 32 bits.
        return """
            SELECT id FROM \(layout.log) l
            UNION SELECT p.id FROM \(schema).placed p
            CROSS JOIN (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS top,
                (pg_snapshot_xmin($1::pg_snapshot)::text::bigint & 4294967295)::text::xid AS old) s
            WHERE age(p.xmin) <= age(s.old)
                AND NOT pg_visible_in_snapshot((s.top - ((s.top - p.xmin::text::bigint) & 4294967295))::text::xid8, $1::pg_snapshot)
            """
    }

    /// What is to be said about each id of `$1`. Order matters: what is equal needs no explanation.
    var judge: String {
        let known = base == .v1
        return """
            SELECT i.id, x.in1, x.in2, CASE WHEN x.in1 THEN \(CanonicalSQL.fingerprint("x.bytes1")) END::text AS sum1,
                CASE WHEN x.in2 THEN \(CanonicalSQL.fingerprint("x.bytes2")) END::text AS sum2,
                CASE WHEN NOT x.in1 AND NOT x.in2 THEN 'absent' WHEN x.bytes1 = x.bytes2 AND NOT x.wrong THEN 'equal'
                    \(verdict) WHEN NOT x.in2 THEN 'missing'
                    WHEN NOT x.in1 THEN CASE WHEN x.state = 'gone' THEN 'resurrected' ELSE 'extra' END ELSE 'different' END AS verdict,
                CASE WHEN x.in1 AND x.in2 THEN x.fields END AS fields
            FROM (SELECT DISTINCT unnest($1::uuid[]) AS id) i
            CROSS JOIN LATERAL (SELECT a.id IS NOT NULL AS in1, b.id IS NOT NULL AS in2, a.bytes AS bytes1, b.bytes AS bytes2,
                coalesce(b.wrong, false) AS wrong, p.state, concat_ws(',', \(known ? fieldNames : knownFields), CASE WHEN b.wrong THEN 'kind' END) AS fields
                FROM (SELECT) nothing
                LEFT JOIN (SELECT \(one.row).id, \(one.bytes) AS bytes\(known ? ", \(columns(\.one))" : "") FROM \(one.from)
                    WHERE \(one.present) AND \(one.row).id = i.id) a ON true
                LEFT JOIN (SELECT r.id, \(two.bytes) AS bytes, \(wrongKind) AS wrong, \(known ? columns(\.two) : "r.namespace") FROM \(two.from)
                    WHERE \(two.present) AND r.id = i.id) b ON true
                LEFT JOIN \(schema).placed p ON p.id = i.id) x
            LEFT JOIN \(schema).exceptions e ON e.id = i.id AND e.closed IS NULL AND NOT e.carried
            LEFT JOIN LATERAL (
                SELECT count(*) > 0 AS some, coalesce(bool_or(side = 2), false) AS two, coalesce(bool_or(side = 2 AND del), false) AS died
                FROM \(layout.log) c WHERE c.id = i.id) l ON true
            ORDER BY i.id
            """
    }

    private var fields: [ProjectedField] { layout.projection.fields("m", "w", "r") }

    /// All fields of one side, as columns of their own.
    private func columns(_ side: (ProjectedField) -> String) -> String {
        fields.enumerated().map { "\(side($1)) AS field\($0)" }.joined(separator: ", ")
    }

    private var fieldNames: String {
        fields.enumerated().map { "CASE WHEN a.field\($0) IS DISTINCT FROM b.field\($0) THEN '\($1.name)' END" }.joined(separator: ", ")
    }

    /// Of a frozen row only the digest is known, and the namespace that was agreed on.
    private var knownFields: String {
        "CASE WHEN a.bytes IS DISTINCT FROM b.bytes THEN CASE WHEN p.namespace <> b.namespace THEN 'namespace' ELSE 'digest' END END"
    }

    /// While both stores live, an unread entry explains a difference for the moment. After the freeze nobody reads v2's entries,
    /// and they are the account of what agents did.
    private var verdict: String {
        switch base {
        case .v1: "WHEN l.some THEN 'in-flight' WHEN x.state = 'conflict' THEN 'conflict' WHEN e.id IS NOT NULL THEN 'excepted'"
        case .frozen:
            """
            WHEN NOT x.in2 AND l.died THEN 'forgotten' WHEN x.in1 AND x.in2 AND l.two THEN 'edited' WHEN NOT x.in1 AND l.two THEN 'added'
            WHEN x.state = 'conflict' THEN 'conflict' WHEN e.id IS NOT NULL THEN 'excepted'
            WHEN NOT x.in2 AND EXISTS (SELECT FROM \(layout.settings.markers) k WHERE what = 'truncate' AND side = 2) THEN 'truncated'
            """
        }
    }
}
