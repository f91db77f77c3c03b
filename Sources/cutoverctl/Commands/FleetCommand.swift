import ArgumentParser
import Cutover

struct FleetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet", abstract: "The fleet file beside what the control plane and Systems Manager list.", subcommands: [FleetCheck.self, FleetImport.self])
}

extension Inventory.Source: ExpressibleByArgument {}

/// Whom to ask what the fleet is.
struct InventoryOptions: ParsableArguments {
    @Option(help: "org_instances or ssm; can be given twice. Default: every one the fleet file has something of.")
    var from: [Inventory.Source] = []
    @Option(name: .customLong("control-plane"), help: "The host under `hosts:` whose env file names the control plane's database. Default: the one labelled role: control-plane.")
    var controlPlane: String?
}

struct FleetCheck: Command {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Compares the fleet file with what the control plane and Systems Manager list.",
        discussion: """
            Exits with 2 when they differ: each difference is shown, none is explained away. The control plane is asked by this program,
            which is put on its host first where it does not stand yet.
            """)

    @Argument(help: "Only these tenants; what is in no fleet is left out then.")
    var tenants: [String] = []
    @OptionGroup var inventory: InventoryOptions
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions

    func carryOut(_ console: Console) async throws -> CommandExit {
        let wiring = try Wiring(inputs, console)
        let whole = try wiring.fleet()
        let chosen = try chosen(whole)
        let sources = InventorySources(fleet: whole, roads: wiring.roads, controlPlane: inventory.controlPlane, systemsManager: wiring.systemsManager)
        var lists: [Inventory] = []
        for source in try sources.sources(inventory.from) { lists.append(try await sources.take(source)) }
        if !tenants.isEmpty {
            lists = lists.map { list in
                Inventory(source: list.source, instances: list.instances.filter { FleetDrift.tenant(of: $0, chosen, list.source) != nil || $0.tenant.map(tenants.contains) ?? false })
            }
        }
        let view = FleetDriftView(tenants: chosen.tenants.count, compared: lists, drift: FleetDrift(chosen, lists))
        console.show(output.json ? try view.json() : view.human(console.paint))
        return view.status
    }

    private func chosen(_ fleet: Fleet) throws(CommandFailure) -> Fleet {
        for name in tenants where fleet.host(of: TenantID(name)) == nil { throw TenantChoice.unknown(name, among: fleet.tenants.map(\.id.text)) }
        return tenants.isEmpty ? fleet : Fleet(tenants: fleet.tenants.filter { tenants.contains($0.id.text) }, others: fleet.others)
    }
}
