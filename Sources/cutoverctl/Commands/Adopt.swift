import ArgumentParser
import Cutover

struct Adopt: Command {
    static let configuration = CommandConfiguration(
        abstract: "Lets tenants under way take up a newer revision of the plan; --preview tells what that changes.",
        discussion: """
            Nothing is done to any host: what the next steps are, and who must agree to them, follows the new revision from then on. It is refused
            for a tenant with a step in doubt, for one that is held, and for a revision that is older than the tenant's.
            """)

    @OptionGroup var chosen: TenantOptions
    @Flag(help: "Only tell what would change; changes nothing.")
    var preview = false
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try await Wiring(inputs, console).site(ifMissing: .refuse, asking: preview)
        let tenants = try site.choice.tenants(chosen.tenants, wave: chosen.wave)
        let behind = try await PlanGuard(journal: site.journal, plan: site.plan).behind(tenants)
        var adoptions: [Adoption] = []
        for tenant in behind {
            if let adoption = try await site.engine.adoption(of: tenant) { adoptions.append(adoption) }
        }
        let view = AdoptionView(adoptions: adoptions)
        console.show(output.json ? try view.json() : view.human(console.paint))
        if preview { return view.isRefused ? .inTheWay : .done }
        try await site.engine.keepPlan()
        var statuses: [CommandExit] = []
        for adoption in adoptions {
            let why = try await site.engine.adopt(adoption.tenant)
            statuses.append(why == nil ? .done : .inTheWay)
            console.note(why.map { "\(adoption.tenant): not adopted: \($0)" } ?? "\(adoption.tenant): adopted plan \(site.plan.name) revision \(site.plan.revision)")
        }
        if statuses.contains(.done), statuses.contains(.inTheWay) { statuses.append(.partlyDone) }
        return .worst(of: statuses)
    }
}
