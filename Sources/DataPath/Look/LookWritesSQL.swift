/// The statements that carry a row to the other side. `$1` ids, `$2` owners or namespaces, `$3` scopes.
extension MemoryProjection {
    /// What v2 has no column for; read again by `insert1` when v1 has lost the row.
    private var facts: String {
        let updated = layout.hasUpdatedAt ? "\(layout.schema).micros(m.updated_at)" : "NULL"
        let label = layout.hasLabel ? "m.namespace" : "'general'"
        return """
            jsonb_build_object('cutover', jsonb_strip_nulls(jsonb_build_object(
                'owner', m.workspace_id, 'scope', m.scope, 'label', \(label), 'updated_micros', \(updated))))
            """
    }

    private var embeddingType: String? { layout.v2Columns.first { $0.name == "embedding" }?.type }

    var insert1: String {
        var columns = ["id", "workspace_id", "content", "scope", "created_at"]
        var values = ["r.id", "u.owner", "r.content", "u.scope", "r.created_at"]
        if layout.hasUpdatedAt {
            columns.append("updated_at")
            values.append("coalesce(\(layout.schema).fact_updated(r.propagation), r.created_at)")
        }
        if layout.hasLabel {
            columns.append("namespace")
            values.append("coalesce(\(layout.schema).fact_label(r.propagation), 'general')")
        }
        if layout.hasEmbedding {
            columns.append("embedding")
            values.append("r.embedding")
        }
        return """
            INSERT INTO \(layout.v1) (\(columns.joined(separator: ", ")))
            SELECT \(values.joined(separator: ", "))
            FROM unnest($1::uuid[], $2::uuid[], $3::text[]) u(id, owner, scope) JOIN \(layout.v2) r ON r.id = u.id ORDER BY u.id
            """
    }

    var update1: String {
        """
        UPDATE \(layout.v1) m SET workspace_id = u.owner, scope = u.scope, \(carried1)
        FROM unnest($1::uuid[], $2::uuid[], $3::text[]) u(id, owner, scope) JOIN \(layout.v2) r ON r.id = u.id
        WHERE m.id = u.id
        """
    }

    /// v1 keeps what v2 holds blotted out, and the embedding of it, until somebody writes it anew in v2.
    private var carried1: String {
        let same = "\(carriedContent("m")) = r.content\(layout.hasEmbedding ? " AND (r.embedding IS NULL OR NOT \(isRedacted("m")))" : "")"
        let embedding = ", embedding = CASE WHEN \(isRedacted("m")) AND \(same) THEN m.embedding ELSE r.embedding END"
        return """
            created_at = r.created_at, content = CASE WHEN \(same) THEN m.content ELSE r.content END\
            \(layout.hasUpdatedAt ? ", updated_at = now()" : "")\(layout.hasEmbedding ? embedding : "")
            """
    }

    /// Fields only v2 has come back from what an earlier way back set aside.
    var insert2: String {
        var columns = "id, namespace, content, kind, source, pin, expires_at, propagation, created_at"
        var embedding = ""
        if layout.hasEmbedding {
            columns += ", embedding"
            embedding = ", \(carriedEmbedding("m", "m.embedding"))"
        } else if let embeddingType {
            columns += ", embedding"
            embedding = ", (x.row->>'embedding')::\(embeddingType)"
        }
        return """
            INSERT INTO \(layout.v2) (\(columns))
            SELECT m.id, u.namespace, \(carriedContent("m")), coalesce(x.row->>'kind', 'fact'), coalesce(x.row->>'source', 'agent'),
                coalesce((x.row->>'pin')::boolean, false), (x.row->>'expires_at')::timestamptz,
                CASE WHEN jsonb_typeof(x.row->'propagation') = 'object' THEN x.row->'propagation' ELSE '{}' END || \(facts),
                \(createdAt("m"))\(embedding)
            FROM unnest($1::uuid[], $2::text[]) u(id, namespace) JOIN \(layout.v1) m ON m.id = u.id
            LEFT JOIN LATERAL (SELECT a.row FROM \(layout.schema).v2_archive a WHERE a.id = u.id AND a.restored IS NULL
                ORDER BY a.n DESC LIMIT 1) x ON true
            ORDER BY u.id
            """
    }

    func insertFresh(where isFresh: String) -> String {
        let embedding = layout.hasEmbedding
        return """
            INSERT INTO \(layout.v2) (id, namespace, content, kind, source, propagation, created_at\(embedding ? ", embedding" : ""))
            SELECT m.id, \(target("m", "w")), m.content, 'fact', 'agent', \(facts), \(createdAt("m"))\(embedding ? ", m.embedding" : "")
            FROM \(layout.v1) m LEFT JOIN \(layout.workspaces) w ON w.id = m.workspace_id WHERE \(isFresh) ORDER BY m.id
            """
    }

    var update2: String {
        """
        UPDATE \(layout.v2) r SET namespace = u.namespace, \(carried2)
        FROM unnest($1::uuid[], $2::text[]) u(id, namespace) JOIN \(layout.v1) m ON m.id = u.id
        WHERE r.id = u.id
        """
    }

    var plainEdits: PlainEditSQL? {
        PlainEditSQL(
            asksNothing2: "\(layout.schema).credential(r.content) IS NULL",
            write1: "UPDATE \(layout.v1) m SET \(carried1) FROM unnest($1::uuid[]) u(id) JOIN \(layout.v2) r ON r.id = u.id WHERE m.id = u.id",
            write2: "UPDATE \(layout.v2) r SET \(carried2) FROM unnest($1::uuid[]) u(id) JOIN \(layout.v1) m ON m.id = u.id WHERE r.id = u.id")
    }

    /// Kind, source, pin and expiry stay; our own facts in `propagation` follow where they are still there.
    private var carried2: String {
        """
        content = \(carriedContent("m")), created_at = \(createdAt("m")), \
        propagation = CASE WHEN r.propagation ? 'cutover' THEN r.propagation || \(facts) ELSE r.propagation END\
        \(layout.hasEmbedding ? ", embedding = \(carriedEmbedding("m", "m.embedding"))" : "")
        """
    }

    /// An edit of the label alone, or of the time alone, changes nothing that both sides hold; without this it would be lost with v1.
    var refresh2: String? {
        """
        UPDATE \(layout.v2) r SET propagation = r.propagation || f.facts
        FROM \(layout.v1) m CROSS JOIN LATERAL (SELECT \(facts)) f(facts)
        WHERE m.id = r.id AND r.id = ANY ($1::uuid[]) AND jsonb_typeof(r.propagation->'cutover') = 'object'
            AND r.propagation->'cutover' IS DISTINCT FROM f.facts->'cutover'
        """
    }
}
