public import Foundation
public import Postgres

/// Rows found in v2 that nobody can explain: not ours, not a probe, not equal to a v1 row of the same id, not left there by a way back.
public struct ForeignRows: Sendable, Equatable, Codable {
    public let count: Int
    /// At most 100 of them, in id order.
    public let ids: [UUID]
    /// Rows equal to their v1 twin, which the first look adopts.
    public let adoptable: Int

    /// To be asked before the copy starts: afterwards v2's own new rows look the same until they were looked at.
    public static func inV2(
        _ connection: PostgresConnection, _ settings: DataPathSettings = DataPathSettings()
    ) async throws -> ForeignRows {
        let layout = try await Layout.complete(connection, settings)
        let rows = try await connection.query(
            """
            \(Stores(layout: layout).common)
            SELECT two.id, one.digest IS NOT DISTINCT FROM two.digest AS adopted, count(*) OVER (
                PARTITION BY one.digest IS NOT DISTINCT FROM two.digest) AS total
            FROM two LEFT JOIN one ON one.id = two.id LEFT JOIN \(settings.schema).placed p ON p.id = two.id AND p.state <> 'gone'
            WHERE p.id IS NULL AND NOT EXISTS (SELECT FROM \(settings.schema).v2_archive a WHERE a.id = two.id AND a.alone AND a.restored IS NULL)
            ORDER BY 2, 1 LIMIT 100
            """)
        let foreign = try rows.filter { try !$0.bool("adopted") }
        let adopted = try await connection.query(
            """
            \(Stores(layout: layout).common)
            SELECT count(*) AS n FROM two JOIN one ON one.id = two.id AND one.digest = two.digest
            LEFT JOIN \(settings.schema).placed p ON p.id = two.id AND p.state <> 'gone' WHERE p.id IS NULL
            """)[0].int("n")
        return ForeignRows(
            count: try foreign.first?.int("total") ?? 0, ids: try foreign.map { try $0.uuid("id") }, adoptable: adopted)
    }
}
