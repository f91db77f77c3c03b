import Foundation
import Postgres
import Synchronization

/// A foreign key of v1 to the workspaces, by name and definition.
struct ForeignKey: Sendable, Equatable, Codable {
    let name: String
    let definition: String
}

enum ForeignKeys {
    static func of(
        _ settings: DataPathSettings, table: TableName? = nil, _ connection: PostgresConnection
    ) async throws -> [ForeignKey] {
        let rows = try await catalogNames(connection) { connection in
            try await connection.query(
                """
                SELECT k.conname AS name, pg_get_constraintdef(k.oid) AS definition FROM pg_constraint k
                WHERE k.contype = 'f' AND k.conrelid = to_regclass($1) AND k.confrelid = to_regclass($2) ORDER BY 1
                """, [.text((table ?? settings.v1Memories).sql), .text(settings.v1Workspaces.sql)])
        }
        return try rows.map { ForeignKey(name: try $0.string("name"), definition: try $0.string("definition")) }
    }

    /// An earlier memory is kept: running again over half-done work must not forget a key that is already off.
    static func remember(_ keys: [ForeignKey], _ settings: DataPathSettings, _ connection: PostgresConnection) async throws {
        if keys.isEmpty { return }
        let json = String(decoding: try JSONEncoder().encode(keys), as: UTF8.self)
        try await connection.query(
            """
            INSERT INTO \(settings.schema).remembered (what, value) VALUES ('foreign_keys', $1::jsonb)
            ON CONFLICT (what) DO UPDATE SET value = excluded.value, at = now()
            """, [.text(json)])
    }

    static func remembered(_ settings: DataPathSettings, _ connection: PostgresConnection) async throws -> [ForeignKey] {
        let rows = try await connection.query("SELECT value FROM \(settings.schema).remembered WHERE what = 'foreign_keys'")
        guard let row = rows.first else { return [] }
        return try JSONDecoder().decode([ForeignKey].self, from: Data(try row.string("value").utf8))
    }
}

/// Runs `body` with a search path on which every name the catalogue's own printers write comes out with its schema.
func catalogNames<Result>(
    _ connection: PostgresConnection, _ body: (PostgresConnection) async throws -> Result
) async throws -> Result {
    let before = try await connection.query("SELECT current_setting('search_path') AS path")[0].string("path")
    try await connection.query("SELECT set_config('search_path', 'pg_catalog', false)")
    let result: Result
    do {
        result = try await body(connection)
    } catch {
        // In a failed transaction the rollback restores the path.
        _ = try? await connection.query("SELECT set_config('search_path', $1, false)", [.text(before)])
        throw error
    }
    try await connection.query("SELECT set_config('search_path', $1, false)", [.text(before)])
    return result
}

/// A place for what a closure that outlives its caller's scope found.
final class Kept<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    func set(_ new: Value) { value.withLock { $0 = new } }
    func get() -> Value? { value.withLock { $0 } }
}
