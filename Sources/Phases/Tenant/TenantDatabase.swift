import Cutover
import Host
import Postgres

extension HostSight {
    /// A read-only session with the tenant's own database.
    func database() async throws -> PostgresConnection {
        try await PostgresConnection.connect(try env().require("DATABASE_URL"), readOnly: true, applicationName: "cutover-reading")
    }

    /// Runs `body` on a read-only session and closes it.
    func looking<Value: Sendable>(_ body: (PostgresConnection) async throws -> Value) async throws -> Value {
        let connection = try await database()
        do {
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }
}

extension HostHand {
    /// Runs `body` on a session that may write, and closes it.
    func writing<Value: Sendable>(_ body: (PostgresConnection) async throws -> Value) async throws -> Value {
        let url = try sight.env().require("DATABASE_URL")
        let connection = try await PostgresConnection.connect(url, applicationName: "cutover-writing")
        do {
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }
}

extension PostgresConnection {
    func there(_ regclass: String) async throws -> Bool {
        try query("SELECT to_regclass($1) IS NOT NULL AS there", [.text(regclass)])[0].bool("there")
    }
}
