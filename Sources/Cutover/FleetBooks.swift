/// Where the tenants of a fleet stand, kept in step with the journal: what is asked again and again is read once, and then only what is new.
actor FleetBooks {
    private let engine: Engine
    private let tenants: Set<TenantID>
    private let account: RunAccount
    private var mark: JournalMark?
    private var standings: [TenantID: Standing] = [:]
    /// Of those that have begun.
    private var statuses: [TenantID: TenantStatus] = [:]
    private var changed: Set<TenantID> = []
    private var isFleetNews = false

    /// - Parameter tenants: whose streams are of interest.
    init(_ engine: Engine, of tenants: [TenantID], _ account: RunAccount) {
        self.engine = engine
        self.tenants = Set(tenants)
        self.account = account
    }

    struct News: Sendable {
        let tenants: Set<TenantID>
        /// Something came into the fleet's own stream.
        let isFleet: Bool
        var isNone: Bool { tenants.isEmpty && !isFleet }
    }

    /// What has come in since the last time.
    func news() async throws(EngineError) -> News {
        try await refresh()
        defer { (changed, isFleetNews) = ([], false) }
        return News(tenants: changed, isFleet: isFleetNews)
    }

    func standing(_ tenant: TenantID) -> Standing? { standings[tenant] }

    /// What the tenant's next decision takes from the rollout's allowances; all of it, where it has not begun.
    func needs(_ tenant: TenantID) -> Needs {
        guard let standing = standings[tenant], let status = statuses[tenant], standing.planDigest != nil else { return [.place, .exposure] }
        return standing.needs(status, under: engine.plan, catalog: engine.catalog, now: engine.time.now)
    }

    /// For a decision on who may begin: as the journal is now.
    func scene(_ seen: FleetStanding) async throws(EngineError) -> Rollout.Scene {
        try await refresh()
        return Rollout.Scene(
            plan: engine.plan, catalog: engine.catalog, fleet: engine.fleet, opened: seen.waves, standings: standings, now: engine.time.now,
            statuses: statuses.filter { standings[$0.key]?.planDigest != nil }, holds: seen.holds)
    }

    private func refresh() async throws(EngineError) {
        let news: JournalNews
        do { news = try await engine.journal.news(since: mark) } catch { throw .journal(error) }
        for stream in news.streams {
            if stream == .fleet {
                isFleetNews = true
                continue
            }
            let tenant = TenantID(stream.text)
            guard tenants.contains(tenant) else { continue }
            let standing = try await engine.standing(of: tenant)
            guard standing.revision != standings[tenant]?.revision || standing.head != standings[tenant]?.head else { continue }
            let status = standing.status(under: engine.plan, catalog: engine.catalog)
            account.appended(standing.revision - (standings[tenant]?.revision ?? standing.revision))
            (standings[tenant], statuses[tenant]) = (standing, status)
            account.stands(status)
            changed.insert(tenant)
        }
        mark = news.mark
    }
}
