import Postgres

/// A transaction of whoever keeps a store in step that is reached by words alone: short waits, by key, under the fence.
enum RemoteTransaction {
    /// - Parameter waits: for the disk. What is noted before a request is sent has to; what came of it need not: it is looked at again where it is
    ///   lost, and a later one that waits keeps it as well.
    static func run<Result: Sendable>(
        _ connection: PostgresConnection, _ settings: DataPathSettings, fence: Int64, waits: Bool = true, _ body: @Sendable (PostgresConnection) async throws -> Result
    ) async throws -> Result {
        let first = "SET LOCAL lock_timeout = '2s'; " + LookTransactions.byKey + (waits ? "" : LookTransactions.unwaited)
        return try await connection.transaction(.repeatableRead, first: first) { connection in
            try await Control.checkFence(fence, connection, settings)
            return try await body(connection)
        }
    }
}
