public import Cutover
import DataPath
import Foundation
public import Host
import Postgres

/// Who can read what before and after, as counts of (reader, memory) pairs.
public struct AccessChange: ReadsOnHost {
    public static let kind: OperationKind = "access.change"
    public struct Count: Sendable, Codable, Equatable {
        public let scope: String
        public let role: String
        public let kept: Int
        public let gained: Int
        public let lost: Int

        public init(scope: String, role: String, kept: Int, gained: Int, lost: Int) {
            self.scope = scope
            self.role = role
            self.kept = kept
            self.gained = gained
            self.lost = lost
        }
    }
    public struct Result: Sendable, Codable, Equatable {
        public let gained: Int
        public let lost: Int
        public let counts: [Count]
        public let examples: [AccessPair]

        public init(gained: Int, lost: Int, counts: [Count], examples: [AccessPair]) {
            self.gained = gained
            self.lost = lost
            self.counts = counts
            self.examples = examples
        }
    }
    /// From v2's rules to v1's, for a way back.
    public let back: Bool

    public init(back: Bool = false) { self.back = back }

    public func read(_ host: HostSight) async throws -> Result {
        try await host.looking { connection in
            try await AccessPair.requireStores(host, connection, back: back)
            let diff = try await AccessDiff.between(connection, .init(), back ? .back : .forth)
            return Result(
                gained: diff.gained, lost: diff.lost,
                counts: diff.counts.map { Count(scope: $0.scope, role: $0.role, kept: $0.kept, gained: $0.gained, lost: $0.lost) },
                examples: diff.examples.map(AccessPair.init))
        }
    }
}

/// The next of the pairs that change, a page at a time.
public struct AccessPairs: ReadsOnHost {
    public static let kind: OperationKind = "access.pairs"
    public typealias Result = [AccessPair]
    public let back: Bool
    public let after: AccessPair?
    public let limit: Int

    public init(back: Bool, after: AccessPair?, limit: Int) {
        self.back = back
        self.after = after
        self.limit = limit
    }

    public func read(_ host: HostSight) async throws -> [AccessPair] {
        let last = after.flatMap { pair in UUID(uuidString: pair.reader).flatMap { reader in UUID(uuidString: pair.memory).map { (reader, $0) } } }
        return try await host.looking { connection in
            try await AccessPair.requireStores(host, connection, back: back)
            return try await AccessDiff.pairs(connection, .init(), back ? .back : .forth, after: last, limit: limit).map(AccessPair.init)
        }
    }
}

/// One reader who gains or loses one memory.
public struct AccessPair: Sendable, Codable, Equatable {
    public let reader: String
    public let memory: String
    public let scope: String
    public let role: String
    public let gained: Bool

    public init(reader: String, memory: String, scope: String, role: String, gained: Bool) {
        self.reader = reader
        self.memory = memory
        self.scope = scope
        self.role = role
        self.gained = gained
    }

    init(_ pair: AccessDiff.Pair) {
        self.init(reader: pair.reader.lowercased, memory: pair.memory.lowercased, scope: pair.scope, role: pair.role, gained: pair.gained)
    }

    static func requireStores(_ host: HostSight, _ connection: PostgresConnection, back: Bool) async throws {
        guard try await connection.there("cutover.placed") else {
            throw StepFailure("the access change can be counted once change capture is in place", effect: .nothingChanged, next: "cutoverctl advance \(host.tenant) --to mirror.install")
        }
        if back { return }
        guard try await connection.there("public.agent_memories") else {
            throw StepFailure("the old table is away: only the way back changes who reads what", effect: .nothingChanged, next: "cutoverctl diff \(host.tenant) --access --back")
        }
    }
}
