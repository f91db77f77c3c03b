import Cutover

/// What advance, run and revert share: the loop, its telling, and the exit status in the end.
struct Loop {
    let site: Wiring.Site
    let console: Console
    let jsonLines: Bool
    let interrupts: Interrupts
    /// Who tells of a loop that may run for weeks; nil: outcomes are printed, and bars on a terminal.
    var teller: RunTeller?

    struct Terms: Sendable {
        var target: StepID?
        /// Only tenants that waves and budget admit.
        var byWaves: Bool
        var waitForClocks: Bool
        /// For how long nothing but gates that time may open is waited for.
        var patienceSeconds: Int
        /// On whose host this build of the program is put where another one stands.
        var renewsHand: @Sendable (TenantID) -> Bool = { _ in true }
        var manner = FleetRun.Manner()
    }

    private static let pollMilliseconds = 500

    func run(_ tenants: [TenantID], _ terms: Terms) async throws(EngineError) -> [TenantID: FleetRun.Outcome] {
        try await site.engine.keepPlan()
        let (console, jsonLines, interrupts) = (console, jsonLines, interrupts)
        let (teller, account) = (teller, terms.manner.account)
        let bars = ProgressBars.onStandardError()
        let spectator = Spectator(
            told: { ref, progress in if teller == nil { bars.told(ref.tenant, progress) } else { account.told(ref, progress) } }, isLeaving: { interrupts.isStopping })
        let run = FleetRun(
            engine: site.engine.watched(by: spectator), tenants: tenants, target: terms.target, byWaves: terms.byWaves, renewsHand: terms.renewsHand, pollMilliseconds: Self.pollMilliseconds,
            manner: terms.manner, isStopping: { interrupts.isStopping }
        ) { tenant, outcome in
            if let teller { return teller.outcome(tenant, outcome) }
            bars.end(tenant)
            let view = ProgressView(tenant: tenant, outcome: outcome)
            if jsonLines, let line = try? view.jsonLine() { console.show(line) } else { console.show(view.human(console.paint)) }
        }
        return try await run.run(waitForClocks: terms.waitForClocks, patience: terms.patienceSeconds * 1000 / Self.pollMilliseconds)
    }

    /// A tenant that was taken back or has failed goes forward again only when somebody says so.
    func reopen(_ tenant: TenantID, _ what: String) async throws(EngineError) {
        let state = try await site.engine.standing(of: tenant).status(under: site.plan, catalog: Wiring.catalog).state
        guard state == .reverted || state == .failed else { return }
        try await site.engine.reopen(tenant, reason: "\(what) by \(site.engine.me)")
        console.note("\(tenant): opened again")
    }

    /// The exit status of the outcomes; stopped before the end is partly done.
    func status(_ outcomes: [TenantID: FleetRun.Outcome], of tenants: [TenantID]) -> CommandExit {
        var statuses = outcomes.values.map(\.status)
        let isOver = tenants.allSatisfy { outcomes[$0]?.isFinal ?? false }
        if interrupts.isStopping, !isOver { statuses.append(.partlyDone) }
        return .worst(of: statuses)
    }
}

