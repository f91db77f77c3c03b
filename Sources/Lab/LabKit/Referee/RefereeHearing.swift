import Foundation

/// Pauses the agents, compares their accounts with a store until both agree or patience ends, lets the agents go on.
public struct RefereeHearing {
    public var excepted: Set<String> = []
    public var patienceSeconds = 30.0
    public var leavesPaused = false
    private let lab: Lab
    private let tenants: [LabRecord.Tenant]
    private let store: Store

    /// - Parameter tenants: none means all of the lab's.
    public init(root: String, tenants: [String], store: Store) throws {
        lab = try Lab.open(root: root)
        self.tenants = try lab.tenants(tenants)
        self.store = store
    }

    public func hear() throws -> [TenantVerdict] {
        try tenants.map(hear)
    }

    // MARK: - Non public

    private func hear(_ tenant: LabRecord.Tenant) throws -> TenantVerdict {
        let folder = lab.layout.tenant(tenant.id)
        let agents = AgentsProcess(layout: lab.layout, tenant: tenant.id, programs: lab.programs)
        let wasPaused = agents.isPaused
        try agents.pause()
        defer { if !wasPaused, !leavesPaused { agents.resume() } }
        let account = try Account(folder: folder)
        let env = try TenantEnv(file: folder.env)
        let connection = PostgresConnection(url: env["DATABASE_URL"])
        let plugins = PostgresConnection(url: lab.centralPlugin?.databaseURL(lab.cluster) ?? env.pluginDatabaseURL)
        let end = Date.now.addingTimeInterval(patienceSeconds)
        var verdict = look(tenant.id, account, connection, plugins)
        // A trial under way has a probe in the store; one that was left behind is there each time.
        var lasting = Set(verdict.probesLeft)
        // Whoever keeps the stores in step may be a moment behind.
        while !(verdict.isOK && lasting.isEmpty), Date.now < end {
            usleep(500_000)
            verdict = look(tenant.id, account, connection, plugins)
            lasting.formIntersection(verdict.probesLeft)
        }
        verdict.probesLeft.removeAll { !lasting.contains($0) }
        return verdict
    }

    private func look(_ tenant: String, _ account: Account, _ connection: PostgresConnection, _ plugins: PostgresConnection) -> TenantVerdict {
        do {
            let reading = try StoreReading.read(store, connection, plugins: plugins, isShared: lab.centralPlugin != nil)
            return Judgement.judge(
                tenant: tenant, store: store, truths: account.memories, stored: reading.memories, tree: reading.tree,
                excepted: excepted)
        } catch {
            var verdict = TenantVerdict(tenant: tenant, store: store.rawValue)
            verdict.error = "\(error)"
            return verdict
        }
    }
}
