import ArgumentParser
import Cutover

struct Why: Command {
    static let configuration = CommandConfiguration(abstract: "What keeps a tenant from going on, since when, and who can clear it.")

    @Argument(help: "The tenant.")
    var tenant: String
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try Wiring(inputs, console).site(ifMissing: .standIn, asking: true)
        let tenant = try site.choice.tenant(tenant)
        try await PlanGuard(journal: site.journal, plan: site.plan).requireSamePlan(tenant)
        let view = WhyView(reason: try await site.engine.why(tenant))
        console.show(output.json ? try view.json() : view.human(console.paint))
        return .done
    }
}
