import ArgumentParser
import PlanFiles

struct Lint: Command {
    static let configuration = CommandConfiguration(
        abstract: "Tells every problem of a plan, with line and fix.",
        discussion: """
            With a fleet named, waves that select production tenants by other labels than env are known as well. Every state that a tenant can come
            to under the plan is walked: one without a way on, or without a way back to the start, is a problem that names step and state.
            """)

    @Argument(help: "The plan file; the one named by --plan when left out.")
    var file: String?
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions

    func carryOut(_ console: Console) async throws -> CommandExit {
        let wiring = try Wiring(inputs, console)
        guard let path = file ?? wiring.inputs.plan else {
            throw CommandFailure("no plan is named", why: "lint judges one plan file", next: "cutoverctl lint PLAN", status: .usage)
        }
        let fleet = wiring.inputs.fleet == nil ? nil : try wiring.fleet()
        let (_, problems) = PlanFile.read(path: path, catalog: Wiring.catalog, fleet: fleet, goneAtOnce: 1)
        let view = LintView(path: path, problems: problems)
        console.show(output.json ? try view.json() : view.human(console.paint))
        return problems.isEmpty ? .done : .failed
    }
}
