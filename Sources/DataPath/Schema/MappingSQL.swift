/// The functions of our own schema that say where a row belongs, both ways, and what its digest is.
enum MappingSQL {
    /// All are STABLE and read `workspaces` only; the digest reads nothing.
    static func create(_ projection: MemoryProjection) -> String {
        let layout = projection.layout
        return """
        \(digest(layout))
        \(facts(layout))
        \(CredentialSQL.create(layout.schema))
        \(unplacedReason(layout))
        \(remap(layout))
        \(target(layout))
        \(reverse(layout))
        """
    }

    static let names = [
        "digest(text, text, timestamptz, bytea)", "field(bytea)", "micros(timestamptz)", "fact_owner(jsonb)",
        "fact_label(jsonb)", "fact_updated(jsonb)", "is_blank(text)", "target(uuid, text)",
        "unplaced_reason(uuid, text)", "remap(uuid, text)", "reverse(text, uuid, text)", "fact_scope(jsonb)",
    ] + CredentialSQL.names

    /// Each field carries its presence and its length, so that no two rows can spell the same bytes.
    static func field(_ layout: Layout) -> String {
        """
        CREATE OR REPLACE FUNCTION \(layout.schema).field(value bytea) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
            SELECT CASE WHEN value IS NULL THEN '\\x00'::bytea
                   ELSE '\\x01'::bytea || int4send(octet_length(value)) || value END
        $f$;
        """
    }

    /// Only the first field is of fixed length; embedding and quoted namespace say themselves where they end.
    private static func digest(_ layout: Layout) -> String {
        """
        \(field(layout))
        CREATE OR REPLACE FUNCTION \(layout.schema).digest(namespace text, content text, created_at timestamptz, embedding bytea)
        RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $f$
            SELECT sha256(timestamptz_send(created_at) || \(layout.schema).field(embedding)
                || convert_to(quote_nullable(namespace) || ' ' || content, 'UTF8'))
        $f$;
        """
    }

    /// What v2 cannot hold of a v1 row rides in `propagation`; agents may write there too, so nothing is believed unread.
    private static func facts(_ layout: Layout) -> String {
        """
        CREATE OR REPLACE FUNCTION \(layout.schema).micros(value timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $f$
            SELECT CASE WHEN isfinite(value) THEN (extract(epoch FROM value) * 1000000)::bigint::text END
        $f$;
        CREATE OR REPLACE FUNCTION \(layout.schema).fact_owner(propagation jsonb) RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $f$
            SELECT CASE WHEN propagation->'cutover'->>'owner'
                ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
            THEN (propagation->'cutover'->>'owner')::uuid END
        $f$;
        CREATE OR REPLACE FUNCTION \(layout.schema).fact_scope(propagation jsonb) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $f$
            SELECT CASE WHEN propagation->'cutover'->>'scope' IN ('LOCAL', 'TEAM', 'GLOBAL') THEN propagation->'cutover'->>'scope' END
        $f$;
        CREATE OR REPLACE FUNCTION \(layout.schema).fact_label(propagation jsonb) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $f$
            SELECT CASE WHEN length(propagation->'cutover'->>'label') <= 50
            THEN propagation->'cutover'->>'label' ELSE 'general' END
        $f$;
        CREATE OR REPLACE FUNCTION \(layout.schema).fact_updated(propagation jsonb) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $f$
            SELECT CASE WHEN propagation->'cutover'->>'updated_micros' ~ '^[0-9]{1,16}$'
            THEN 'epoch'::timestamptz + (propagation->'cutover'->>'updated_micros')::bigint * interval '1 microsecond' END
        $f$;
        CREATE OR REPLACE FUNCTION \(layout.schema).is_blank(content text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $f$
            SELECT CASE WHEN left(content, 1) ~>=~ '!' AND left(content, 1) ~<=~ '~' THEN false ELSE
                btrim(content, E' \\t\\n\\x0B\\f\\r\\u0085\\u00A0\\u1680\\u2000\\u2001\\u2002\\u2003\\u2004\\u2005'
                || E'\\u2006\\u2007\\u2008\\u2009\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000') = '' END
        $f$;
        """
    }

