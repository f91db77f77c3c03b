import CrashPoints

/// How much of other transactions a transaction may see.
public enum Isolation: String, Sendable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    case serializable = "SERIALIZABLE"
}

/// Has a transaction of its own to every transaction of a session, with another server.
public protocol TransactionPartner: AnyObject, Sendable {
    /// Before `BEGIN`.
    func enter(_ connection: PostgresConnection, readOnly: Bool) async throws
    /// After `BEGIN`, before any statement of the body.
    func begun(_ connection: PostgresConnection, readOnly: Bool) async throws
    /// Before `COMMIT`: what it throws rolls both back. When it returns, its own transaction has ended.
    func conclude(_ connection: PostgresConnection) async throws
    /// After `COMMIT` or `ROLLBACK`.
    func left(_ connection: PostgresConnection) async
    /// With the session.
    func close() async
}

extension PostgresConnection {
    /// Runs `body` in one transaction: committed when it returns, rolled back when it throws.
    ///
    /// After a lost connection at `COMMIT` the outcome is unknown; the error says `.connectionLost`.
    /// - Parameter first: statements before those of the body, which go with `BEGIN` where the session has no partner.
    public nonisolated(nonsending) func transaction<Result>(
        _ isolation: Isolation = .readCommitted, readOnly: Bool = false, first: String = "",
        _ body: (PostgresConnection) async throws -> Result
    ) async throws -> Result {
        let partner = await partner
        try await partner?.enter(self, readOnly: readOnly)
        do {
            let result = try await alone(isolation, readOnly: readOnly, first: first, partner, body)
            await partner?.left(self)
            return result
        } catch {
            await partner?.left(self)
            throw error
        }
    }

    private nonisolated(nonsending) func alone<Result>(
        _ isolation: Isolation, readOnly: Bool, first: String, _ partner: (any TransactionPartner)?,
        _ body: (PostgresConnection) async throws -> Result
    ) async throws -> Result {
        let begin = "BEGIN ISOLATION LEVEL \(isolation.rawValue)\(readOnly ? " READ ONLY" : "")"
        do {
            try await execute(partner == nil && !first.isEmpty ? "\(begin); \(first)" : begin)
            if let partner {
                try await partner.begun(self, readOnly: readOnly)
                if !first.isEmpty { try await execute(first) }
            }
            let result = try await body(self)
            // COMMIT of a failed transaction answers ROLLBACK and no error: without this the caller would believe it.
            guard await !hasFailedTransaction else {
                throw PostgresError(.refused, sqlState: "25P02", message: "the transaction had failed and was rolled back")
            }
            try await partner?.conclude(self)
            CrashPoint.reached(readOnly ? nil : "commit begun")
            try await execute("COMMIT")
            CrashPoint.reached(readOnly ? nil : "commit done")
            return result
        } catch {
            try? await execute("ROLLBACK")
            throw error
        }
    }
}
