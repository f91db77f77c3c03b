import ArgumentParser
import Cutover

struct Exceptions: Command {
    static let configuration = CommandConfiguration(abstract: "The rows of a tenant that wait for a person: what can't be moved, and what both stores changed.")

    @Argument(help: "The tenant.")
    var tenant: String
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Only the ids of what is not the same in both stores, one a line.")
    var ids = false
    @Flag(help: "Instead, the texts that were kept when a forget overran an edit.")
    var kept = false

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try await Wiring(inputs, console).site(ifMissing: .standIn, asking: true)
        let tenant = try site.choice.tenant(tenant)
        let questions = MemoryQuestions(engine: site.engine)
        let view = ExceptionsView(report: kept ? try await questions.kept(of: tenant) : try await questions.exceptions(of: tenant))
        if ids {
            let text = view.ids()
            if !text.isEmpty { console.show(text) }
        } else {
            console.show(output.json ? try view.json() : view.human(console.paint))
            if view.hasChoices { console.note("to settle one: cutoverctl resolve \(tenant) #|ID --keep v1|v2 --reason TEXT") }
        }
        return .done
    }
}
