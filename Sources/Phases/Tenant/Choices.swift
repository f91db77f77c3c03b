public import Cutover
import DataPath
import Foundation
public import Host
import Postgres

/// A person's choice between two texts, under the condition that they are still those he saw.
public struct SettleConflict: ActsOnHost {
    public static let kind: OperationKind = "conflict.settle"
    public static let once = Once.convergent
    public struct Result: Sendable, Codable { public let settled: Bool }

    public enum Keep: Sendable, Codable, Equatable { case v1, v2, text(String) }

    public let id: String
    /// Digests of the two rows as they were listed.
    public let seen1: String
    public let seen2: String
    public let keep: Keep
    public let table: LegacyTable

    public init(id: String, seen1: String, seen2: String, keep: Keep, table: LegacyTable) {
        self.table = table
        self.id = id
        self.seen1 = seen1
        self.seen2 = seen2
        self.keep = keep
    }

    public func act(_ host: HostHand) async throws -> Result {
        let choice: Resolution.Choice =
            switch keep {
            case .v1: .v1
            case .v2: .v2
            case .text(let text): .text(text)
            }
        try await host.choosing(table) { try await $0.settle(try memory(id), seen1: seen1, seen2: seen2, keep: choice, $1) }
        return Result(settled: true)
    }
}

/// A person's choice between two rows that seem to be one memory.
public struct SettleTwin: ActsOnHost {
    public static let kind: OperationKind = "twin.settle"
    public static let once = Once.convergent
    public struct Result: Sendable, Codable { public let settled: Bool }

    /// The one that is listed.
    public let id: String
    /// v1, v2 or both.
    public let keep: String
    public let table: LegacyTable

    public init(id: String, keep: String, table: LegacyTable) {
        self.table = table
        self.id = id
        self.keep = keep
    }

    public func act(_ host: HostHand) async throws -> Result {
        guard let choice = Resolution.TwinChoice(rawValue: keep) else { throw DataPathError.refused("\(keep) is neither v1, v2 nor both") }
        try await host.choosing(table) { try await $0.settleTwin(try memory(id), keep: choice, $1) }
        return Result(settled: true)
    }
}

/// Takes the texts out of a record that was kept when a forget overran an edit.
public struct PurgeKept: ActsOnHost {
    public static let kind: OperationKind = "kept.purge"
    public static let once = Once.convergent
    public struct Result: Sendable, Codable { public let purged: Bool }

    public let number: Int
    public let table: LegacyTable

    public init(number: Int, table: LegacyTable) {
        self.number = number
        self.table = table
    }

    public func act(_ host: HostHand) async throws -> Result {
        try await host.choosing(table) { choice, connection in
            guard try await choice.purge(number, connection) else { throw DataPathError.refused("no kept text has the number \(number)") }
        }
        return Result(purged: true)
    }
}

private func memory(_ id: String) throws(DataPathError) -> UUID {
    guard let uuid = UUID(uuidString: id) else { throw .refused("\(id) is no memory's id") }
    return uuid
}

extension HostHand {
    /// What is refused has changed nothing.
    fileprivate func choosing(_ table: LegacyTable, _ body: (Resolution, PostgresConnection) async throws -> Void) async throws {
        do {
            try await writing { connection in
                guard try await connection.there("\(table.schema).conflicts") else { throw DataPathError.refused("nothing is kept in step for this tenant yet") }
                try await Control.raiseFence(to: Int64(fence), connection, table.dataPath)
                try await body(Resolution(fence: Int64(fence), settings: table.dataPath), connection)
            }
        } catch DataPathError.refused(let why) {
            throw StepFailure(why, effect: .nothingChanged, next: "cutoverctl exceptions \(sight.tenant)")
        }
    }
}
