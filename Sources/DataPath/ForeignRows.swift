public import Foundation
public import Postgres

/// Rows found in v2 that nobody can explain: not ours, not a probe, not equal to a v1 row of the same id, not left there by a way back.
public struct ForeignRows: Sendable, Equatable, Codable {
    public let count: Int
    /// At most 100 of them, in id order.
    public let ids: [UUID]

    /// To be asked before the copy starts: afterwards v2's own new rows look the same until they were looked at.
    public static func inV2(
        _ connection: PostgresConnection, _ settings: DataPathSettings = DataPathSettings()
    ) async throws -> ForeignRows {
        let layout = try await Layout.complete(connection, settings)
        let rows = try await connection.seeingBoth(readOnly: true) { connection in
            try await connection.query(
            """
            \(Stores(layout: layout).common)
            SELECT two.id, count(*) OVER () AS total
            FROM two LEFT JOIN one ON one.id = two.id LEFT JOIN \(settings.schema).placed p ON p.id = two.id AND p.state <> 'gone'
            WHERE p.id IS NULL AND one.digest IS DISTINCT FROM two.digest
                AND NOT EXISTS (SELECT FROM \(settings.schema).v2_archive a WHERE a.id = two.id AND a.alone AND a.restored IS NULL)
            ORDER BY 1 LIMIT 100
            """)
        }
        return ForeignRows(count: try rows.first?.int("total") ?? 0, ids: try rows.map { try $0.uuid("id") })
    }

    /// Agrees on the rows of v2 that equal their v1 twin, as one statement sees them.
    ///
    /// To be done once both sides are captured and before the first look: what a look agrees on row by row may be forgotten in one store
    /// before its turn comes, and would then be taken for new in the other.
    static func adoptTwins(_ connection: PostgresConnection, _ layout: Layout) async throws {
        try await connection.query(
            """
            \(Stores(layout: layout).common)
            INSERT INTO \(layout.schema).placed (id, state, digest, namespace)
            SELECT r.id, 'live', two.digest, r.namespace
            FROM two JOIN one ON one.id = two.id AND one.digest = two.digest JOIN \(layout.v2) r ON r.id = two.id
            ORDER BY 1 ON CONFLICT (id) DO NOTHING
            """)
    }
}
