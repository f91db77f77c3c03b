public import Cutover
import DataPath
import Foundation
public import Host
import Postgres

/// A person's choice between two texts, under the condition that they are still those he saw.
public struct SettleConflict: ActsOnHost {
    public static let kind: OperationKind = "conflict.settle"
    public static let once = Once.convergent
    public struct Result: Sendable, Codable {
        public let settled: Bool
        /// The memory had an embedding of a text that is replaced, and has none now.
        public let droppedEmbedding: Bool
    }

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
        let id = try memory(id)
        let dropped = try await host.choosing(table) { settling, connection in
            switch settling {
            case .bySQL(let resolution): return try await resolution.settle(id, seen1: seen1, seen2: seen2, keep: choice, connection)
            case .overHTTP(let resolution):
                let had = try await resolution.hasEmbedding(id, connection)
                try await resolution.settle(id, seen1: seen1, seen2: seen2, keep: choice, connection)
                return had && choice != .v1
            }
        }
        return Result(settled: true, droppedEmbedding: dropped)
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
        let id = try memory(id)
        try await host.choosing(table) { settling, connection in
            guard case .bySQL(let resolution) = settling else { throw DataPathError.refused("over HTTP no twins are looked for") }
            try await resolution.settleTwin(id, keep: choice, connection)
        }
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
        let fence = Int64(host.fence)
        try await host.choosing(table) { _, connection in
            guard try await Resolution(fence: fence, settings: table.dataPath).purge(number, connection) else { throw DataPathError.refused("no kept text has the number \(number)") }
        }
        return Result(purged: true)
    }
}

/// A person's word about a row that changed in a plugin reached over HTTP: an agent forgot or edited it (v2), or the plugin lost it (v1).
public struct SettleChanged: ActsOnHost {
    public static let kind: OperationKind = "changed.settle"
    public static let once = Once.convergent
    public struct Result: Sendable, Codable { public let settled: Bool }

    public let id: String
    /// v1 or v2.
    public let keep: String
    public let table: LegacyTable

    public init(id: String, keep: String, table: LegacyTable) {
        self.id = id
        self.keep = keep
        self.table = table
    }

    public func act(_ host: HostHand) async throws -> Result {
        let id = try memory(id)
        let choice: Resolution.Choice = keep == "v1" ? .v1 : .v2
        guard ["v1", "v2"].contains(keep) else { throw DataPathError.refused("\(keep) is neither v1 nor v2") }
        try await host.choosing(table) { settling, connection in
            guard case .overHTTP(let resolution) = settling else { throw DataPathError.refused("nothing is listed as changed in the plugin where looks see its tables") }
            try await resolution.settleChanged(id, keep: choice, connection)
        }
        return Result(settled: true)
    }
}

/// Where a choice is carried out.
private enum Settling {
    case bySQL(Resolution)
    case overHTTP(RemoteResolution)
}

private func memory(_ id: String) throws(DataPathError) -> UUID {
    guard let uuid = UUID(uuidString: id) else { throw .refused("\(id) is no memory's id") }
    return uuid
}

extension HostHand {
    /// What is refused has changed nothing.
    fileprivate func choosing<Answer: Sendable>(_ table: LegacyTable, _ body: (Settling, PostgresConnection) async throws -> Answer) async throws -> Answer {
        do {
            return try await writing { connection in
                guard try await connection.there("\(table.schema).conflicts") else { throw DataPathError.refused("nothing is kept in step for this tenant yet") }
                let lane = try await StoreLane.of(connection, table)
                if lane.isHTTP { return try await body(.overHTTP(RemoteResolution(lane.settings, records: lane.records, fence: Int64(fence))), connection) }
                try await Control.raiseFence(to: Int64(fence), connection, table.dataPath)
                return try await body(.bySQL(Resolution(fence: Int64(fence), settings: table.dataPath)), connection)
            }
        } catch DataPathError.refused(let why) {
            throw StepFailure(why, effect: .nothingChanged, next: "cutoverctl exceptions \(sight.tenant)")
        }
    }
}
