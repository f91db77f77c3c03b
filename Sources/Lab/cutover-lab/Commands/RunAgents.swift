import ArgumentParser
import LabKit

/// What the process of a tenant's agents runs; people type `agents start`.
struct RunAgents: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "run-agents", shouldDisplay: false)

    @OptionGroup var lab: LabRoot

    @Argument var tenant: String

    func run() throws { try AgentsProgram(root: lab.root, tenant: tenant).run() }
}
