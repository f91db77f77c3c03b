import DataPath
import Foundation
import LabKit
import Postgres

/// Where the benches run: a durable server of their own, and databases filled with the lab's mix.
actor Ground {
    nonisolated let cluster: BenchCluster
    /// How many rows v1 has; 100,000 unless `ROWS` says another number.
    nonisolated let rows: Int
    private var templates: Set<Int> = []

    init(cluster: BenchCluster, rows: Int) {
        self.cluster = cluster
        self.rows = rows
    }

    /// A new database `name`, with v1 full and v2 empty, all indexes on both; with `capture`, our triggers and tables as well.
    /// - Returns: its URL.
    func database(_ name: String, rows: Int? = nil, capture: Bool = true) async throws -> String {
        let template = try await template(rows ?? self.rows)
        let admin = try await PostgresConnection.connect(cluster.url(), applicationName: "bench-admin")
        try await admin.execute("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
        try await admin.execute("CREATE DATABASE \(name) TEMPLATE \(template) STRATEGY FILE_COPY")
        await admin.close()
        if capture {
            let connection = try await PostgresConnection.connect(cluster.url(name), applicationName: "bench-admin")
            try await Capture().install(connection)
            await connection.close()
        }
        return cluster.url(name)
    }

    func drop(_ name: String) async throws {
        let admin = try await PostgresConnection.connect(cluster.url(), applicationName: "bench-admin")
        try await admin.execute("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
        await admin.close()
    }

    // MARK: - Non public

    private func template(_ rows: Int) async throws -> String {
        let name = "seed_\(rows)"
        if !templates.insert(rows).inserted { return name }
        tell("making \(rows) rows")
        let admin = try await PostgresConnection.connect(cluster.url(), applicationName: "bench-admin")
        try await admin.execute("DROP DATABASE IF EXISTS \(name)")
        try await admin.execute("CREATE DATABASE \(name)")
        await admin.close()
        let url = cluster.url(name)
        // Blocking libpq has no place on the cooperative pool.
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            Thread.detachNewThread { done.resume(with: Result { try SeededStores.fill(url: url, rows: rows) }) }
        }
        let connection = try await PostgresConnection.connect(url, applicationName: "bench-admin")
        try await connection.execute("VACUUM (ANALYZE)")
        try await connection.execute("CHECKPOINT")
        await connection.close()
        return name
    }
}
