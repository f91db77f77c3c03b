import Foundation

/// Makes one tenant: database and role, rows, account, host folder.
struct TenantMaking {
    let layout: LabLayout
    let cluster: PostgresCluster
    let pluginCluster: PostgresCluster?
    let record: LabRecord.Tenant
    let programs: Programs
    var centralPluginURL: String?

    private var folder: TenantFolder { layout.tenant(record.id) }

    var databaseURL: String { url(cluster) }

    private func url(_ cluster: PostgresCluster) -> String {
        "postgresql://\(record.database):\(record.password)@127.0.0.1:\(cluster.port)/\(record.database)?sslmode=disable"
    }

    /// From nothing; whatever an earlier try left half-made is thrown away first.
    func make() throws {
        let tenant = TenantSeed.make(tenant: record.id, rows: record.rows, seed: record.seed)
        try makeFolders()
        try makeDatabase(cluster)
        if let pluginCluster {
            try makeDatabase(pluginCluster)
            try PostgresConnection(url: url(pluginCluster)).run("CREATE EXTENSION vector")
        }
        try SeedLoader(connection: PostgresConnection(url: databaseURL)).load(tenant)
        try AccountBase(tenant).write(to: folder)
        try environment(probe: tenant.probeWorkspace, fresh: tenant.freshWorkspace).write(to: folder.env)
    }

    // MARK: - Non public

    private func makeFolders() throws {
        for path in [folder.path, folder.host, folder.account, layout.vault(record.id), layout.keyValueVault(record.id)] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
    }

    /// The role may do all the migration needs; in the lab that is simply everything.
    private func makeDatabase(_ cluster: PostgresCluster) throws {
        let admin = PostgresConnection(url: cluster.adminURL())
        let name = record.database
        try admin.run("DROP DATABASE IF EXISTS \"\(name)\" WITH (FORCE)")
        try admin.run("DROP ROLE IF EXISTS \"\(name)\"")
        try admin.run("CREATE ROLE \"\(name)\" LOGIN SUPERUSER PASSWORD '\(record.password)'")
        try admin.run("CREATE DATABASE \"\(name)\" OWNER \"\(name)\"")
    }

    private func environment(probe: String, fresh: String) throws -> TenantEnv {
        let server = try programs.sibling(WorkspaceServerProcess.program)
        var plugins = pluginCluster.map { ["MEMORY_PLUGIN_DATABASE_URL": url($0)] } ?? [:]
        plugins["CENTRAL_PLUGIN_URL"] = centralPluginURL
        return TenantEnv(values: plugins.merging([
            "DATABASE_URL": databaseURL,
            "MEMORY_PLUGIN_URL": "http://127.0.0.1:\(record.deadPluginPort)",
            "LISTEN_ADDR": "127.0.0.1:\(record.serverPort)",
            "AUTH_SECRET": record.authSecret,
            "WORKSPACE_SERVER_URL": "http://127.0.0.1:\(record.serverPort)",
            "WORKSPACE_SERVER_COMMAND": server,
            "STRICT_SERVER_COMMAND": "\(server) --strict",
            "WORKSPACE_SERVER_PIDFILE": folder.serverPID,
            "WORKSPACE_SERVER_LOG": folder.serverLog,
            "PLUGIN_COMMAND": try programs.sibling("lab-plugin"),
            "PLUGIN_LISTEN": "127.0.0.1:\(record.pluginPort)",
            "PROBE_WORKSPACE_ID": probe,
            "PROBE_WORKSPACE_TOKEN": WorkspaceToken.make(secret: record.authSecret, workspace: probe),
            "FRESH_WORKSPACE_ID": fresh,
            "FRESH_WORKSPACE_TOKEN": WorkspaceToken.make(secret: record.authSecret, workspace: fresh),
            "ARCHIVE_DIR": layout.vault(record.id),
            "KV_ARCHIVE_DIR": layout.keyValueVault(record.id),
            "ARCHIVE_KEY": record.archiveKey,
        ]) { own, _ in own })
    }
}
