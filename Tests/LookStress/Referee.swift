import Postgres

/// The independent account: triggers of its own write down every change of both stores, ours and the agents', as it commits.
enum Referee {
    static let create = """
        CREATE SCHEMA referee;
        CREATE TABLE referee.audit (
            seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, side int, op text, id uuid, before text, after text, ours boolean);
        CREATE FUNCTION referee.note() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO referee.audit (side, op, id, before, after, ours) VALUES (TG_ARGV[0]::int, left(TG_OP, 1),
                CASE WHEN TG_OP = 'DELETE' THEN OLD.id ELSE NEW.id END, CASE WHEN TG_OP <> 'INSERT' THEN concat(OLD.content, ' ', OLD.embedding) END,
                CASE WHEN TG_OP <> 'DELETE' THEN concat(NEW.content, ' ', NEW.embedding) END, current_setting('application_name') LIKE 'cutover%');
            RETURN NULL;
        END $$;
        CREATE TRIGGER zz_referee AFTER INSERT OR UPDATE OR DELETE ON agent_memories FOR EACH ROW EXECUTE FUNCTION referee.note('1');
        CREATE TRIGGER zz_referee AFTER INSERT OR UPDATE OR DELETE ON memory_plugin.memory_records
            FOR EACH ROW EXECUTE FUNCTION referee.note('2');
        """

    /// Both stores side by side, with the platform's mapping spelled once more.
    static let sides = """
        SELECT coalesce(m.id, r.id) AS id, CASE WHEN m.id IS NOT NULL THEN concat(m.content, ' ', m.embedding) END AS a,
            CASE WHEN r.id IS NOT NULL THEN concat(r.content, ' ', r.embedding) END AS b,
            m.id IS NOT NULL AND (o.namespace IS NULL OR btrim(m.content, E' \\t') = '' OR m.content LIKE '%\(World.tooMuch)') AS homeless,
            r.namespace LIKE 'custom:%' OR r.namespace LIKE 'team:%' AND NOT EXISTS (
                SELECT FROM workspaces x WHERE 'team:' || coalesce(x.parent_id, x.id) = r.namespace) AS nobodys, m.workspace_id = ANY (ARRAY['\(World.wanderers[0])', '\(World.wanderers[1])']::uuid[]) AS wanders,
            m.id IS NOT NULL AND r.id IS NOT NULL AND m.content = r.content AND o.namespace = r.namespace
                AND m.created_at = r.created_at AND m.embedding::text IS NOT DISTINCT FROM r.embedding::text AS equal
        FROM agent_memories m FULL JOIN memory_plugin.memory_records r ON r.id = m.id
        LEFT JOIN LATERAL (
            SELECT CASE WHEN m.scope = 'LOCAL' THEN 'workspace:' || w.id WHEN m.scope = 'TEAM' THEN 'team:' || coalesce(w.parent_id, w.id)
                WHEN w.parent_id IS NULL THEN 'org:' || w.id END AS namespace
            FROM workspaces w WHERE w.id = m.workspace_id) o ON true
        """

    static func agentWrites(_ connection: PostgresConnection) async throws -> Int {
        try await connection.query("SELECT count(*) AS n FROM referee.audit WHERE NOT ours")[0].int("n")
    }

    /// Asked while a quiesce holds its locks, in its own transaction and beside it.
    static func judgeBarrier(inside: PostgresConnection, beside: PostgresConnection) async throws -> String? {
        let seen = try await agentWrites(inside)
        let committed = try await agentWrites(beside)
        if seen != committed { return "a barrier saw \(seen) of \(committed) committed writes" }
        let unequal = try await inside.query(
            """
            SELECT count(*) AS n FROM (\(sides)) s WHERE NOT s.equal
            AND s.id NOT IN (SELECT id FROM cutover.placed WHERE state = 'conflict')
            AND s.id NOT IN (SELECT id FROM cutover.exceptions WHERE closed IS NULL)
            """)[0].int("n")
        return unequal == 0 ? nil : "a barrier ended with \(unequal) unequal rows"
    }
}
