import Foundation
import Postgres

/// One row of v1, or of what was frozen of it, as a comparison over HTTP wants it.
struct RemoteRow: Sendable {
    let id: UUID
    /// Nil where it has no place in v2.
    let namespace: String?
    let digest: String
    /// The text that is compared; after the freeze the words it is found by.
    let words: String?
    let embedding: String?
    /// 64 bits of the row: the number that parity inside the database sums up.
    let fingerprint: Int128
    let state: String?
    /// What was agreed on is what v1 has: the row was proven in the plugin, and has not moved since.
    let isAsAgreed: Bool
    /// Why it is excepted from the comparison.
    let reason: String?
    let isInFlight: Bool
}

/// What a comparison over HTTP asks of the database, a few rows at a time.
struct RemoteRows: Sendable {
    let layout: Layout
    let base: Parity.Base

    private var schema: String { layout.schema }
    private var memories: MemoryProjection { MemoryProjection(layout: layout) }

    struct Key: Sendable, Hashable, Codable {
        let namespace: String
        let id: UUID
    }

    /// Lays all keys out by namespace and id, in a file of the server's: it is sorted once, and no snapshot is held meanwhile.
    func open(_ connection: PostgresConnection, after last: Key?) async throws {
        // A cursor takes no parameters through the simple protocol.
        let after = last.map { "WHERE (s.namespace COLLATE \"C\", s.id) > (\(literal($0.namespace)), '\($0.id.lowercased)'::uuid)" } ?? ""
        try await connection.execute(
            """
            DECLARE cutover_keys NO SCROLL CURSOR WITH HOLD FOR
            SELECT s.namespace, s.id FROM (\(keys)) s \(after) ORDER BY s.namespace COLLATE "C", s.id
            """)
    }

    func next(_ count: Int, _ connection: PostgresConnection) async throws -> [Key] {
        try await connection.query("FETCH \(count) FROM cutover_keys").map { Key(namespace: try $0.string("namespace"), id: try $0.uuid("id")) }
    }

    func close(_ connection: PostgresConnection) async throws { try await connection.execute("CLOSE cutover_keys") }

    func count(_ connection: PostgresConnection) async throws -> Int {
        try await connection.query("SELECT count(*) AS n FROM (\(keys)) s")[0].int("n")
    }

    /// The rows as they are now, by namespace and id; those that are gone are left out.
    func read(_ ids: [UUID], _ connection: PostgresConnection) async throws -> [RemoteRow] {
        try await connection.query(
            """
            SELECT s.*, p.state, (SELECT x.reason FROM \(schema).exceptions x WHERE x.id = s.id AND x.closed IS NULL AND NOT x.carried) AS reason,
                coalesce(p.state = 'live' AND encode(p.digest, 'hex') = s.digest, false) AS as_agreed, \(underWay) AS in_flight
            FROM (\(rows)) s LEFT JOIN \(schema).placed p ON p.id = s.id ORDER BY s.namespace COLLATE "C", s.id
            """, [.uuids(ids)]
        ).map { row in
            let namespace = try row.string("namespace")
            return RemoteRow(
                id: try row.uuid("id"), namespace: namespace.isEmpty ? nil : namespace, digest: try row.string("digest"),
                words: try row.optionalString("words"), embedding: try row.optionalString("embedding"),
                fingerprint: Int128(try row.string("fingerprint")) ?? 0, state: try row.optionalString("state"), isAsAgreed: try row.bool("as_agreed"),
                reason: try row.optionalString("reason"), isInFlight: try row.bool("in_flight"))
        }
    }