    /// Depends on the workspace and its parent alone, so cycles and deep trees cannot hold it up.
    private static func target(_ layout: Layout) -> String {
        """
        CREATE OR REPLACE FUNCTION \(layout.schema).target(workspace uuid, scope text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $f$
            SELECT \(layout.target("q", "w")) FROM (SELECT target.workspace AS workspace_id, target.scope AS scope) q
            LEFT JOIN \(layout.workspaces) w ON w.id = q.workspace_id
        $f$;
        """
    }

    /// Where the plan puts a row that the policy has no namespace for; NULL where it says nothing, or the place is not to be found.
    private static func remap(_ layout: Layout) -> String {
        """
        CREATE OR REPLACE FUNCTION \(layout.schema).remap(workspace uuid, scope text) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $f$
        DECLARE
            place text;
            node uuid;
        BEGIN
            SELECT r.target INTO place FROM \(layout.schema).rules r
            WHERE r.rule = 'remap' AND r.reason = \(layout.schema).unplaced_reason(workspace, scope);
            IF place = 'workspace' THEN RETURN 'workspace:' || workspace; END IF;
            IF place = 'team' THEN
                RETURN (SELECT 'team:' || coalesce(w.parent_id, w.id) FROM \(layout.workspaces) w WHERE w.id = workspace);
            END IF;
            IF place IS DISTINCT FROM 'org' THEN RETURN place; END IF;
            FOR hop IN 0..50 LOOP
                SELECT w.id, w.parent_id INTO node, workspace FROM \(layout.workspaces) w WHERE w.id = workspace;
                IF workspace IS NULL THEN RETURN 'org:' || node; END IF;
            END LOOP;
            RETURN NULL;
        END
        $f$;
        """
    }

    /// Why `target` answered NULL. Walks at most 50 parents.
    private static func unplacedReason(_ layout: Layout) -> String {
        """
        CREATE OR REPLACE FUNCTION \(layout.schema).unplaced_reason(workspace uuid, scope text) RETURNS text
        LANGUAGE plpgsql STABLE PARALLEL SAFE AS $f$
        DECLARE
            node uuid := workspace;
            hops int := 0;
        BEGIN
            IF NOT EXISTS (SELECT FROM \(layout.workspaces) w WHERE w.id = workspace) THEN RETURN 'no-workspace'; END IF;
            LOOP
                SELECT w.parent_id INTO node FROM \(layout.workspaces) w WHERE w.id = node;
                IF node IS NULL THEN RETURN 'global-of-non-root'; END IF;
                hops := hops + 1;
                IF node = workspace OR hops > 50 THEN RETURN 'workspace-cycle'; END IF;
            END LOOP;
        END
        $f$;
        """
    }

    /// Where a row came from, by its own facts if they still lead to this namespace, else by the namespace's name.
    ///
    /// Answers NULLs unless `target` of the answer gives the namespace back; a row without an owner has a scope all the same.
    private static func reverse(_ layout: Layout) -> String {
        """
        CREATE OR REPLACE FUNCTION \(layout.schema).reverse(
            namespace text, owner uuid, first_scope text, OUT workspace_id uuid, OUT scope text)
        LANGUAGE plpgsql STABLE PARALLEL SAFE AS $f$
        DECLARE
            named uuid;
        BEGIN
            IF first_scope IS NOT NULL AND \(layout.schema).target(owner, first_scope) = namespace THEN
                workspace_id := owner;
                scope := first_scope;
                RETURN;
            END IF;
            IF namespace !~ '^(workspace|team|org):[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' THEN
                RETURN;
            END IF;
            named := split_part(namespace, ':', 2)::uuid;
            scope := CASE split_part(namespace, ':', 1) WHEN 'workspace' THEN 'LOCAL' WHEN 'team' THEN 'TEAM' ELSE 'GLOBAL' END;
            IF owner IS NOT NULL AND \(layout.schema).target(owner, scope) = namespace THEN
                workspace_id := owner;
                RETURN;
            END IF;
            IF scope = 'TEAM' THEN
                SELECT w.id INTO workspace_id FROM \(layout.workspaces) w WHERE w.parent_id = named
                ORDER BY w.created_at NULLS LAST, w.id LIMIT 1;
            END IF;
            workspace_id := coalesce(workspace_id, named);
            IF \(layout.schema).target(workspace_id, scope) IS DISTINCT FROM namespace THEN
                workspace_id := NULL;
                scope := NULL;
            END IF;
        END
        $f$;
        """
    }
}
