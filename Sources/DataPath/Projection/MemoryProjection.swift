/// The memories: `agent_memories` in v1, every record of v2 that is not marked as another table's.
struct MemoryProjection: Projection {
    let layout: Layout

    /// The moment a v1 row counts as made: v1 allows NULL, v2 does not.
    func createdAt(_ row: String) -> String {
        layout.hasUpdatedAt
            ? "coalesce(\(row).created_at, \(row).updated_at, 'epoch'::timestamptz)"
            : "coalesce(\(row).created_at, 'epoch'::timestamptz)"
    }

    var placing: [String] { ["workspace_id", "scope"] }

    /// The policy's namespace, or where the plan puts such rows.
    func target(_ row: String, _ workspace: String) -> String {
        "coalesce(\(ownTarget(row, workspace)), \(layout.schema).remap(\(row).workspace_id, \(row).scope))"
    }

    /// The platform's policy alone.
    func ownTarget(_ row: String, _ workspace: String) -> String {
        """
        CASE \(row).scope WHEN 'LOCAL' THEN 'workspace:' || \(workspace).id \
        WHEN 'TEAM' THEN 'team:' || coalesce(\(workspace).parent_id, \(workspace).id) \
        WHEN 'GLOBAL' THEN CASE WHEN \(workspace).parent_id IS NULL THEN 'org:' || \(workspace).id END END
        """
    }

    /// The text of v1 row `row` as v2 is to hold it: its own, or without what looks like a credential where the plan wants that.
    func carriedContent(_ row: String) -> String {
        "CASE WHEN \(redacts) THEN \(layout.schema).redacted(\(row).content) ELSE \(row).content END"
    }

    /// True of a v1 row whose text v2 is to hold without what looks like a credential.
    func isRedacted(_ row: String) -> String { "(\(redacts) AND \(layout.schema).credential(\(row).content) IS NOT NULL)" }

    /// An expression of v1 row `row`'s embedding, as v2 is to hold it: one that was made of the whole text would give away what is blotted out.
    func carriedEmbedding(_ row: String, _ expression: String) -> String { "CASE WHEN NOT \(isRedacted(row)) THEN \(expression) END" }

    /// Never NULL: what stands behind an `AND` with NULL is asked of every row.
    private var redacts: String { "coalesce(\(credentialRule) = 'redact', false)" }

    /// Asked once a statement, not once a row. NULL where the plan names no rule.
    private var credentialRule: String { "(SELECT rule FROM \(layout.schema).rules WHERE reason = '\(ExceptionRules.credential)')" }

    func embedding(_ row: String, in columns: [Column]) -> String {
        guard layout.hasEmbedding, let column = columns.first(where: { $0.name == "embedding" }) else { return "NULL::bytea" }
        return "\(column.send)(\(row).embedding)"
    }

    /// The same for digests.
    func embedding1(_ row: String) -> String {
        layout.hasEmbedding ? carriedEmbedding(row, embedding(row, in: layout.v1Columns)) : embedding(row, in: layout.v1Columns)
    }

    /// The digest of v1 row `row`, NULL when the row is absent from an outer join.
    func digest1(_ row: String, _ workspace: String) -> String {
        """
        CASE WHEN \(row).id IS NOT NULL THEN \(layout.schema).digest(\(target(row, workspace)), \(carriedContent(row)), \
        \(createdAt(row)), \(embedding1(row))) END
        """
    }

    func digest2(_ row: String) -> String {
        """
        CASE WHEN \(row).id IS NOT NULL THEN \(layout.schema).digest(\(row).namespace, \(row).content, \
        \(row).created_at, \(embedding(row, in: layout.v2Columns))) END
        """
    }