    /// Of these ids, those that v1 (or the frozen list) has, and those about which something is under way.
    func known(_ ids: [UUID], _ connection: PostgresConnection) async throws -> (there: Set<UUID>, underWay: Set<UUID>) {
        let table = base == .v1 ? layout.v1 : "\(schema).frozen"
        let there = try await connection.query("SELECT id FROM \(table) WHERE id = ANY ($1::uuid[])", [.uuids(ids)]).map { try $0.uuid("id") }
        if base == .frozen { return (Set(there), []) }
        let underWay = try await connection.query(
            """
            SELECT id FROM \(schema).change_log WHERE id = ANY ($1::uuid[]) UNION SELECT id FROM \(schema).sent WHERE id = ANY ($1::uuid[])
            """, [.uuids(ids)]
        ).map { try $0.uuid("id") }
        return (Set(there), Set(underWay))
    }

    struct Moment: Sendable {
        let markers: Int
        let snapshot: String
        let at: String
    }

    func moment(_ connection: PostgresConnection) async throws -> Moment {
        let row = try await connection.query(
            """
            SELECT \(base == .v1 ? "(SELECT count(*) FROM \(schema).marker)" : "0") AS markers, pg_current_snapshot()::text AS snapshot,
                to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at
            """)[0]
        return Moment(markers: try row.int("markers"), snapshot: try row.string("snapshot"), at: try row.string("at"))
    }

    /// Ids about which we wrote anything since that snapshot. After the freeze nothing of ours moves.
    func touched(since snapshot: String, _ connection: PostgresConnection) async throws -> [UUID] {
        if base == .frozen { return [] }
        return try await connection.query(ParitySQL(layout: layout, base: base).touched, [.text(snapshot)]).map { try $0.uuid("id") }
    }

    /// Table and columns: what was noted of others means nothing.
    func print(_ connection: PostgresConnection, plugin: String) async throws -> String {
        let table = base == .v1 ? layout.v1 : "\(schema).frozen"
        let oid = try await connection.query("SELECT to_regclass($1)::oid::text AS oid", [.text(table)])[0].optionalString("oid") ?? "-"
        return "http 1 \(base.rawValue) \(oid) \(plugin) \(layout.v1Columns.map { "\($0.name) \($0.type)" }.joined(separator: ","))"
    }

    // MARK: - Non public

    private var from: String { "\(layout.v1) m LEFT JOIN \(layout.workspaces) w ON w.id = m.workspace_id" }

    private var keys: String {
        base == .v1
            ? "SELECT m.id, coalesce(\(memories.target("m", "w")), '') AS namespace FROM \(from) WHERE NOT \(memories.isProbe1("m"))"
            : "SELECT f.id, coalesce(p.namespace, '') AS namespace FROM \(schema).frozen f LEFT JOIN \(schema).placed p ON p.id = f.id"
    }

    /// Against frozen, the words a row is found by were noted at the freeze: v1 is left alone.
    private var rows: String {
        base == .v1
            ? """
            SELECT m.id, coalesce(\(memories.target("m", "w")), '') AS namespace, encode(\(memories.digest1("m", "w")), 'hex') AS digest,
                \(memories.carriedContent("m")) AS words, \(layout.hasEmbedding ? memories.carriedEmbedding("m", "m.embedding::text") : "NULL::text") AS embedding,
                \(CanonicalSQL.fingerprint(CanonicalSQL(layout: layout).v1("m", "w")))::text AS fingerprint
            FROM \(from) WHERE m.id = ANY ($1::uuid[]) AND NOT \(memories.isProbe1("m"))
            """
            : """
            SELECT f.id, coalesce(p.namespace, '') AS namespace, encode(f.digest, 'hex') AS digest, k.words, NULL::text AS embedding,
                \(CanonicalSQL.fingerprint(CanonicalSQL.known("f.id", "f.digest")))::text AS fingerprint
            FROM \(schema).frozen f LEFT JOIN \(schema).placed p ON p.id = f.id LEFT JOIN \(schema).findable k ON k.id = f.id
            WHERE f.id = ANY ($1::uuid[])
            """
    }

    private var underWay: String {
        base == .v1
            ? """
            (EXISTS (SELECT FROM \(schema).change_log l WHERE l.id = s.id)
                OR EXISTS (SELECT FROM \(schema).sent a WHERE a.id = s.id AND a.state = 'flying'))
            """ : "false"
    }
}
