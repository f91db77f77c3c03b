/// The workspaces' keys and values: `workspace_memory` in v1, the records of v2 that carry its mark.
///
/// A record reads `{"key": value}` and has the row's id, its workspace's namespace and its expiry; `propagation.cutover` holds the
/// rest exactly: key, value, version and the time of the last write. A record that was rewritten without that is an agent's own
/// memory from then on: it is put on the exceptions list and never touched again.
struct KeyValueProjection: Projection {
    let layout: Layout

    static let mark = "workspace_memory"
    static let notOurForm = "not-key-value"

    var placing: [String] { ["workspace_id"] }

    func target(_ row: String, _ workspace: String) -> String { "'workspace:' || \(workspace).id" }

    func digest1(_ row: String, _ workspace: String) -> String {
        """
        CASE WHEN \(row).id IS NOT NULL THEN \(layout.schema).digest(\(target(row, workspace)), \(content(row)), \(row).key, \(row).value, \
        \(version(row)), \(row).updated_at, \(row).expires_at) END
        """
    }

    func digest2(_ row: String) -> String {
        """
        CASE WHEN \(row).id IS NOT NULL THEN \(layout.schema).digest(\(row).namespace, \(row).content, \(fact("key", row)), \(fact("value", row)), \
        \(fact("version", row)), \(fact("updated", row)), \(row).expires_at) END
        """
    }

    func fields(_ row1: String, _ workspace: String, _ row2: String) -> [ProjectedField] {
        [
            ProjectedField(name: "namespace", one: "(\(target(row1, workspace)))::text", two: "\(row2).namespace::text"),
            ProjectedField(name: "content", one: "\(content(row1))::text", two: "\(row2).content::text"),
            ProjectedField(name: "key", one: "\(row1).key::text", two: "\(fact("key", row2))::text"),
            ProjectedField(name: "value", one: "\(row1).value::text", two: "\(fact("value", row2))::text"),
            ProjectedField(name: "version", one: "\(version(row1))::bigint", two: "\(fact("version", row2))::bigint"),
            ProjectedField(name: "updated_at", one: "\(row1).updated_at", two: fact("updated", row2)),
            ProjectedField(name: "expires_at", one: "\(row1).expires_at", two: "\(row2).expires_at"),
        ]
    }

    func isProbe1(_ row: String) -> String { "\(row).key LIKE '\(probePattern)'" }
    func isProbe2(_ row: String) -> String { "coalesce((\(row).propagation->'cutover'->>'key') LIKE '\(probePattern)', false)" }

    func isOurs(_ row: String) -> String { "(\(row).propagation->'cutover'->>'table') IS NOT DISTINCT FROM '\(Self.mark)'" }

    /// An agent that rewrites a record takes the mark away; that it was one is known from what was placed.
    func concernsUs(_ record: String) -> String {
        "(\(isOurs(record)) OR EXISTS (SELECT FROM \(layout.schema).placed p WHERE p.id = \(record).id))"
    }

    func exceedsV1(_ row: String) -> String {
        let embedding = layout.v2Columns.contains { $0.name == "embedding" } ? "OR \(row).embedding IS NOT NULL" : ""
        return "(\(row).kind <> 'fact' OR \(row).source <> 'runtime' OR \(row).pin OR \(row).propagation - 'cutover' <> '{}' \(embedding))"
    }

    var functions: String { KeyValueSQL.create(layout) }

    // MARK: - Looks

    var lookColumns: String {
        """
        NULL::text AS scope, r.id IS NULL OR \(layout.schema).is_form(r.content, r.propagation) AS form, \(fact("key", "r")) AS key2,
        m.value AS value1, \(version("m")) AS version1, \(fact("value", "r")) AS value2, \(fact("version", "r")) AS version2
        """
    }

    var reverse: String { "\(layout.schema).reverse(j.namespace)" }

    /// A key belongs to one row of its workspace; one that goes in this same look makes room. A value that changed under an unchanged
    /// version would let a guarded write overwrite what its writer has not read.
    var reason: String {
        """
        CASE WHEN NOT j.form AND j.action IN ('ins1', 'upd1', 'upd2', 'del2') THEN '\(Self.notOurForm)'
             WHEN j.action IN ('ins2', 'upd2') AND j.target IS NULL THEN 'no-workspace'
             WHEN j.action IN ('ins1', 'upd1') THEN CASE
                 WHEN NOT o.keep AND o.workspace_id IS NULL THEN 'unknown-namespace'
                 WHEN j.action = 'upd1' AND NOT j.db AND j.value1::text <> j.value2::text AND j.version2 <= j.version1 THEN 'version-not-raised'
                 WHEN EXISTS (SELECT FROM \(layout.v1) t WHERE t.workspace_id = coalesce(o.workspace_id, j.workspace_id) AND t.key = j.key2
                     AND t.id <> j.id AND NOT EXISTS (SELECT FROM judged d WHERE d.id = t.id AND d.action = 'del1')) THEN 'key-taken' END END
        """
    }

