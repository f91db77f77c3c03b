import Foundation

/// What a lab remembers of itself: ports, secrets, what is seeded.
struct LabRecord: Codable, Sendable {
    struct Tenant: Codable, Sendable {
        let id: String
        let database: String
        let password: String
        let serverPort: Int
        /// In the server's settings from the start, and nothing listens on it, as it was in production.
        let deadPluginPort: Int
        let pluginPort: Int
        let authSecret: String
        let archiveKey: String
        let rows: Int
        let seed: UInt64
        var seeded = false
    }

    var formatVersion = 1
    /// Whose programs run the cluster; remembered, so that `down` works from anywhere.
    var postgresBundle: String?
    var postgresFolder: String
    var postgresPort: Int
    /// Of the cluster in which the plugins have databases of their own; nil where their tables lie beside the tenants'.
    var pluginPostgresFolder: String?
    var pluginPostgresPort: Int?
    /// Of the plugin that serves all tenants, and its database; nil where each tenant has one of its own.
    var centralPluginPort: Int?
    var centralPluginPassword: String?
    /// Of the control plane's database; nil in a lab that was made without one.
    var controlPlanePassword: String?
    /// Of the lab's OpenSSH server; nil where hosts are not reached by one.
    var sshPort: Int?
    /// Of the lab's SSM endpoint; nil where hosts are not reached by one.
    var ssmPort: Int?
    var ssmKey: LabSSMKey?
    var tenants: [Tenant] = []

    var transport: LabTransport { ssmPort != nil ? .ssm : sshPort != nil ? .ssh : .local }

    static func load(_ layout: LabLayout) throws -> LabRecord? {
        guard let data = FileManager.default.contents(atPath: layout.record) else { return nil }
        return try JSONDecoder().decode(LabRecord.self, from: data)
    }

    func save(_ layout: LabLayout) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let url = URL(fileURLWithPath: layout.record)
        try encoder.encode(self).write(to: url, options: .atomic)
        chmod(layout.record, 0o600)
    }
}
