public import ArgumentParser
public import LabKit

extension LabTransport: ExpressibleByArgument {}

struct Up: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start the lab, or what is missing of it; data already there is kept.")

    @OptionGroup var lab: LabRoot

    @Option(help: "How many tenants.")
    var tenants = 3

    @Option(help: "Rows of v1 memory per tenant, when it is first made.")
    var rows = 2052

    @Option(help: "The same seed makes the same rows.")
    var seed: UInt64 = 1

    @Flag(help: "Start no agents.")
    var noAgents = false

    @Flag(help: "Give the plugins databases of their own, in a second PostgreSQL, when the lab is first made.")
    var separatePluginDatabase = false

    @Option(help: "sidecar, a plugin for each tenant, or central, one for all of them that the lab runs; when the lab is first made.")
    var topology = Topology.sidecar

    enum Topology: String, ExpressibleByArgument, CaseIterable { case sidecar, central }

    @Option(help: "How the fleet file says that hosts are reached: local, ssh or ssm. Left out, it stays as it was; local at first.")
    var transport: LabTransport?

    func validate() throws {
        guard (1...60).contains(tenants) else { throw ValidationError("--tenants must be between 1 and 60") }
        guard rows >= 0 else { throw ValidationError("--rows must not be negative") }
    }

    func run() throws {
        var raising = LabRaising(root: lab.root) { print($0) }
        raising.tenants = tenants
        raising.rows = rows
        raising.seed = seed
        raising.withAgents = !noAgents
        raising.separatePluginDatabase = separatePluginDatabase
        raising.centralPlugin = topology == .central
        raising.transport = transport
        try raising.raise()
    }
}
