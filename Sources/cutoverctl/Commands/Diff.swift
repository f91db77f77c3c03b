import ArgumentParser
import Cutover

struct Diff: Command {
    static let configuration = CommandConfiguration(
        abstract: "What differs between a tenant's two stores: who can read which memory, with --access.",
        usage: "cutoverctl diff TENANT --access [--back] [--list]")

    @Argument(help: "The tenant.")
    var tenant: String
    @Flag(help: "Who gains and who loses what, counted in pairs of reader and memory.")
    var access = false
    @Flag(help: "With --access: what a way back would change, from the new store's rules to the old one's.")
    var back = false
    @Flag(help: "With --access: every pair that changes, one a line, as they are found.")
    var list = false
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if !access { throw ValidationError("say what is compared: --access") }
    }

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try Wiring(inputs, console).site(ifMissing: .standIn, asking: true)
        let tenant = try site.choice.tenant(tenant)
        let questions = MemoryQuestions(engine: site.engine)
        if list {
            try await questions.eachAccessPair(of: tenant, back: back) { pair in
                console.show(try output.json ? AccessView.jsonLine(pair) : AccessView.line(pair))
            }
        } else {
            let view = AccessView(report: try await questions.access(of: tenant, back: back))
            console.show(output.json ? try view.json() : view.human(console.paint))
        }
        return .done
    }
}
