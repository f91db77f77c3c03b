public import Postgres

/// Who changed v2 since the freeze, by v2's own entries, and what of it a person has to see before it counts as explained.
public struct ChangesSince: Sendable, Equatable, Codable {
    /// What is expected of agents: everything beyond it is red until signed.
    public struct Limits: Sendable, Hashable, Codable {
        /// Roles that may write v2, as `account` or `account/role`; empty means the owner of v2's table, which the plugin made.
        public var roles: [String]
        /// Most rows that one transaction may forget.
        public var bulkForget: Int

        public init(roles: [String] = [], bulkForget: Int = 100) {
            self.roles = roles
            self.bulkForget = bulkForget
        }
    }

    /// What one role did.
    public struct Role: Sendable, Equatable, Codable {
        public let role: String
        public let transactions: Int
        /// Rows inserted, edited or forgotten; a row counts as often as it was written.
        public let writes: Int
        public let forgets: Int
        /// Most rows forgotten by one of its transactions.
        public let largestForget: Int
    }

    /// A class of changes that explains nothing until somebody signed it.
    public struct Red: Sendable, Equatable, Codable {
        public enum Kind: String, Sendable, Codable, CaseIterable {
            case truncate
            case foreignRole = "foreign-role"
            case bulkForget = "bulk-forget"
        }
        public let kind: Kind
        public let transactions: Int
        public let rows: Int
        /// What a signature binds to: transactions, roles and numbers of rows. One more of them is not what was signed.
        public let digest: String
        /// At most five, for people.
        public let examples: [String]
    }

    public let roles: [Role]
    public let red: [Red]

    /// - Parameter signed: digests by kind.
    public func unsigned(_ signed: [String: String]) -> [Red] { red.filter { signed[$0.kind.rawValue] != $0.digest } }

    /// Empty where nothing was captured.
    public static func read(
        _ connection: PostgresConnection, _ settings: DataPathSettings = DataPathSettings(), limits: Limits
    ) async throws -> ChangesSince {
        guard try await connection.query("SELECT to_regclass('\(settings.schema).change_log') IS NOT NULL AS there")[0].bool("there")
        else { return ChangesSince(roles: [], red: []) }
        let settings = try await settings.asRecorded(connection)
        // v2's table is the plugin's, wherever it lies.
        let owner = await (connection.partner as? SecondDatabase)?.owner
        let transactions = """
            SELECT xid, role, count(*) AS writes, count(*) FILTER (WHERE del) AS forgets, min(at) AS at
            FROM \(settings.log) l WHERE side = 2 GROUP BY xid, role
            """
        let roles = try await connection.query(
            """
            SELECT role, count(*) AS transactions, sum(writes) AS writes, sum(forgets) AS forgets, max(forgets) AS largest
            FROM (\(transactions)) t GROUP BY role ORDER BY role
            """)
        let red = try await connection.query(
            """
            WITH t AS (\(transactions)), expected AS (
                SELECT CASE WHEN cardinality($1::text[]) > 0 THEN $1::text[] ELSE ARRAY[coalesce($4::text,
                    (SELECT pg_get_userbyid(relowner)::text FROM pg_class WHERE oid = to_regclass($3)))] END AS roles),
            red AS (
                SELECT 'foreign-role' AS kind, xid, role, writes AS rows, at FROM t WHERE role <> ALL ((SELECT roles FROM expected)::text[])
                UNION ALL SELECT 'bulk-forget', xid, role, forgets, at FROM t WHERE forgets > $2::bigint
                UNION ALL SELECT 'truncate', xid, role, 0, at FROM \(settings.markers) k WHERE what = 'truncate' AND side = 2)
            SELECT kind, count(*) AS transactions, sum(rows) AS rows,
                encode(sha256(convert_to(string_agg(format('%s %s %s', xid, role, rows), E'\\n' ORDER BY xid, role), 'UTF8')), 'hex') AS digest,
                array_to_string((array_agg(format('%s rows by %s in transaction %s at %s', rows, role, xid, at) ORDER BY xid))[1:5], E'\\n') AS examples
            FROM red GROUP BY kind ORDER BY kind
            """, [.texts(limits.roles), .int(limits.bulkForget), .text(settings.v2Records.sql), owner.map { .text($0) }])
        return ChangesSince(
            roles: try roles.map { row in
                Role(
                    role: try row.string("role"), transactions: try row.int("transactions"), writes: try row.int("writes"),
                    forgets: try row.int("forgets"), largestForget: try row.int("largest"))
            },
            red: try red.compactMap { row in
                guard let kind = Red.Kind(rawValue: try row.string("kind")) else { return nil }
                return Red(
                    kind: kind, transactions: try row.int("transactions"), rows: try row.int("rows"), digest: try row.string("digest"),
                    examples: try row.string("examples").split(separator: "\n").map(String.init))
            })
    }
}
