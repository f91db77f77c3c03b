import CoreMetrics
import Cutover
import Metering
import Synchronization

/// A loop's account as metrics. What only grows is a counter, what stands is a gauge; no tenant has a series of its own.
final class RunMeters: Sendable {
    let registry = MetricsRegistry()
    private let plan: Plan
    private let tenants: [TenantID]
    /// What the counters have been brought to.
    private let told = Mutex([String: Double]())

    init(plan: Plan, tenants: [TenantID]) {
        self.plan = plan
        self.tenants = tenants
        for (name, help) in Self.helps { registry.describe(name, help) }
    }

    private static let helps = [
        "cutover_tenants": "Tenants by the state that status tells of them.",
        "cutover_tenants_doing": "Tenants by what their time passes with just now.",
        "cutover_tenant_seconds_total": "Seconds that tenants spent since this process began, by what they passed with: progress apart from waiting for a clock, the world, a person or a place.",
        "cutover_in_motion": "Tenants in motion.",
        "cutover_in_motion_limit": "Tenants that the plan allows in motion.",
        "cutover_exposed": "Tenants that live by what is not verified yet.",
        "cutover_exposed_limit": "Tenants that the plan allows to be exposed.",
        "cutover_failures": "What the failure budget is spent on.",
        "cutover_failures_limit": "The failure budget.",
        "cutover_drifted_tenants": "Tenants with a finished step that a later look found gone.",
        "cutover_steps_verified_total": "Steps verified by this process.",
        "cutover_steps_failed_total": "Steps that failed under this process.",
        "cutover_steps_unknown_total": "Outcomes that this process could not learn.",
        "cutover_asks_total": "Decisions taken and daily looks, for any tenant.",
        "cutover_rechecks_total": "Daily looks at a tenant's finished steps.",
        "cutover_drift_found_total": "Finished steps that a daily look found gone.",
        "cutover_journal_events_total": "Events that came into the journal while this process ran, its own and others'.",
        "cutover_retries_total": "Times that the loop waited out a journal out of reach.",
        "cutover_loop_turns_total": "Times that the loop looked what is to be done.",
        "cutover_loop_lag_seconds": "How much later than it was due the newest turn of a tenant began.",
        "cutover_loop_lag_worst_seconds": "The most of that so far.",
        "cutover_loop_in_trouble": "1 while the loop itself can't go on.",
    ]

    /// The text of a scrape.
    func scrape(_ account: RunAccount, now: Timestamp) -> String {
        let picture = account.picture(now)
        stand(picture)
        grow(picture)
        return registry.text
    }

    private func stand(_ picture: RunAccount.Picture) {
        func gauge(_ name: String, _ value: Double, _ labels: [(String, String)] = []) { Gauge(label: name, dimensions: labels, factory: registry).record(value) }
        let statuses = tenants.compactMap { picture.statuses[$0] }
        var states = statuses.reduce(into: [TenantStatus.State: Int]()) { $0[$1.state, default: 0] += 1 }
        states[.pending, default: 0] += tenants.count - statuses.count
        for state in TenantStatus.State.allCases { gauge("cutover_tenants", Double(states[state] ?? 0), [("state", state.rawValue)]) }
        let doing = tenants.reduce(into: [RunAccount.Doing: Int]()) { counts, tenant in if let doing = picture.doing(tenant) { counts[doing, default: 0] += 1 } }
        for one in RunAccount.Doing.allCases { gauge("cutover_tenants_doing", Double(doing[one] ?? 0), [("doing", one.rawValue)]) }
        let spending = Spending(statuses, under: plan.rollout)
        gauge("cutover_in_motion", Double(spending.inMotion))
        gauge("cutover_in_motion_limit", Double(plan.rollout.atOnce))
        gauge("cutover_exposed", Double(spending.exposed))
        gauge("cutover_exposed_limit", Double(plan.rollout.exposed))
        gauge("cutover_failures", Double(spending.failures))
        gauge("cutover_failures_limit", Double(plan.rollout.failureBudget))
        gauge("cutover_drifted_tenants", Double(statuses.count { $0.drift != nil }))
        gauge("cutover_loop_lag_seconds", picture.lagSeconds)
        gauge("cutover_loop_lag_worst_seconds", picture.worstLagSeconds)
        gauge("cutover_loop_in_trouble", picture.trouble == nil ? 0 : 1)
    }

    private func grow(_ picture: RunAccount.Picture) {
        let names: [(RunAccount.Count, String)] = [
            (.verified, "cutover_steps_verified_total"), (.failed, "cutover_steps_failed_total"), (.unknown, "cutover_steps_unknown_total"), (.asked, "cutover_asks_total"),
            (.rechecked, "cutover_rechecks_total"), (.drifted, "cutover_drift_found_total"), (.appended, "cutover_journal_events_total"), (.retried, "cutover_retries_total"),
            (.turns, "cutover_loop_turns_total"),
        ]
        for (count, name) in names { bring(name, [], to: Double(picture.counts[count] ?? 0)) }
        for doing in RunAccount.Doing.allCases { bring("cutover_tenant_seconds_total", [("doing", doing.rawValue)], to: picture.seconds[doing] ?? 0) }
    }

    /// Two scrapes at once add no amount twice.
    private func bring(_ name: String, _ labels: [(String, String)], to total: Double) {
        let counter = FloatingPointCounter(label: name, dimensions: labels, factory: registry)
        told.withLock { told in
            let key = "\(name) \(labels.map(\.1))"
            let more = total - (told[key] ?? 0)
            counter.increment(by: max(0, more))
            told[key] = max(total, told[key] ?? 0)
        }
    }
}
