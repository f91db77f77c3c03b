import ArgumentParser
import Cutover

struct Revert: Command {
    static let configuration = CommandConfiguration(
        abstract: "Takes tenants back to a step, which stays in place; `--to start` undoes everything.",
        discussion: "Going back past env.wire, where agents were handed over, wants --confirm with the tenant (or the wave) once more.")

    /// Taking this step back moves agents to the old store again.
    static let handOver: StepKind = "env.wire"

    @OptionGroup var chosen: TenantOptions
    @Option(help: "The last step to keep, such as A1/backfill.copy, or start.")
    var to: String
    @Option(help: "Why; it is recorded.")
    var reason = ""
    @Option(help: "The tenant (or wave) once more.")
    var confirm: String?
    @OptionGroup var stream: StreamOptions
    @OptionGroup var inputs: InputOptions

    func validate() throws {
        if chosen.tenants.isEmpty, chosen.wave == nil { throw ValidationError("name a tenant or --wave") }
    }

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try await Wiring(inputs, console).site(ifMissing: .refuse, asking: false)
        let tenants = try site.choice.tenants(chosen.tenants, wave: chosen.wave)
        let target = to == "start" ? nil : try site.choice.step(to)
        try await PlanGuard(journal: site.journal, plan: site.plan)
            .requireAdopted(tenants, next: "name the revision that the tenant has adopted with --plan")
        var affected: [TenantID] = []
        for tenant in tenants {
            let back = try await stepsBack(tenant, to: target, site)
            if back.isEmpty {
                console.note("\(tenant): nothing after \(target?.place ?? "the start") is in place")
                continue
            }
            try judge(back)
            affected.append(tenant)
        }
        guard !affected.isEmpty else {
            throw CommandFailure("there is nothing to take back", why: "no selected tenant has got past \(target?.place ?? "the start")", next: "cutoverctl status")
        }
        for tenant in affected {
            try await site.engine.requestRevert(tenant, to: target?.id, reason: reason.isEmpty ? "asked by \(site.engine.me)" : reason)
        }
        let loop = Loop(site: site, console: console, jsonLines: stream.jsonLines, interrupts: Interrupts())
        let outcomes = try await loop.run(affected, Loop.Terms(byWaves: false, waitForClocks: false, patienceSeconds: 10))
        return loop.status(outcomes, of: affected)
    }

    /// The steps after the target of which anything may be in place.
    private func stepsBack(_ tenant: TenantID, to target: PlannedStep?, _ site: Wiring.Site) async throws -> [PlannedStep] {
        let standing = try await site.engine.standing(of: tenant)
        let after = target.flatMap { target in site.plan.steps.firstIndex { $0.id == target.id } }.map { site.plan.steps.index(after: $0) } ?? 0
        return site.plan.steps[after...].filter { step in
            switch standing.position(of: step.id) {
            case .pending, .reverted: false
            default: true
            }
        }
    }

    private func judge(_ back: [PlannedStep]) throws(CommandFailure) {
        guard let handOver = back.first(where: { $0.spec.kind == Self.handOver }) else { return }
        let subject = chosen.wave ?? chosen.tenants.joined(separator: ",")
        guard confirm != subject else { return }
        throw CommandFailure(
            "this goes back past \(handOver.place)", why: "agents would be served from the old store again: it has to be confirmed by naming \(subject) once more",
            next: "add --confirm \(subject)", status: .usage)
    }
}
