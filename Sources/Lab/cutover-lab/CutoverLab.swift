import ArgumentParser

/// A real fleet on this machine, to migrate for trial.
@main
struct CutoverLab: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cutover-lab",
        abstract: "A real fleet on this machine: PostgreSQL, workspace servers, agents at work, and a referee.",
        subcommands: [Up.self, Down.self, Status.self, Agents.self, Referee.self, SSM.self, RunAgents.self, RunSSM.self])
}

/// Where the lab lies.
struct LabRoot: ParsableArguments {
    @Option(help: "The lab's folder.")
    var root = ".lab"
}
