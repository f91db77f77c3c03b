import Foundation

/// How a lab stands.
public struct LabStatus {
    public struct Tenant: Codable, Sendable {
        public let tenant: String
        public let server: String
        public let plugin: String
        public let agents: String
        /// Nil when the table is not there.
        public let v1: Int?
        public let v2: Int?
    }

    public let postgresIsUp: Bool
    /// Nil where hosts are not reached by SSM.
    public let ssmIsUp: Bool?
    public let tenants: [Tenant]

    public static func look(root: String) throws -> LabStatus {
        let lab = try Lab.open(root: root)
        let up = lab.cluster.isRunning
        let tenants = try lab.record.tenants.filter(\.seeded).map { try tenant($0, lab, postgresIsUp: up) }
        return LabStatus(postgresIsUp: up, ssmIsUp: lab.ssm?.isUp, tenants: tenants)
    }

    // MARK: - Non public

    private static func tenant(_ record: LabRecord.Tenant, _ lab: Lab, postgresIsUp: Bool) throws -> Tenant {
        let env = try TenantEnv(file: lab.layout.tenant(record.id).env)
        let agents = AgentsProcess(layout: lab.layout, tenant: record.id, programs: lab.programs)
        let plugins = Set([env["MEMORY_PLUGIN_URL"], "http://\(env["PLUGIN_LISTEN"])"])
        let connection = PostgresConnection(url: env["DATABASE_URL"])
        return Tenant(
            tenant: record.id,
            server: isUp(env["WORKSPACE_SERVER_URL"] + "/health") ? "up" : "down",
            plugin: plugins.contains { isUp($0 + "/v1/health") } ? "up" : "down",
            agents: agents.running == nil ? "stopped" : agents.isPaused ? "paused" : "running",
            v1: postgresIsUp ? count("public.agent_memories", connection) : nil,
            v2: postgresIsUp ? count("memory_plugin.memory_records", PostgresConnection(url: lab.centralPlugin?.databaseURL(lab.cluster) ?? env.pluginDatabaseURL)) : nil)
    }

    private static func isUp(_ url: String) -> Bool {
        (try? CurlClient().send(WebCall(method: "GET", url: url, timeoutMilliseconds: 1_000)))?.status == 200
    }

    private static func count(_ table: String, _ connection: PostgresConnection) -> Int? {
        (try? connection.query("SELECT count(*) AS rows FROM \(table)"))?.first?["rows"].flatMap { Int($0) }
    }
}
