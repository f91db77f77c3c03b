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

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try Wiring(inputs, console).site(ifMissing: .standIn, asking: true)
        let tenant = try site.choice.tenant(tenant)
        let view = ExceptionsView(report: try await MemoryQuestions(engine: site.engine).exceptions(of: tenant))
        if ids {
            let text = view.ids()
            if !text.isEmpty { console.show(text) }
        } else {
            console.show(output.json ? try view.json() : view.human(console.paint))
        }
        return .done
    }
}
