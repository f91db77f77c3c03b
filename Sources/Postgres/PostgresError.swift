/// What PostgreSQL, or the way to it, answered instead of a result.
///
/// Neither `message` nor `description` ever holds a connection URL or a password. `detail` may quote row values and is
/// therefore not part of `description`.
public struct PostgresError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// The URL cannot be read, or the server did not let us in.
        case notConnected
        /// The connection went away; whether the statement under way took effect is unknown.
        case connectionLost
        /// The server refused the statement.
        case refused
        /// The caller asked for a column or a type that is not in the result.
        case unexpectedResult
    }

    public let kind: Kind
    /// Five characters, as in the server's documentation; empty when the server did not speak.
    public let sqlState: String
    public let message: String
    public let detail: String?
    public let constraint: String?

    public init(
        _ kind: Kind, sqlState: String = "", message: String, detail: String? = nil, constraint: String? = nil
    ) {
        self.kind = kind
        self.sqlState = sqlState
        self.message = message
        self.detail = detail
        self.constraint = constraint
    }

    public var connectionLost: Bool { kind == .connectionLost }

    public var description: String {
        sqlState.isEmpty ? message : "\(message) (\(sqlState))"
    }
}

extension PostgresError {
    /// A collision with somebody else's transaction: the same work may succeed with a new snapshot.
    public var isCollision: Bool {
        ["40001", "40P01", "55P03", "23505", "23503"].contains(sqlState)
    }
}
