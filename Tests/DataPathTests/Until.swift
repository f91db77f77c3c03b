import Postgres

/// Waits until the server says that `condition` holds; a test that waits for ever is ended by its caller's time limit.
func until(_ condition: String, _ connection: PostgresConnection) async throws {
    while try await !connection.query("SELECT \(condition) AS holds")[0].bool("holds") {
        try await Task.sleep(for: .milliseconds(5))
    }
}
