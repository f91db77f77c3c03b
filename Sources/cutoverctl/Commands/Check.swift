import ArgumentParser
import Cutover

struct Check: Command {
    static let configuration = CommandConfiguration(
        abstract: "Asks the world again about finished steps.",
        discussion: """
            Exits with 2 when a finished step is no longer in place. With --reopen such steps are recorded as not in place, and the next advance
            does them anew, from the first on: for a host that somebody rebuilt from what it was before. What took something away for good
            (the drop, the purge) is never opened so.
            """)

    @OptionGroup var chosen: TenantOptions
    @Flag(help: "Open what is no longer in place, for the next advance.")
    var reopen = false
    @Option(help: "With --reopen: why; it is recorded.")
    var reason: String?
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if reopen, reason?.isEmpty ?? true { throw ValidationError("--reopen wants --reason TEXT") }
        if reopen, chosen.tenants.isEmpty, chosen.wave == nil { throw ValidationError("--reopen wants tenants or --wave") }
    }

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try await Wiring(inputs, console).site(ifMissing: reopen ? .refuse : .standIn, asking: !reopen)
        let tenants = try site.choice.tenants(chosen.tenants, wave: chosen.wave)
        let engine = site.engine
        let guarding = PlanGuard(journal: site.journal, plan: site.plan)
        if reopen {
            try await guarding.requireAdopted(tenants)
            return try await open(tenants, engine, console)
        }
        for tenant in tenants { try await guarding.requireSamePlan(tenant) }
        let view = CheckView(tenants: try await eachTenant(tenants) { CheckView.Tenant(tenant: $0, steps: try await engine.check($0)) })
        console.show(output.json ? try view.json() : view.human(console.paint))
        if view.status == .changesPending { console.note("to have it done anew: cutoverctl check TENANT --reopen --reason TEXT, then cutoverctl advance TENANT") }
        return view.status
    }

    /// One after the other: each takes its tenant's lease.
    private func open(_ tenants: [TenantID], _ engine: Engine, _ console: Console) async throws -> CommandExit {
        var found: [CheckView.Tenant] = []
        for tenant in tenants {
            let steps = try await engine.reopenDrifted(tenant, reason: reason ?? "").get()
            found.append(CheckView.Tenant(tenant: tenant, steps: steps))
            let opened = steps.filter { if case .unknown = $0.finding { false } else { !$0.finding.isInPlace } }.map(\.step)
            console.note(opened.isEmpty ? "\(tenant): nothing to open" : "\(tenant): open again: \(opened.joined(separator: ", ")); next: cutoverctl advance \(tenant)")
        }
        let view = CheckView(tenants: found)
        console.show(output.json ? try view.json() : view.human(console.paint))
        return view.status
    }
}
