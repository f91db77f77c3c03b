public import Cutover
import DataPath
import Foundation
public import Host
import Postgres

/// Puts change capture back where somebody switched it off or replaced a table, and looks at every memory again: what happened meanwhile was not captured.
public struct CaptureAnew: ActsOnHost {
    public static let kind: OperationKind = "capture.anew"
    public static let once = Once.convergent
    public struct Result: Sendable, Codable {
        /// Ids queued for a look.
        public let queued: Int
    }
    /// Memories that were in step and are absent from one store now count as forgotten there. Without it that is refused.
    public let acceptingAbsent: Bool

    public let table: LegacyTable

    public init(acceptingAbsent: Bool, table: LegacyTable) {
        self.acceptingAbsent = acceptingAbsent
        self.table = table
    }

    public func act(_ host: HostHand) async throws -> Result {
        do {
            let queued = try await host.writing(table) { connection in
                guard try await connection.there("\(table.schema).control") else {
                    throw DataPathError.notInstalled("change capture")
                }
                try await Control.raiseFence(to: Int64(host.fence), connection, table.dataPath)
                let before = try await LogState.read(connection, table.dataPath).highest
                try await Capture(table.dataPath).install(connection, acceptingAbsent: acceptingAbsent)
                return try await LogState.read(connection, table.dataPath).highest - before
            }
            try await WatchAlerts(host: host.sight, table: table).settleTruncations()
            return Result(queued: queued)
        } catch DataPathError.refused(let why) {
            throw StepFailure(why, effect: .nothingChanged, next: "bring them back first, or say that they are forgotten: cutoverctl recapture \(host.sight.tenant) --reason TEXT --confirm \(host.sight.tenant)")
        } catch DataPathError.notInstalled(let what) {
            throw StepFailure("\(what) is not installed", effect: .nothingChanged, next: "cutoverctl advance \(host.sight.tenant) --to mirror.install")
        }
    }
}
