import Postgres
import ProgramsTestKit

extension Cluster {
    /// A new database with both stores' tables and nothing in them.
    func makeStores(_ database: String) async throws -> String {
        let connection = try await PostgresConnection.connect(url())
        try await connection.execute("DROP DATABASE IF EXISTS \(database) WITH (FORCE)")
        try await connection.execute("CREATE DATABASE \(database)")
        await connection.close()
        let stores = try await PostgresConnection.connect(url(database))
        try await stores.execute(StoreTables.create)
        await stores.close()
        return url(database)
    }

    /// Drops the database with whoever is still connected to it.
    func drop(_ database: String) async throws {
        let connection = try await PostgresConnection.connect(url())
        try await connection.execute("DROP DATABASE IF EXISTS \(database) WITH (FORCE)")
        await connection.close()
    }
}
