import ArgumentParser
import Cutover

struct Check: Command {
    static let configuration = CommandConfiguration(
        abstract: "Asks the world again about finished steps.", discussion: "Exits with 2 when a finished step is no longer in place.")

    @OptionGroup var chosen: TenantOptions
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try Wiring(inputs, console).site(ifMissing: .standIn, asking: true)
        let tenants = try site.choice.tenants(chosen.tenants, wave: chosen.wave)
        for tenant in tenants { try await PlanGuard(journal: site.journal, plan: site.plan).requireSamePlan(tenant) }
        let engine = site.engine
        let view = CheckView(tenants: try await eachTenant(tenants) { CheckView.Tenant(tenant: $0, steps: try await engine.check($0)) })
        console.show(output.json ? try view.json() : view.human(console.paint))
        return view.status
    }
}
