/// The statements of the http lane, all of them on the tenant's own database.
struct RemoteSQL: Sendable {
    let layout: Layout

    var schema: String { layout.schema }
    private var memories: MemoryProjection { MemoryProjection(layout: layout) }

    /// `sent`: what may lie in the store, or land there yet, and was not proven; written before the first request.
    /// `copy_order`: v1's rows oldest first, for the store dates a record by its arrival. `findable`: the words by which a frozen row is
    /// searched for. `unseen`: what could not be excluded, counted.
    static func tables(_ schema: String) -> String {
        """
        CREATE TABLE IF NOT EXISTS \(schema).sent (
            id uuid PRIMARY KEY,
            namespaces text[] NOT NULL,
            state text NOT NULL CHECK (state IN ('flying', 'unproven')),
            at timestamptz NOT NULL DEFAULT now());
        CREATE TABLE IF NOT EXISTS \(schema).copy_order (n bigint PRIMARY KEY, id uuid NOT NULL);
        CREATE TABLE IF NOT EXISTS \(schema).findable (id uuid PRIMARY KEY, words text NOT NULL);
        CREATE TABLE IF NOT EXISTS \(schema).unseen (what text PRIMARY KEY, n bigint NOT NULL);
        """
    }

    var orderCopy: String {
        """
        INSERT INTO \(schema).copy_order (n, id)
        SELECT row_number() OVER (ORDER BY \(memories.createdAt("m")), m.id), m.id FROM \(layout.v1) m
        """
    }

    /// `$1` how many, `$2` ids not to take: entries first, then what an earlier attempt left in the air.
    var pick: String {
        """
        SELECT DISTINCT id FROM (
            (SELECT id FROM \(schema).change_log WHERE id <> ALL ($2::uuid[]) ORDER BY seq LIMIT $1)
            UNION ALL (SELECT id FROM \(schema).sent WHERE state = 'flying' AND id <> ALL ($2::uuid[]) ORDER BY at LIMIT $1)) x
        """
    }

    private var joined: String {
        """
        FROM (SELECT DISTINCT unnest($1::uuid[]) AS id) i
        LEFT JOIN \(layout.v1) m ON m.id = i.id
        LEFT JOIN \(layout.workspaces) w ON w.id = m.workspace_id
        """
    }

    /// One row an id, oldest first: what v1 has, what was agreed, what may be in the air, and the entries seen.
    var plan: String {
        let embedding = layout.hasEmbedding ? memories.carriedEmbedding("m", "m.embedding::text") : "NULL::text"
        return """
            WITH seen AS MATERIALIZED (
                SELECT i.id, \(layout.digest1("m", "w")) AS a, p.state, p.digest AS agreed, p.namespace AS agreed_namespace, s.namespaces AS sent,
                    coalesce(e.died, false) AS died, e.seqs, \(layout.target("m", "w")) AS target, m.workspace_id, m.scope,
                    \(memories.carriedContent("m")) AS content, \(embedding) AS embedding, \(facts) AS facts, \(memories.createdAt("m")) AS created,
                    f.rule, f.kind AS credential
                \(joined)
                LEFT JOIN LATERAL (SELECT (SELECT rule FROM \(schema).rules WHERE reason = '\(ExceptionRules.credential)') AS rule,
                    \(schema).credential(m.content) AS kind) f ON m.id IS NOT NULL AND f.rule IS DISTINCT FROM 'pass'
                LEFT JOIN \(schema).placed p ON p.id = i.id
                LEFT JOIN \(schema).sent s ON s.id = i.id
                LEFT JOIN LATERAL (SELECT bool_or(c.side = 1 AND c.del) AS died, array_agg(c.seq) AS seqs
                    FROM \(schema).change_log c WHERE c.id = i.id) e ON true)
            SELECT id, encode(a, 'hex') AS a, state, encode(agreed, 'hex') AS agreed, agreed_namespace, array_to_string(sent, ' ') AS sent, died,
                array_to_string(seqs, ' ') AS seqs, target, content, embedding,
                jsonb_build_object('cutover', facts || jsonb_build_object('digest', encode(a, 'hex')))::text AS propagation,
                CASE WHEN a IS NULL THEN NULL WHEN target IS NULL THEN \(schema).unplaced_reason(workspace_id, scope)
                    WHEN \(schema).is_blank(content) THEN 'blank-content'
                    WHEN credential IS NOT NULL AND rule = 'block' THEN '\(ExceptionRules.credential)' END AS reason, credential,
                coalesce(content LIKE '\(probePattern)', false) AS probe
            FROM seen ORDER BY created NULLS FIRST, id
            """
    }

