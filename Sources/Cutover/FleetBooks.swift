/// Where the tenants of a fleet stand, kept in step with the journal: what is asked again and again is read once, and then only what is new.
///
/// It goes by the stored status lines, as far as they count; else the stream is folded. What they say is compared with a fold of the stream when
/// the tenant is first asked.
actor FleetBooks {
    private let engine: Engine
    private let tenants: Set<TenantID>
    private let account: RunAccount
    private var mark: JournalMark?
    private var stands: [TenantID: Stand] = [:]
    private var statuses: [TenantID: TenantStatus] = [:]
    /// Whose lines were there when the loop began, and have not been compared with their streams yet.
    private var unproven: Set<TenantID> = []
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

    func stand(_ tenant: TenantID) -> Stand? { stands[tenant] }

    /// What the tenant's next decision takes from the rollout's allowances; all of it, where it has not begun.
    func needs(_ tenant: TenantID) -> Needs {
        guard let stand = stands[tenant], stand.hasBegun else { return [.place, .exposure] }
        return stand.needs(at: engine.time.now)
    }

    /// For a decision on who may begin: as the journal is now.
    func scene(_ seen: FleetStanding) async throws(EngineError) -> Rollout.Scene {
        try await refresh()
        return Rollout.Scene(
            plan: engine.plan, catalog: engine.catalog, fleet: engine.fleet, opened: seen.waves, stands: stands, now: engine.time.now,
            statuses: statuses.filter { stands[$0.key]?.hasBegun == true }, holds: seen.holds)
    }

    /// Compares a line that was found with the stream that it is of, once. True when the line was wrong: the books hold what the stream says then.
    func prove(_ tenant: TenantID) async throws(EngineError) -> Bool {
        guard unproven.remove(tenant) != nil else { return false }
        let before = stands[tenant]
        let status = try await engine.standing(of: tenant).status(under: engine.plan, catalog: engine.catalog)
        // What has come in meanwhile was read from a line of its own.
        guard let stand = status.stand, stand.revision == before?.revision, stand != before || status != statuses[tenant] else { return false }
        keep(tenant, stand, status)
        return true
    }

    // MARK: - Non public

    private func refresh() async throws(EngineError) {
        let (news, lines): (JournalNews, [TenantLine])
        do {
            news = try await engine.journal.news(since: mark)
            // What comes in between is news again the next time.
            lines = news.streams.isEmpty ? [] : try await engine.journal.lines(of: news.isAll ? nil : Set(news.streams.map { TenantID($0.text) }))
        } catch { throw .journal(error) }
        if news.isAll {
            for tenant in stands.keys where !news.streams.contains(StreamID(tenant)) {
                (stands[tenant], statuses[tenant]) = (nil, nil)
                changed.insert(tenant)
            }
        }
        let known = Dictionary(lines.map { ($0.status.tenant, $0) }) { first, _ in first }
        for stream in news.streams {
            if stream == .fleet {
                isFleetNews = true
                continue
            }
            let tenant = TenantID(stream.text)
            guard tenants.contains(tenant) else { continue }
            if let line = known[tenant], let stand = line.stand(under: engine.plan) {
                guard keep(tenant, stand, line.status) else { continue }
                if mark == nil { unproven.insert(tenant) }
            } else {
                let status = try await engine.standing(of: tenant).status(under: engine.plan, catalog: engine.catalog)
                guard let stand = status.stand, keep(tenant, stand, status) else { continue }
            }
            changed.insert(tenant)
        }
        mark = news.mark
    }

    /// False when that was known.
    @discardableResult
    private func keep(_ tenant: TenantID, _ stand: Stand, _ status: TenantStatus) -> Bool {
        if stand == stands[tenant], status == statuses[tenant] { return false }
        account.appended(stand.revision - (stands[tenant]?.revision ?? stand.revision))
        (stands[tenant], statuses[tenant]) = (stand, status)
        account.stands(status)
        return true
    }
}
