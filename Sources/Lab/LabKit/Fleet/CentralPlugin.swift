import Foundation

/// The one plugin of a lab whose tenants share it: a process and a database that are no tenant's.
struct CentralPlugin {
    private static let database = "central_plugin"
    let layout: LabLayout
    let port: Int
    let password: String
    let programs: Programs

    private var folder: String { "\(layout.root)/plugin" }
    var url: String { "http://127.0.0.1:\(port)" }

    func databaseURL(_ cluster: PostgresCluster) -> String {
        "postgresql://\(Self.database):\(password)@127.0.0.1:\(cluster.port)/\(Self.database)?sslmode=disable"
    }

    func startIfStopped(_ cluster: PostgresCluster) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let admin = PostgresConnection(url: cluster.adminURL())
        if try admin.query("SELECT 1 FROM pg_database WHERE datname = '\(Self.database)'").isEmpty {
            try admin.run("DROP ROLE IF EXISTS \(Self.database)")
            try admin.run("CREATE ROLE \(Self.database) LOGIN SUPERUSER PASSWORD '\(password)'")
            try admin.run("CREATE DATABASE \(Self.database) OWNER \(Self.database)")
            try PostgresConnection(url: databaseURL(cluster)).run("CREATE EXTENSION vector")
        }
        if RunningProcess(pidFile: "\(folder)/pid")?.program == "lab-plugin" { return }
        let pid = try Spawn.detached(
            [try programs.sibling("lab-plugin")], environment: ["MEMORY_PLUGIN_DATABASE_URL": databaseURL(cluster), "MEMORY_PLUGIN_LISTEN_ADDR": "127.0.0.1:\(port)"],
            log: "\(folder)/log")
        try Data("\(pid)\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/pid"), options: .atomic)
        for _ in 0..<500 {
            if (try? CurlClient().send(WebCall(method: "GET", url: "\(url)/v1/health", timeoutMilliseconds: 1_000)))?.status == 200 { return }
            usleep(20_000)
        }
        throw Spawn.Failed(description: "the central plugin did not come up; see \(folder)/log")
    }
}

extension Lab {
    /// Nil where each tenant has a plugin of its own.
    var centralPlugin: CentralPlugin? {
        guard let port = record.centralPluginPort, let password = record.centralPluginPassword else { return nil }
        return CentralPlugin(layout: layout, port: port, password: password, programs: programs)
    }
}