    func fields(_ row1: String, _ workspace: String, _ row2: String) -> [ProjectedField] {
        [
            ProjectedField(name: "namespace", one: "(\(target(row1, workspace)))::text", two: "\(row2).namespace::text"),
            ProjectedField(name: "content", one: "(\(carriedContent(row1)))::text", two: "\(row2).content::text"),
            ProjectedField(name: "created_at", one: createdAt(row1), two: "\(row2).created_at"),
            ProjectedField(name: "embedding", one: embedding1(row1), two: embedding(row2, in: layout.v2Columns)),
        ]
    }

    func isProbe1(_ row: String) -> String { "\(row).content LIKE '\(probePattern)'" }
    func isProbe2(_ row: String) -> String { "\(row).content LIKE '\(probePattern)'" }

    func isOurs(_ row: String) -> String {
        "(\(row).propagation->'cutover'->>'table') IS DISTINCT FROM '\(KeyValueProjection.mark)'"
    }
    func concernsUs(_ record: String) -> String { isOurs(record) }

    func exceedsV1(_ row: String) -> String {
        let embedding =
            !layout.hasEmbedding && layout.v2Columns.contains { $0.name == "embedding" } ? "OR \(row).embedding IS NOT NULL" : ""
        return """
            (\(row).kind <> 'fact' OR \(row).source <> 'agent' OR \(row).pin OR \(row).expires_at IS NOT NULL \(embedding)
                OR CASE jsonb_typeof(\(row).propagation) WHEN 'object' THEN \(row).propagation - 'cutover' <> '{}' WHEN 'null' THEN false
                    ELSE \(row).propagation IS NOT NULL END)
            """
    }

    var functions: String { MappingSQL.create(self) }

    var lookColumns: String {
        """
        m.scope, m.content AS content1, r.content AS content2, r.expires_at <= now() AS expired, \(createdAt("m")) AS created1,
            r.created_at AS created2, \(cameByFallback("m")) AS fallback, \(isAgents("r")) AS agents
        """
    }

    var reverse: String {
        "\(layout.schema).reverse(j.namespace, \(layout.schema).fact_owner(j.propagation), \(layout.schema).fact_scope(j.propagation))"
    }

    var reason: String {
        """
        CASE WHEN t.id IS NOT NULL THEN '\(ExceptionRules.twin)'
             WHEN j.action IN ('ins2', 'upd2') THEN CASE
                 WHEN j.target IS NULL THEN \(layout.schema).unplaced_reason(j.workspace_id, j.scope)
                 WHEN \(layout.schema).is_blank(j.content1) THEN 'blank-content'
                 WHEN f.kind IS NOT NULL AND f.rule = 'block' THEN '\(ExceptionRules.credential)' END
             WHEN j.action IN ('ins1', 'upd1') THEN CASE
                 WHEN NOT o.keep AND o.scope IS NULL THEN 'unknown-namespace'
                 WHEN f.kind IS NOT NULL AND f.rule IN ('block', 'redact') THEN '\(ExceptionRules.credential)'
                 WHEN j.action = 'ins1' AND j.expired THEN 'other' END END
        """
    }

    var credential: String {
        """
        SELECT \(credentialRule) AS rule, \(layout.schema).credential(CASE WHEN j.action IN ('same', 'ins2', 'upd2') THEN j.content1
            WHEN j.action IN ('ins1', 'upd1') THEN j.content2 END) AS kind
        """
    }

    var mayDelete2: String { "true" }

    func asksNothing(_ row: String) -> String {
        "NOT \(layout.schema).is_blank(\(row).content) AND \(layout.schema).credential(\(row).content) IS NULL"
    }

    func holdTheSame(_ row1: String, _ workspace: String, _ row2: String) -> String {
        """
        \(row2).namespace = \(target(row1, workspace)) AND \(row2).content COLLATE "C" = (\(carriedContent(row1))) COLLATE "C" \
        AND \(row2).created_at = \(createdAt(row1)) \
        AND \(embedding(row2, in: layout.v2Columns)) IS NOT DISTINCT FROM \(embedding1(row1))
        """
    }
}
