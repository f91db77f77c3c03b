import ArgumentParser
import Cutover
import Phases

struct Matrix: Command {
    static let configuration = CommandConfiguration(
        abstract: "Which store serves reads and writes of each tenant now, asked at the doors themselves.",
        discussion: """
            A probe memory is committed through the agents' door, found where it lies, looked for behind every door that reads, and forgotten again;
            that it was is recorded. Under a plan that moves keys and values their door is asked as well, with a probe key. The journal is not asked.
            Exits with 6 when a tenant could not be asked.
            """)

    /// One tenant's host does not keep the others waiting.
    private static let askSeconds = 60

    @OptionGroup var chosen: TenantOptions
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try await Wiring(inputs, console).site(ifMissing: .begin, asking: false)
        let tenants = try site.choice.tenants(chosen.tenants, wave: chosen.wave)
        for tenant in tenants { try await PlanGuard(journal: site.journal, plan: site.plan).requireSamePlan(tenant) }
        let engine = site.engine.asking(within: Self.askSeconds)
        let view = MatrixView(tenants: try await eachTenant(tenants) { tenant in
            switch try await engine.tryOut(tenant, AskDoors(tables: LegacyTable.of(site.plan)), reason: "who serves it now") {
            case .success(let doors): MatrixView.Tenant(tenant: tenant, doors: doors)
            case .failure(let failure): MatrixView.Tenant(tenant: tenant, why: failure.what)
            }
        })
        console.show(output.json ? try view.json() : view.human(console.paint))
        return view.status
    }
}
