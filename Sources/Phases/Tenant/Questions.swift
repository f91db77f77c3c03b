public import Cutover
import DataPath
import Foundation
public import Host
import Postgres

/// The rows that one store has and the other can't hold.
public struct ListExceptions: ReadsOnHost {
    public static let kind: OperationKind = "exceptions.list"
    public struct Exception: Sendable, Codable, Equatable {
        public let id: String
        public let side: Int
        public let reason: String
        public let detail: String
        /// In both stores, and listed for what it holds.
        public let carried: Bool
        public let at: String
    }
    public struct Result: Sendable, Codable, Equatable {
        public let exceptions: [Exception]
        public let counts: [String: Int]
        public let conflicts: Int

        /// What a signature binds to: the ids of one reason, in order.
        public func digest(of reason: String) -> String {
            Digest.sha256(exceptions.filter { $0.reason == reason }.map(\.id).sorted().joined(separator: "\n"))
        }
    }
    public let table: LegacyTable
    public init(table: LegacyTable) { self.table = table }

    public func read(_ host: HostSight) async throws -> Result {
        try await host.looking { connection in
            guard try await connection.there("\(table.schema).exceptions") else { return Result(exceptions: [], counts: [:], conflicts: 0) }
            let list = try await ExceptionsList.read(connection, table.dataPath, limit: 100_000)
            return Result(
                exceptions: list.open.map { Exception(id: $0.id.uuidString.lowercased(), side: $0.side, reason: $0.reason, detail: $0.detail ?? "", carried: $0.carried, at: $0.firstSeen) },
                counts: list.byReason, conflicts: list.openConflicts)
        }
    }
}

/// Memories that both stores changed since they agreed, each with both texts.
public struct ListConflicts: ReadsOnHost {
    public static let kind: OperationKind = "conflicts.list"
    public struct Conflict: Sendable, Codable, Equatable {
        public let n: Int
        public let id: String
        public let kind: String
        public let v1: String
        public let v2: String
        /// Of the two rows as they are listed: the condition of a choice between them.
        public let v1Digest: String
        public let v2Digest: String
        public let at: String
    }
    public struct Result: Sendable, Codable, Equatable { public let conflicts: [Conflict] }
    public let table: LegacyTable
    /// Instead, the texts that a forget overran and that nobody has purged.
    public let kept: Bool

    public init(table: LegacyTable, kept: Bool = false) {
        self.table = table
        self.kept = kept
    }

    public func read(_ host: HostSight) async throws -> Result {
        try await host.looking { connection in
            guard try await connection.there("\(table.schema).conflicts") else { return Result(conflicts: []) }
            let rows = try await connection.query(
                """
                SELECT n, id::text AS id, kind, coalesce(v1_row->>'\(table == .memories ? "content" : "value")', '') AS v1, coalesce(v2_row->>'content', '') AS v2,
                    coalesce(v1_digest::text, '') AS one, coalesce(v2_digest::text, '') AS two, at::text AS at
                FROM \(table.schema).conflicts WHERE \(kept ? "kind = 'forget' AND purged IS NULL" : "kind = 'conflict' AND closed IS NULL") ORDER BY n LIMIT 1000
                """)
            return Result(
                conflicts: try rows.map { row in
                    Conflict(
                        n: try row.int("n"), id: try row.string("id"), kind: try row.string("kind"), v1: try row.string("v1"), v2: try row.string("v2"),
                        v1Digest: try row.string("one"), v2Digest: try row.string("two"), at: try row.string("at"))
                })
        }
    }
}
