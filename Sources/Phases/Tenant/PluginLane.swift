import DataPath
import Host
import Postgres

/// There is one plugin, whichever tables are moved into it: how it is reached was recorded for the memories, or for keys and values alone.
extension HostSight {
    private func recordedFor() async throws -> LegacyTable {
        let url = try env().require("DATABASE_URL")
        return try await closing(try await PostgresConnection.connect(url, readOnly: true, applicationName: "cutover-reading")) { connection in
            for table in LegacyTable.allCases where try await connection.there("\(table.schema).remembered") { return table }
            return .memories
        }
    }

    /// Runs `body` on a read-only session that reaches the plugin's tables, where any does, and closes it.
    func lookingAtPlugin<Value: Sendable>(_ body: (StoreLane, PostgresConnection) async throws -> Value) async throws -> Value {
        let table = try await recordedFor()
        return try await looking(table) { connection in
            var lane = try await StoreLane.of(connection, table)
            lane.table = .memories
            return try await body(lane, connection)
        }
    }
}

extension HostHand {
    /// Runs `body` on a session with the database in which v2's tables bear their own names, and closes it.
    func inV2<Value: Sendable>(_ body: (PostgresConnection) async throws -> Value) async throws -> Value {
        let isSeparate = try await sight.lookingAtPlugin { (lane, _) in lane.recorded.lane == .separate }
        return try await closing(isSeparate ? try await sight.pluginDatabase("cutover-writing") : try await second(), body)
    }
}
