/// How much of other transactions a transaction may see.
public enum Isolation: String, Sendable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    case serializable = "SERIALIZABLE"
}

extension PostgresConnection {
    /// Runs `body` in one transaction: committed when it returns, rolled back when it throws.
    ///
    /// After a lost connection at `COMMIT` the outcome is unknown; the error says `.connectionLost`.
    public nonisolated(nonsending) func transaction<Result>(
        _ isolation: Isolation = .readCommitted, readOnly: Bool = false,
        _ body: (PostgresConnection) async throws -> Result
    ) async throws -> Result {
        try await execute("BEGIN ISOLATION LEVEL \(isolation.rawValue)\(readOnly ? " READ ONLY" : "")")
        do {
            let result = try await body(self)
            // COMMIT of a failed transaction answers ROLLBACK and no error: without this the caller would believe it.
            guard await !hasFailedTransaction else {
                throw PostgresError(.refused, sqlState: "25P02", message: "the transaction had failed and was rolled back")
            }
            try await execute("COMMIT")
            return result
        } catch {
            try? await execute("ROLLBACK")
            throw error
        }
    }
}
