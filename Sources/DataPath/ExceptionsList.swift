public import Foundation
public import Postgres

/// Rows that one side has and the other cannot hold, and conflicts that wait for a person.
public struct ExceptionsList: Sendable, Equatable, Codable {
    public struct Entry: Sendable, Equatable, Codable {
        public let id: UUID
        /// The side the row is on: 1 or 2.
        public let side: Int
        public let reason: String
        public let detail: String?
        /// Both stores have it all the same; it is listed for what it holds.
        public let carried: Bool
        /// ISO form, UTC.
        public let firstSeen: String
    }

    /// Counts of open exceptions by reason.
    public let byReason: [String: Int]
    /// At most `limit`, oldest first.
    public let open: [Entry]
    public let openConflicts: Int

    public static func read(
        _ connection: PostgresConnection, _ settings: DataPathSettings = DataPathSettings(), limit: Int = 100
    ) async throws -> ExceptionsList {
        let counts = try await connection.query(
            "SELECT reason, count(*) AS n FROM \(settings.schema).exceptions WHERE closed IS NULL GROUP BY reason ORDER BY reason")
        let open = try await connection.query(
            """
            SELECT id, side, reason, detail, carried, to_char(first_seen, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS first_seen
            FROM \(settings.schema).exceptions WHERE closed IS NULL ORDER BY first_seen, id LIMIT $1
            """, [.int(limit)])
        let conflicts = try await connection.query(
            "SELECT count(*) AS n FROM \(settings.schema).conflicts WHERE closed IS NULL AND kind = 'conflict'")[0].int("n")
        return ExceptionsList(
            byReason: Dictionary(uniqueKeysWithValues: try counts.map { (try $0.string("reason"), try $0.int("n")) }),
            open: try open.map { row in
                Entry(
                    id: try row.uuid("id"), side: try row.int("side"), reason: try row.string("reason"),
                    detail: try row.optionalString("detail"), carried: try row.bool("carried"), firstSeen: try row.string("first_seen"))
            },
            openConflicts: conflicts)
    }
}
