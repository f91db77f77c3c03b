public import Foundation
public import Postgres

/// Who can read more, and who less, once the other store answers. Counted in (reader, memory) pairs; readers are the workspaces
/// that are not removed.
public struct AccessDiff: Sendable, Equatable, Codable {
    public enum Direction: String, Sendable, Codable {
        /// v1's rules now, v2's afterwards; the memories are v1's. One without a namespace is lost to all who read it.
        case forth
        /// v2's rules now, v1's afterwards; the memories are v2's, each where the way back would put it.
        case back
    }

    /// Pairs of one scope and of one relation between reader and owner.
    public struct Count: Sendable, Equatable, Codable {
        public let scope: String
        /// The reader is the owner's `self`, `parent`, `grandparent`, `ancestor`, `child`, `grandchild`, `descendant`, `sibling`,
        /// another `relative` of its tree, or in a tree with an `other root`; `no owner` where the memory has none.
        public let role: String
        public let kept: Int
        public let gained: Int
        public let lost: Int
    }

    /// One reader who gains or loses one memory.
    public struct Pair: Sendable, Equatable, Hashable, Codable {
        public let reader: UUID
        public let memory: UUID
        public let scope: String
        public let role: String
        public let gained: Bool

        public init(reader: UUID, memory: UUID, scope: String, role: String, gained: Bool) {
            self.reader = reader
            self.memory = memory
            self.scope = scope
            self.role = role
            self.gained = gained
        }
    }

    public let direction: Direction
    /// By scope and role, in that order; pairs that nobody has before or after are in none.
    public let counts: [Count]
    /// One of each scope, role and direction of change, at most 40.
    public let examples: [Pair]

    public var gained: Int { counts.reduce(0) { $0 + $1.gained } }
    public var lost: Int { counts.reduce(0) { $0 + $1.lost } }

    /// One snapshot; memory grows with the readers and the owners, not with their memories.
    public static func between(
        _ connection: PostgresConnection, _ settings: DataPathSettings = DataPathSettings(), _ direction: Direction = .forth
    ) async throws -> AccessDiff {
        let sql = try await AccessSQL(connection, settings, direction)
        return try await connection.transaction(.repeatableRead, readOnly: true) { connection in
            try await connection.bringEverything()
            let counts = try await connection.query(sql.counts).map { row in
                Count(
                    scope: try row.string("scope"), role: try row.string("role"), kept: try row.int("kept"),
                    gained: try row.int("gained"), lost: try row.int("lost"))
            }
            return AccessDiff(direction: direction, counts: counts, examples: try await connection.query(sql.examples).map(Pair.init))
        }
    }

    /// The next `limit` pairs that change, in order of reader and memory, after the one given.
    public static func pairs(
        _ connection: PostgresConnection, _ settings: DataPathSettings = DataPathSettings(), _ direction: Direction = .forth,
        after last: (reader: UUID, memory: UUID)? = nil, limit: Int
    ) async throws -> [Pair] {
        let sql = try await AccessSQL(connection, settings, direction)
        return try await connection.seeingBoth(readOnly: true) { connection in
            try await connection.query(
                sql.list, [last.map { .uuid($0.reader) }, last.map { .uuid($0.memory) }, .int(limit)]
            ).map(Pair.init)
        }
    }
}

extension AccessDiff.Pair {
    init(_ row: PostgresRow) throws {
        self.init(
            reader: try row.uuid("reader"), memory: try row.uuid("memory"), scope: try row.string("scope"), role: try row.string("role"),
            gained: try row.bool("gained"))
    }
}
