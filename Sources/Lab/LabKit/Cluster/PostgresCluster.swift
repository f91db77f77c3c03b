import Foundation

/// The lab's own PostgreSQL: one cluster for all tenants of one lab.
struct PostgresCluster: Sendable {
    let bundle: PostgresBundle
    /// Holds `data`, `run` (the socket) and `postgres.log`.
    let folder: String
    let port: Int
    let account: Unprivileged?

    private var data: String { ClusterData(folder: folder).path }
    private var log: String { "\(folder)/postgres.log" }

    /// The socket's folder: a socket's path has room for about 100 characters.
    private var socketFolder: String {
        let own = "\(folder)/run"
        return own.utf8.count < 80 ? own : "/tmp/cutover-lab-\(port)"
    }

    /// The administrator's connection to one database.
    func adminURL(database: String = "postgres") -> String {
        "postgresql://lab@127.0.0.1:\(port)/\(database)?sslmode=disable&connect_timeout=5"
    }

    var isRunning: Bool { ClusterData(folder: folder).postmaster != nil }

    func createIfMissing() throws {
        guard !FileManager.default.fileExists(atPath: "\(data)/PG_VERSION") else { return }
        for path in [folder, socketFolder] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            account?.own(path)
        }
        // What a half-done initdb left would be refused by the next.
        try? FileManager.default.removeItem(atPath: data)
        try run([
            bundle.program("initdb"), "-D", data, "-U", "lab", "-A", "trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
        ])
        let settings = """

            listen_addresses = '127.0.0.1'
            port = \(port)
            unix_socket_directories = '\(socketFolder)'
            max_connections = 300
            shared_buffers = 128MB
            timezone = 'UTC'
            log_timezone = 'UTC'
            """
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(data)/postgresql.conf"))
        try file.seekToEnd()
        try file.write(contentsOf: Data((settings + "\n").utf8))
        try file.close()
    }

    func startIfStopped() throws {
        guard !isRunning else { return }
        try FileManager.default.createDirectory(atPath: socketFolder, withIntermediateDirectories: true)
        account?.own(socketFolder)
        do {
            try run([bundle.program("pg_ctl"), "-D", data, "-l", log, "-w", "-t", "60", "start"])
        } catch {
            let tail = (try? String(contentsOfFile: log, encoding: .utf8))?.split(separator: "\n").suffix(5) ?? []
            throw Spawn.Failed(description: "\(error)\n\(tail.joined(separator: "\n"))")
        }
    }

    private func run(_ arguments: [String]) throws {
        try Spawn.run(account?.command(arguments) ?? arguments, environment: bundle.environment)
    }
}
