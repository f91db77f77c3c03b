import Cutover

/// The fleet as the journal had it at a moment: folded from what was recorded by then, each tenant under the plan that it had adopted then.
///
/// Tenants are those of today's fleet file, and those that the journal knew and the file lists no more. Whether a process was alive at the
/// moment is not on record, so a step under way is told as running; neither is a hold file.
struct PastStatus {
    let site: Wiring.Site
    let moment: Timestamp

    func view() async throws -> StatusView {
        let journal = PastJournal(journal: site.journal, moment: moment)
        let streams = try await site.journal.streams().filter { $0 != .fleet }
        let listed = Set(site.fleet.tenants.map(\.id))
        let fleetThen = try await engine(under: site.plan, of: site.fleet, journal).fleetStanding()
        let identity = try await journal.identity()
        // Read once each: a fleet has few plans and many tenants.
        let plans = fleetThen.plans.keys.reduce(into: [:]) { $0[$1] = fleetThen.plan($1) }
        var statuses: [TenantStatus] = []
        var newest: Plan?
        for stream in streams {
            let tenant = TenantID(stream.text)
            let events = try await journal.events(in: stream, after: 0)
            if events.isEmpty { continue }
            if statuses.isEmpty { try await PlanGuard(journal: journal, plan: site.plan).requireSamePlan(tenant) }
            var standing = Standing(tenant, genesis: Event.genesis(of: stream, in: identity))
            for event in events { standing.apply(event) }
            let plan = standing.planDigest.flatMap { plans[$0] } ?? site.plan
            statuses.append(standing.status(under: plan, catalog: site.engine.catalog))
            if standing.planDigest != nil, plan.revision > newest?.revision ?? 0 { newest = plan }
        }
        // Those who have left the fleet since had a place in it then.
        let gone = statuses.map(\.tenant).filter { !listed.contains($0) }.map { TenantHost(id: $0, host: "", transport: "", labels: [:], env: "", state: "") }
        return try await view(statuses, under: newest ?? site.plan, Fleet(tenants: site.fleet.tenants + gone, others: site.fleet.others), fleetThen, journal)
    }

    // MARK: - Non public

    private func view(_ statuses: [TenantStatus], under plan: Plan, _ fleet: Fleet, _ fleetThen: FleetStanding, _ journal: PastJournal) async throws -> StatusView {
        let engine = engine(under: plan, of: fleet, journal)
        let waves = TenantChoice(fleet: fleet, plan: plan, opened: fleetThen.waves).waves.flatMap { entry in entry.tenants.map { ($0, entry.wave.name) } }
        let names = Dictionary(waves, uniquingKeysWith: { first, _ in first })
        let report = StatusReport(plan: plan, fleet: fleet, statuses: statuses, holdOver: try await engine.holdsOverAll()) { names[$0] ?? "" }
        var waivers: [TenantID: [Waiver]] = [:]
        for tenant in report.tenants where tenant.waivers != nil { waivers[tenant.tenant] = try await engine.waivers(of: tenant.tenant) }
        return StatusView(report: report, waivers: waivers, strangers: [], at: moment)
    }

    /// One that can only ask the record, and whose clock stands at the moment.
    private func engine(under plan: Plan, of fleet: Fleet, _ journal: PastJournal) -> Engine {
        Engine(
            plan: plan, fleet: fleet, catalog: site.engine.catalog, journal: journal, time: StandingTime(now: moment), me: "-", holder: LeaseHolder(name: "-", seconds: 1)
        ) { _ in nil }
    }
}
