import ArgumentParser
import Cutover

struct Apply: Command {
    static let configuration = CommandConfiguration(
        abstract: "Carries out exactly a saved preview, once.",
        discussion: """
            The preview has to be of this plan, and every tenant has to stand where it was shown, with the same answers of its gates; row counts
            may differ. What has changed is told tenant by tenant and nothing is begun (exit code 3), unless --valid-only goes on with the tenants
            that are as they were (4 then). The gates are asked once more before each step, as always.

            A preview is used up before anything of it is done. Whoever comes second, or again after a crash, previews anew.
            """)

    @Argument(help: "What cutoverctl preview -o wrote.")
    var file: String
    @Flag(name: .customLong("valid-only"), help: "Go on with the tenants that still stand as they were shown.")
    var validOnly = false
    @Flag(help: "Wait for clocks (windows, soaks, grace periods) as well.")
    var wait = false
    @OptionGroup var stream: StreamOptions
    @OptionGroup var inputs: InputOptions

    func carryOut(_ console: Console) async throws -> CommandExit {
        let saved = try SavedPreviewFile.read(file)
        let site = try await Wiring(inputs, console).site(ifMissing: .begin, asking: false)
        if let use = try await site.engine.use(of: saved) { throw EngineError.previewUsed(use) }
        try judgePlan(saved, site.plan)
        let tenants = saved.tenants.map(\.tenant)
        guard !tenants.isEmpty else {
            throw CommandFailure("no tenant is selected", why: "\(file) shows none", next: "cutoverctl preview -o FILE")
        }
        try await PlanGuard(journal: site.journal, plan: site.plan).requireAdopted(tenants, next: "cutoverctl adopt --preview, cutoverctl adopt, then preview again")
        let standing = try await stillStanding(saved, tenants, site, console)
        let refused = try await site.engine.spend(saved, on: standing)
        for (tenant, why) in refused.sorted(by: { $0.key < $1.key }) { tell(tenant, [why], console) }
        let going = standing.filter { refused[$0] == nil }
        let loop = Loop(site: site, console: console, jsonLines: stream.jsonLines, interrupts: Interrupts())
        if !saved.byWaves {
            for tenant in going { try await loop.reopen(tenant, "apply") }
        }
        let target = saved.to.flatMap(site.plan.step(named:))?.id
        // What was not shown is not done.
        let placing = site.engine.handStep?.place
        let renewed = Set(saved.tenants.filter { $0.steps.contains { $0.step == placing } }.map(\.tenant))
        let terms = Loop.Terms(target: target, byWaves: saved.byWaves, waitForClocks: wait, patienceSeconds: 2, renewsHand: { renewed.contains($0) })
        let outcomes = try await loop.run(going, terms)
        let left = tenants.count - going.count
        return .worst(of: [loop.status(outcomes, of: going)] + (left == 0 ? [] : [.partlyDone]))
    }

    private func judgePlan(_ saved: SavedPreview, _ plan: Plan) throws(CommandFailure) {
        if saved.planDigest == plan.digest { return }
        throw CommandFailure(
            "the preview is of another plan",
            why: "it shows \(saved.planName) revision \(saved.planRevision) (\(saved.planDigest.prefix(12))), and the plan named is \(plan.name) revision \(plan.revision) (\(plan.digest.prefix(12)))",
            next: "name the plan that was previewed with --plan, or preview again: cutoverctl preview -o FILE", status: .inTheWay)
    }

    /// Those that are as they were shown. Throws when that is nobody, or not everybody and everybody is wanted; nothing is used up then.
    private func stillStanding(_ saved: SavedPreview, _ tenants: [TenantID], _ site: Wiring.Site, _ console: Console) async throws -> [TenantID] {
        let engine = site.engine
        let changes = try await eachTenant(tenants) { try await engine.changes(of: $0, since: saved) }
        var standing: [TenantID] = []
        for (tenant, changes) in zip(tenants, changes) {
            if changes.isEmpty { standing.append(tenant) } else { tell(tenant, changes, console) }
        }
        let count = tenants.count - standing.count
        if count == 0 || (validOnly && !standing.isEmpty) { return standing }
        throw CommandFailure(
            "nothing was begun", why: "\(count) of \(tenants.count) tenants \(count == 1 ? "has" : "have") changed since the preview of \(saved.at)",
            next: standing.isEmpty ? "cutoverctl preview -o FILE" : "cutoverctl preview -o FILE, or add --valid-only for the \(standing.count) that have not", status: .inTheWay)
    }

    private func tell(_ tenant: TenantID, _ changes: [String], _ console: Console) {
        let view = ChangedView(tenant: tenant, changes: changes)
        if stream.jsonLines, let line = try? view.jsonLine() { console.show(line) } else { console.show(view.human(console.paint)) }
    }
}
