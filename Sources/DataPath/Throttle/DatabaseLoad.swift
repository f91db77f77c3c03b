public import Postgres

/// How busy the tenant's cluster is, as far as the session's role may see it.
public struct DatabaseLoad: Sendable, Equatable {
    public let connections: ThrottleReadings.Gauge
    public let replicationLagMilliseconds: ThrottleReadings.Gauge

    /// Sessions whose application name says that they are ours are not counted.
    public static func read(_ connection: PostgresConnection) async throws -> DatabaseLoad {
        let row = try await connection.query(
            """
            SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND state IN ('active', 'fastpath function call')
                    AND coalesce(application_name, '') NOT LIKE 'cutover%') AS at_work,
                (SELECT count(*) FROM pg_stat_activity WHERE datid IS NOT NULL AND backend_type IS NULL) AS hidden,
                r.standbys, r.unseen, r.behind
            FROM (
                SELECT count(*) AS standbys,
                    -- A row of which the role may see nothing, or a standby that is behind and has not said by how much.
                    count(*) FILTER (WHERE state IS NULL OR (replay_lsn < pg_current_wal_lsn() AND replay_lag IS NULL)) AS unseen,
                    coalesce(max(CASE WHEN replay_lsn < pg_current_wal_lsn() THEN extract(epoch FROM replay_lag) * 1000 ELSE 0 END), 0)::bigint AS behind
                FROM pg_stat_replication WHERE state IS NULL OR (state IN ('streaming', 'catchup') AND replay_lsn IS NOT NULL)) r
            """)[0]
        let hidden = try row.int("hidden")
        let unseen = try row.int("unseen")
        return DatabaseLoad(
            connections: hidden == 0 ? .value(try row.int("at_work")) : .unknown("\(hidden) sessions are hidden from the role: it lacks pg_read_all_stats"),
            replicationLagMilliseconds: try row.int("standbys") == 0
                ? .nothing : unseen == 0 ? .value(try row.int("behind")) : .unknown("\(unseen) standbys do not show how far they are behind"))
    }
}
