import Cutover
import DataPath
import Host
import Postgres

extension HostSight {
    /// A read-only session with the tenant's own database, joined with the plugin's where that is another.
    func database(_ table: LegacyTable = .memories) async throws -> PostgresConnection { try await session(readOnly: true, "cutover-reading", table) }

    /// A session with the tenant's own database; where both stores were found to lie in two databases, it is joined with the plugin's, as
    /// looks at that table need it.
    func session(readOnly: Bool = false, _ name: String, _ table: LegacyTable = .memories) async throws -> PostgresConnection {
        let connection = try await PostgresConnection.connect(try env().require("DATABASE_URL"), readOnly: readOnly, applicationName: name)
        do {
            if try await LaneSettings.read(connection, table.dataPath).lane == .separate { try await join(connection, readOnly: readOnly, name, table) }
            return connection
        } catch {
            await connection.close()
            throw error
        }
    }

    /// Without the plugin's tables, before it was started or after it was taken away, there is nothing to be joined with.
    func join(_ connection: PostgresConnection, readOnly: Bool = false, _ name: String, _ table: LegacyTable) async throws {
        let far = try await pluginDatabase(readOnly: readOnly, name)
        guard try await far.there("memory_plugin.memory_records") else { return await far.close() }
        try await SecondDatabase.join(connection, far, table.dataPath, readOnly: readOnly)
    }

    /// A session with the plugin's own database. Its URL is in the host's env file, as the tenant's is.
    func pluginDatabase(readOnly: Bool = false, _ name: String) async throws -> PostgresConnection {
        try await PostgresConnection.connect(try env().require("MEMORY_PLUGIN_DATABASE_URL"), readOnly: readOnly, applicationName: name)
    }

    /// Runs `body` on a read-only session and closes it.
    func looking<Value: Sendable>(_ table: LegacyTable = .memories, _ body: (PostgresConnection) async throws -> Value) async throws -> Value {
        try await closing(try await database(table), body)
    }
}

extension HostHand {
    /// Runs `body` on a session that may write, and closes it.
    func writing<Value: Sendable>(_ table: LegacyTable = .memories, _ body: (PostgresConnection) async throws -> Value) async throws -> Value {
        try await closing(try await sight.session("cutover-writing", table), body)
    }
}

/// Runs `body` and closes the session.
func closing<Value: Sendable>(_ connection: PostgresConnection, _ body: (PostgresConnection) async throws -> Value) async throws -> Value {
    do {
        let value = try await body(connection)
        await connection.close()
        return value
    } catch {
        await connection.close()
        throw error
    }
}

extension PostgresConnection {
    func there(_ regclass: String) async throws -> Bool {
        try query("SELECT to_regclass($1) IS NOT NULL AS there", [.text(regclass)])[0].bool("there")
    }
}
