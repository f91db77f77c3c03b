import Foundation
import Postgres

/// The door for keys and values, as its server's statements are.
extension PostgresConnection {
    /// Nil where `ifMatch` is another version than the row's.
    @discardableResult
    nonisolated(nonsending) func put(
        _ key: String, _ value: String, workspace: UUID = Stage.child, expires: String? = nil, ifMatch version: Int? = nil
    ) async throws -> (id: UUID, version: Int)? {
        try await query(
            """
            INSERT INTO workspace_memory AS m (workspace_id, key, value, expires_at) SELECT $1, $2, $3::jsonb, $4::timestamptz
            ON CONFLICT (workspace_id, key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at, updated_at = now(),
                version = m.version + 1 WHERE $5::bigint IS NULL OR m.version = $5
            RETURNING id, version
            """, [.uuid(workspace), .text(key), .text(value), expires.map { .text($0) }, version.map { .int($0) }]
        ).first.map { (try $0.uuid("id"), try $0.int("version")) }
    }

    /// Ten rows: values, times and versions of every kind.
    nonisolated(nonsending) func putEveryKind() async throws {
        try await put("mood", "\"calm\"")
        try await put("nothing", "null")
        try await put("größe 😀 \"quoted\" \\ \n", #"{"b": [1, 2.50, {"é": null}], "a": "\u0001 tab\t"}"#, workspace: Stage.root)
        try await put("", "[]")
        try await put("lease", "42", expires: "2020-01-02T00:00:00.000001Z")
        try await put("for ever", "true", expires: "infinity")
        try await put("counted", "0")
        for _ in 0..<4 { try await put("counted", "1") }
        try await execute(
            """
            INSERT INTO workspace_memory (workspace_id, key, value, updated_at, version) VALUES
                ('\(Stage.child)', 'old', '1', '1901-01-01 00:00:00.123457', 9223372036854775807), ('\(Stage.child)', 'timeless', '1', 'infinity', 0),
                ('\(Stage.child)', 'late', '1', '9999-12-31 23:59:59.999999', -3)
            """)
    }
}
