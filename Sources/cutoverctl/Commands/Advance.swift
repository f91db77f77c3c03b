import ArgumentParser
import Cutover

struct Advance: Command {
    static let configuration = CommandConfiguration(
        abstract: "Takes tenants forward as far as nothing stands in the way.",
        discussion: """
            Named tenants go at once; without names, or with a wave, those go that waves and budget admit. A named tenant that was taken back
            or has failed is opened again first.
            """)

    @OptionGroup var chosen: TenantOptions
    @Option(help: "Stop when this step, or the last of this phase, is verified: A2/backfill.verify, or A1.")
    var to: String?
    @Flag(name: .customLong("one-step"), help: "Stop when each tenant's next step is verified.")
    var oneStep = false
    @Flag(help: "Wait for clocks (windows, soaks, grace periods) as well.")
    var wait = false
    @OptionGroup var stream: StreamOptions
    @OptionGroup var inputs: InputOptions

    func validate() throws {
        if oneStep, to != nil { throw ValidationError("--one-step and --to can't both say where to stop") }
    }

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try await Wiring(inputs, console).site(ifMissing: .begin, asking: false)
        let tenants = try site.choice.tenants(chosen.tenants, wave: chosen.wave)
        let target = try to.map { text throws(CommandFailure) in try site.choice.step(text).id }
        try await PlanGuard(journal: site.journal, plan: site.plan).requireAdopted(tenants)
        let isNamed = !chosen.tenants.isEmpty
        let loop = Loop(site: site, console: console, jsonLines: stream.jsonLines, interrupts: Interrupts())
        if isNamed {
            for tenant in tenants { try await loop.reopen(tenant, "advance") }
        }
        var outcomes: [TenantID: FleetRun.Outcome] = [:]
        for (target, group) in try await targets(tenants, target, site) {
            let terms = Loop.Terms(target: target, byWaves: !isNamed, waitForClocks: wait, patienceSeconds: 2)
            outcomes.merge(try await loop.run(group, terms)) { _, new in new }
        }
        return loop.status(outcomes, of: tenants)
    }

    /// Tenants by the step to stop at. With `--one-step` each has its own.
    private func targets(_ tenants: [TenantID], _ target: StepID?, _ site: Wiring.Site) async throws -> [(StepID?, [TenantID])] {
        guard oneStep else { return [(target, tenants)] }
        var groups: [(StepID?, [TenantID])] = []
        for tenant in tenants {
            let standing = try await site.engine.standing(of: tenant)
            let next = site.plan.steps.first { standing.position(of: $0.id) != .verified }?.id
            if let index = groups.firstIndex(where: { $0.0 == next }) { groups[index].1.append(tenant) } else { groups.append((next, [tenant])) }
        }
        return groups
    }
}
