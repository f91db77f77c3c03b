import Postgres

/// All rows of both stores side by side, as the caller's snapshot shows them; probe rows left out.
struct Stores: Sendable {
    let layout: Layout

    struct Summary: Sendable {
        let rowsV1: Int
        let rowsV2: Int
        let equal: Int
        let differing: Int
        let setAside: Int
        /// Rows of v1 the unfinished copy has not come to: nothing of them is in v2.
        let aheadOfCopy: Int
        let digestV1: String
        let digestV2: String
    }

    /// `one` and `two`: id and digest of every row of each side; `aside`: ids that are parked or excepted.
    var common: String {
        """
        WITH one AS (
            SELECT m.id, \(layout.digest1("m", "w")) AS digest
            FROM \(layout.v1) m LEFT JOIN \(layout.workspaces) w ON w.id = m.workspace_id
            WHERE NOT \(layout.projection.isProbe1("m"))),
        two AS (
            SELECT r.id, \(layout.digest2("r")) AS digest FROM \(layout.v2) r
            WHERE \(layout.ours2("r"))),
        aside AS (
            SELECT id FROM \(layout.schema).placed WHERE state = 'conflict'
            UNION SELECT id FROM \(layout.schema).exceptions WHERE closed IS NULL AND NOT carried),
        ahead AS (
            SELECT m.id FROM \(layout.v1) m JOIN \(layout.schema).copy_range c
                ON NOT c.done AND (c.last IS NULL OR m.id > c.last) AND (c.upto IS NULL OR m.id <= c.upto)
            WHERE NOT EXISTS (SELECT FROM \(layout.schema).placed p WHERE p.id = m.id))
        """
    }

    static func rolled(_ alias: String) -> String {
        "encode(sha256(coalesce(string_agg(uuid_send(\(alias).id) || \(alias).digest, ''::bytea ORDER BY \(alias).id), ''::bytea)), 'hex')"
    }

    func compare(_ connection: PostgresConnection) async throws -> Summary {
        let row = try await connection.query(
            """
            \(common)
            SELECT count(one.id) AS rows_v1, count(two.id) AS rows_v2,
                count(*) FILTER (WHERE one.digest = two.digest) AS equal,
                count(*) FILTER (WHERE one.digest IS DISTINCT FROM two.digest AND aside.id IS NULL
                    AND (two.id IS NOT NULL OR ahead.id IS NULL)) AS differing,
                count(*) FILTER (WHERE two.id IS NULL AND aside.id IS NULL AND ahead.id IS NOT NULL) AS ahead_of_copy,
                count(*) FILTER (WHERE one.digest IS DISTINCT FROM two.digest AND aside.id IS NOT NULL) AS set_aside,
                \(Self.rolled("one")) AS digest_v1, \(Self.rolled("two")) AS digest_v2
            FROM one FULL JOIN two ON one.id = two.id LEFT JOIN aside ON aside.id = coalesce(one.id, two.id)
            LEFT JOIN ahead ON ahead.id = one.id
            """)[0]
        return Summary(
            rowsV1: try row.int("rows_v1"), rowsV2: try row.int("rows_v2"), equal: try row.int("equal"),
            differing: try row.int("differing"), setAside: try row.int("set_aside"), aheadOfCopy: try row.int("ahead_of_copy"),
            digestV1: try row.string("digest_v1"), digestV2: try row.string("digest_v2"))
    }
}