    /// What v2 has no column for. Its own creation time is the moment of arrival, so v1's rides here.
    private var facts: String {
        """
        jsonb_strip_nulls(jsonb_build_object('owner', m.workspace_id, 'scope', m.scope, 'label', \(layout.hasLabel ? "m.namespace" : "'general'"), \
        'created_micros', \(schema).micros(\(memories.createdAt("m"))), \
        'updated_micros', \(layout.hasUpdatedAt ? "\(schema).micros(m.updated_at)" : "NULL")))
        """
    }

    /// Rows as they were frozen, in the place that was agreed on; those of which v1 has something else now are left out.
    var frozen: String {
        let embedding = layout.hasEmbedding ? memories.carriedEmbedding("m", "m.embedding::text") : "NULL::text"
        return """
            SELECT f.id, p.namespace, encode(f.digest, 'hex') AS digest, \(memories.carriedContent("m")) AS content, \(embedding) AS embedding,
                jsonb_build_object('cutover', \(facts) || jsonb_build_object('digest', encode(f.digest, 'hex')))::text AS propagation
            FROM \(schema).frozen f JOIN \(schema).placed p ON p.id = f.id AND p.namespace IS NOT NULL JOIN \(layout.v1) m ON m.id = f.id
            WHERE f.id = ANY ($1::uuid[]) AND f.digest = \(schema).digest(
                p.namespace, \(memories.carriedContent("m")), \(memories.createdAt("m")), \(memories.embedding1("m")))
            ORDER BY \(memories.createdAt("m")), f.id
            """
    }

    /// The digests v1 has now.
    var present: String { "SELECT i.id, encode(\(layout.digest1("m", "w")), 'hex') AS a \(joined)" }

    /// `$2` namespaces.
    var send: String {
        """
        INSERT INTO \(schema).sent AS s (id, namespaces, state)
        SELECT u.id, ARRAY[u.namespace], 'flying' FROM unnest($1::uuid[], $2::text[]) u(id, namespace) ORDER BY u.id
        ON CONFLICT (id) DO UPDATE SET state = 'flying', at = now(),
            namespaces = CASE WHEN s.namespaces @> excluded.namespaces THEN s.namespaces ELSE s.namespaces || excluded.namespaces END
        """
    }

    /// `$2` states, `$3` digests in hexadecimal, `$4` namespaces.
    var place: String {
        """
        INSERT INTO \(schema).placed AS p (id, state, digest, namespace, looks)
        SELECT u.id, u.state, decode(u.digest, 'hex'), u.namespace, 1
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) u(id, state, digest, namespace) ORDER BY u.id
        ON CONFLICT (id) DO UPDATE SET state = excluded.state, digest = excluded.digest, namespace = excluded.namespace, looks = p.looks + 1
        """
    }

    /// `$2` kinds, `$3` what the store showed, as JSON.
    var record: String {
        """
        INSERT INTO \(schema).conflicts (id, kind, v1_row, v2_row, base, closed, v1_digest, v2_digest)
        SELECT u.id, u.kind, to_jsonb(m) - 'content_tsv', u.v2::jsonb, p.digest, CASE WHEN u.kind = 'forget' THEN now() END,
            \(layout.digest1("m", "w")), sha256(convert_to(u.v2, 'UTF8'))
        FROM unnest($1::uuid[], $2::text[], $3::text[]) u(id, kind, v2)
        LEFT JOIN \(layout.v1) m ON m.id = u.id LEFT JOIN \(layout.workspaces) w ON w.id = m.workspace_id LEFT JOIN \(schema).placed p ON p.id = u.id ORDER BY u.id
        """
    }

    /// `$2` reasons, `$3` details, `$4` whether the row was carried all the same.
    var list: String {
        """
        INSERT INTO \(schema).exceptions AS e (id, side, reason, detail, carried)
        SELECT u.id, 1, u.reason, u.detail, u.carried FROM unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[]) u(id, reason, detail, carried) ORDER BY u.id
        ON CONFLICT (id) WHERE closed IS NULL
        DO UPDATE SET side = excluded.side, reason = excluded.reason, detail = excluded.detail, carried = excluded.carried, at = now()
        """
    }

    var count: String {
        "INSERT INTO \(schema).unseen AS u (what, n) VALUES ($1, $2) ON CONFLICT (what) DO UPDATE SET n = u.n + excluded.n"
    }
}