    var credential: String { "SELECT NULL::text AS rule, NULL::text AS kind" }

    var twin: String { "SELECT NULL::uuid AS id" }
    var came: String { "NULL" }

    var mayDelete2: String { "j.form" }

    func asksNothing(_ row: String) -> String { "true" }

    // MARK: - Writes

    var insert1: String {
        """
        INSERT INTO \(layout.v1) (id, workspace_id, key, value, expires_at, updated_at\(hasVersion ? ", version" : ""))
        SELECT r.id, u.owner, \(fact("key", "r")), \(fact("value", "r")), r.expires_at, \(fact("updated", "r"))\(hasVersion ? ", \(fact("version", "r"))" : "")
        FROM unnest($1::uuid[], $2::uuid[], $3::text[]) u(id, owner, scope) JOIN \(layout.v2) r ON r.id = u.id ORDER BY u.id
        """
    }

    var update1: String {
        """
        UPDATE \(layout.v1) m SET workspace_id = u.owner, key = \(fact("key", "r")), value = \(fact("value", "r")), expires_at = r.expires_at,
            updated_at = \(fact("updated", "r"))\(hasVersion ? ", version = \(fact("version", "r"))" : "")
        FROM unnest($1::uuid[], $2::uuid[], $3::text[]) u(id, owner, scope) JOIN \(layout.v2) r ON r.id = u.id
        WHERE m.id = u.id
        """
    }

    /// Fields only v2 has come back from what an earlier way back set aside.
    var insert2: String {
        let embedding = layout.v2Columns.first { $0.name == "embedding" }?.type
        return """
            INSERT INTO \(layout.v2) (id, namespace, content, kind, source, pin, expires_at, propagation, created_at\(embedding == nil ? "" : ", embedding"))
            SELECT m.id, u.namespace, \(content("m")), coalesce(x.row->>'kind', 'fact'), coalesce(x.row->>'source', 'runtime'),
                coalesce((x.row->>'pin')::boolean, false), m.expires_at, coalesce(x.row->'propagation', '{}') || \(facts), m.updated_at
                \(embedding.map { ", (x.row->>'embedding')::\($0)" } ?? "")
            FROM unnest($1::uuid[], $2::text[]) u(id, namespace) JOIN \(layout.v1) m ON m.id = u.id
            LEFT JOIN LATERAL (SELECT a.row FROM \(layout.schema).v2_archive a WHERE a.id = u.id AND a.restored IS NULL
                ORDER BY a.n DESC LIMIT 1) x ON true
            ORDER BY u.id
            """
    }

    func insertFresh(where isFresh: String) -> String {
        """
        INSERT INTO \(layout.v2) (id, namespace, content, kind, source, expires_at, propagation, created_at)
        SELECT m.id, \(target("m", "w")), \(content("m")), 'fact', 'runtime', m.expires_at, \(facts), m.updated_at
        FROM \(layout.v1) m LEFT JOIN \(layout.workspaces) w ON w.id = m.workspace_id WHERE \(isFresh) ORDER BY m.id
        """
    }

    var update2: String {
        """
        UPDATE \(layout.v2) r SET namespace = u.namespace, content = \(content("m")), expires_at = m.expires_at, propagation = r.propagation || \(facts)
        FROM unnest($1::uuid[], $2::text[]) u(id, namespace) JOIN \(layout.v1) m ON m.id = u.id
        WHERE r.id = u.id
        """
    }

    // MARK: - Non public

    /// Older platforms keep no version: then every row has the first.
    private var hasVersion: Bool { layout.v1Has("version") }
    private func version(_ row: String) -> String { hasVersion ? "\(row).version" : "1::bigint" }
    private func content(_ row: String) -> String { "\(layout.schema).content(\(row).key, \(row).value)" }
    private func fact(_ name: String, _ row: String) -> String { "\(layout.schema).fact_\(name)(\(row).propagation)" }

    private var facts: String {
        """
        jsonb_build_object('cutover', jsonb_build_object('table', '\(Self.mark)', 'key', m.key, 'value', m.value, 'version', \(version("m")),
            'updated_micros', \(layout.schema).micros(m.updated_at)))
        """
    }
}
