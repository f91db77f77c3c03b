import Foundation

/// Brings a lab up: what runs is left, what is missing is started, data is kept.
public struct LabRaising {
    public var tenants = 3
    public var rows = 2052
    public var seed: UInt64 = 1
    public var withAgents = true
    /// The plugins get databases of their own, in a second cluster. Decided when the lab is first made.
    public var separatePluginDatabase = false
    /// One plugin for all tenants, run by the lab. Decided when the lab is first made.
    public var centralPlugin = false
    /// Nil leaves it as it was; local at first.
    public var transport: LabTransport?
    let layout: LabLayout
    private let say: (String) -> Void

    /// - Parameter say: told each thing done, one line each.
    public init(root: String, say: @escaping (String) -> Void) {
        layout = LabLayout(root: root)
        self.say = say
    }

    public func raise() throws {
        let environment = ProcessInfo.processInfo.environment
        var record = try LabRecord.load(layout) ?? firstRecord()
        if record.postgresBundle == nil || environment["CUTOVER_PG"] != nil {
            // Before anything is made: without a PostgreSQL nothing can be.
            record.postgresBundle = try PostgresBundle.find(environment: environment, program: Programs.present().own).folder
        }
        try FileManager.default.createDirectory(atPath: layout.root, withIntermediateDirectories: true)
        addTenants(to: &record)
        chooseTransport(&record)
        if record.controlPlanePassword == nil { record.controlPlanePassword = Self.secret(12) }
        try record.save(layout)
        var lab = try Lab(layout: layout, record: record, environment: environment)
        try lab.cluster.createIfMissing()
        try lab.cluster.startIfStopped()
        say("postgres    127.0.0.1:\(lab.cluster.port)")
        if let plugins = lab.pluginCluster {
            try plugins.createIfMissing()
            try plugins.startIfStopped()
            say("postgres    127.0.0.1:\(plugins.port), the plugins' own")
        }
        if let plugin = lab.centralPlugin {
            try plugin.startIfStopped(lab.cluster)
            say("plugin      \(plugin.url), all tenants'")
        }
        try ControlPlaneMaking(layout: layout, cluster: lab.cluster, password: record.controlPlanePassword ?? "").make(lab.record.tenants)
        for index in lab.record.tenants.indices {
            try raise(&lab, index)
        }
        if let port = lab.record.sshPort {
            let ssh = LabSSH(layout: layout, port: port)
            try ssh.startIfStopped()
            say("ssh         127.0.0.1:\(port)  export CUTOVER_SSH_CONFIG=\(ssh.config)")
        }
        if let ssm = lab.ssm {
            try ssm.startIfStopped()
            say("ssm         127.0.0.1:\(ssm.port)  . \(ssm.env)")
        }
        let fleet = FleetFile.text(layout, tenants: lab.record.tenants.map(\.id), transport: lab.record.transport)
        try fleet.write(toFile: layout.fleetFile, atomically: true, encoding: .utf8)
        say("fleet       \(layout.fleetFile)")
    }

    // MARK: - Non public

    private func firstRecord() throws -> LabRecord {
        var ports = FreePorts(layout, taken: [])
        let reachable = try Unprivileged.needed() == nil || Unprivileged.canReach(layout.root)
        if !reachable {
            say("note        PostgreSQL's account cannot get into \(layout.root): the cluster lies in \(layout.refuge)")
        }
        let place = reachable ? layout.root : layout.refuge
        var record = LabRecord(postgresFolder: place + "/postgres", postgresPort: ports.take())
        if centralPlugin { (record.centralPluginPort, record.centralPluginPassword) = (ports.take(), Self.secret(12)) }
        if separatePluginDatabase { (record.pluginPostgresFolder, record.pluginPostgresPort) = (place + "/plugin-postgres", ports.take()) }
        return record
    }

    private func unpromised(_ record: LabRecord) -> FreePorts {
        let promised = record.tenants.flatMap { [$0.serverPort, $0.deadPluginPort, $0.pluginPort] } + [record.postgresPort]
        return FreePorts(layout, taken: Set(promised + [record.pluginPostgresPort, record.centralPluginPort, record.sshPort, record.ssmPort].compactMap { $0 }))
    }

    private func chooseTransport(_ record: inout LabRecord) {
        guard let transport, transport != record.transport else { return }
        var ports = unpromised(record)
        (record.sshPort, record.ssmPort, record.ssmKey) = (nil, nil, nil)
        switch transport {
        case .local: break
        case .ssh: record.sshPort = ports.take()
        case .ssm: (record.ssmPort, record.ssmKey) = (ports.take(), .random())
        }
    }

    private func addTenants(to record: inout LabRecord) {
        var ports = unpromised(record)
        for index in record.tenants.count..<max(tenants, record.tenants.count) {
            let id = TenantNames.name(index)
            record.tenants.append(
                .init(
                    id: id, database: id.replacing("-", with: "_"), password: Self.secret(12), serverPort: ports.take(),
                    deadPluginPort: ports.take(), pluginPort: ports.take(), authSecret: Self.secret(16), archiveKey: Self.secret(32),
                    rows: rows, seed: seed))
        }
    }

    private static func secret(_ bytes: Int) -> String {
        var random = SystemRandomNumberGenerator()
        return Hex.text((0..<bytes).map { _ in UInt8.random(in: 0...255, using: &random) })
    }

    private func raise(_ lab: inout Lab, _ index: Int) throws {
        let tenant = lab.record.tenants[index]
        let folder = layout.tenant(tenant.id)
        if !tenant.seeded {
            try TenantMaking(layout: layout, cluster: lab.cluster, pluginCluster: lab.pluginCluster, record: tenant, programs: lab.programs, centralPluginURL: lab.centralPlugin?.url).make()
            lab.record.tenants[index].seeded = true
            try lab.record.save(layout)
        }
        let env = try TenantEnv(file: folder.env)
        try WorkspaceServerProcess(env: env).startIfStopped()
        if withAgents { try AgentsProcess(layout: layout, tenant: tenant.id, programs: lab.programs).startIfStopped() }
        say("\(tenant.id.padding(toLength: 12, withPad: " ", startingAt: 0))\(env["WORKSPACE_SERVER_URL"])  env \(folder.env)")
    }
}
