/// The functions that say how a key with its value reads in v2, and back.
enum KeyValueSQL {
    static let names = [
        "field(bytea)", "digest(text, text, text, jsonb, bigint, timestamptz, timestamptz)", "content(text, jsonb)", "micros(timestamptz)",
        "fact_key(jsonb)", "fact_value(jsonb)", "fact_version(jsonb)", "fact_updated(jsonb)", "is_form(text, jsonb)", "reverse(text)",
    ]

    static func create(_ layout: Layout) -> String {
        """
        \(MappingSQL.field(layout))
        \(digest(layout))
        \(facts(layout))
        \(reverse(layout))
        """
    }

    /// jsonb prints the same value in one way only.
    private static func digest(_ layout: Layout) -> String {
        """
        CREATE OR REPLACE FUNCTION \(layout.schema).content(key text, value jsonb) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $f$
            SELECT CASE WHEN key IS NOT NULL AND value IS NOT NULL THEN jsonb_build_object(key, value)::text END
        $f$;
        CREATE OR REPLACE FUNCTION \(layout.schema).digest(
            namespace text, content text, key text, value jsonb, version bigint, updated_at timestamptz, expires_at timestamptz)
        RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $f$
            SELECT sha256(\(layout.schema).field(convert_to(namespace, 'UTF8')) || \(layout.schema).field(convert_to(content, 'UTF8'))
                || \(layout.schema).field(convert_to(key, 'UTF8')) || \(layout.schema).field(convert_to(value::text, 'UTF8'))
                || \(layout.schema).field(int8send(version)) || \(layout.schema).field(timestamptz_send(updated_at))
                || \(layout.schema).field(timestamptz_send(expires_at)))
        $f$;
        """
    }

    /// Agents may write into `propagation` too: what does not read as we write it is NULL. Microseconds are carried in two parts, since
    /// a product with an interval is a floating-point one.
    private static func facts(_ layout: Layout) -> String {
        """
        CREATE OR REPLACE FUNCTION \(layout.schema).micros(value timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $f$
            SELECT CASE WHEN isfinite(value) THEN (extract(epoch FROM value) * 1000000)::bigint::text ELSE value::text END
        $f$;
        CREATE OR REPLACE FUNCTION \(layout.schema).fact_key(propagation jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
            SELECT propagation->'cutover'->>'key'
        $f$;
        CREATE OR REPLACE FUNCTION \(layout.schema).fact_value(propagation jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
            SELECT propagation->'cutover'->'value'
        $f$;
        CREATE OR REPLACE FUNCTION \(layout.schema).fact_version(propagation jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
            SELECT CASE WHEN fact ~ '^-?[0-9]{1,19}$' THEN CASE WHEN fact::numeric BETWEEN -9223372036854775808 AND 9223372036854775807
                THEN fact::bigint END END FROM (SELECT propagation->'cutover'->>'version' AS fact) f
        $f$;
        CREATE OR REPLACE FUNCTION \(layout.schema).fact_updated(propagation jsonb) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $f$
            SELECT CASE WHEN fact IN ('infinity', '-infinity') THEN fact::timestamptz
                WHEN fact ~ '^-?[0-9]{1,18}$' THEN 'epoch'::timestamptz + (fact::bigint / 1000000) * interval '1 second'
                    + (fact::bigint % 1000000) * interval '1 microsecond' END
            FROM (SELECT propagation->'cutover'->>'updated_micros' AS fact) f
        $f$;
        CREATE OR REPLACE FUNCTION \(layout.schema).is_form(content text, propagation jsonb) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $f$
            SELECT coalesce(propagation->'cutover'->>'table' = '\(KeyValueProjection.mark)'
                AND content = \(layout.schema).content(\(layout.schema).fact_key(propagation), \(layout.schema).fact_value(propagation))
                AND \(layout.schema).fact_version(propagation) IS NOT NULL AND \(layout.schema).fact_updated(propagation) IS NOT NULL, false)
        $f$;
        """
    }

    /// Answers NULL unless the namespace is that of a workspace which is there.
    private static func reverse(_ layout: Layout) -> String {
        """
        CREATE OR REPLACE FUNCTION \(layout.schema).reverse(namespace text, OUT workspace_id uuid, OUT scope text) LANGUAGE plpgsql STABLE PARALLEL SAFE AS $f$
        BEGIN
            IF namespace ~ '^workspace:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' THEN
                SELECT w.id INTO workspace_id FROM \(layout.workspaces) w WHERE w.id = split_part(namespace, ':', 2)::uuid;
            END IF;
        END
        $f$;
        """
    }
}
