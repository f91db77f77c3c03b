import ArgumentParser
import Cutover
import Foundation
import Host
import PlanFiles

struct FleetImport: Command {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Writes a fleet file with the running tenants that the control plane or Systems Manager lists.",
        discussion: """
            A tenant that the fleet file has already stays as it is, whatever is listed, and its hosts are kept. What can't be taken over and
            what differs is told; then the exit code is 2. The file that is read needs no tenants yet, only the control plane under `hosts:`.
            """)

    @Argument(help: "Only these tenants, by the name that is listed.")
    var tenants: [String] = []
    @Option(help: "How new tenants are reached: local, ssh or ssm.")
    var transport: String
    @Option(help: "The env file on a new tenant's host; TENANT in it becomes the tenant.")
    var env: String
    @Option(help: "The state folder on a new tenant's host; TENANT in it becomes the tenant.")
    var state = "/var/lib/cutover/TENANT"
    @Option(help: "A label for new tenants, such as env=production; can be given more than once.")
    var label: [String] = []
    @Option(name: .shortAndLong, help: "Where to; standard output when left out.")
    var output: String?
    @OptionGroup var inventory: InventoryOptions
    @OptionGroup var inputs: InputOptions
    @Flag(help: "One JSON document instead of the file's text.")
    var json = false

    func validate() throws {
        if label.contains(where: { !$0.contains("=") }) { throw ValidationError("--label wants KEY=VALUE") }
    }

    func carryOut(_ console: Console) async throws -> CommandExit {
        let wiring = try Wiring(inputs, console)
        let fleet = try wiring.fleet(withoutTenants: true)
        let sources = InventorySources(fleet: fleet, roads: wiring.roads, controlPlane: inventory.controlPlane, systemsManager: wiring.systemsManager)
        var lists: [Inventory] = []
        for source in try sources.sources(inventory.from) { lists.append(try await sources.take(source)) }
        // The first list names tenants; another one only bears it out.
        let taken = located(try newTenants(lists[0], fleet), by: lists)
        let result = Fleet(tenants: fleet.tenants + taken, others: fleet.others)
        let text = FleetText.text(result)
        let (_, problems) = FleetFile.read(text: text, path: output ?? "the new fleet file")
        if !problems.isEmpty { throw CommandFailure(problems, in: "new fleet", next: "give other values to --transport, --env, --state or --label") }
        let view = FleetImportView(added: taken.map(\.id), kept: fleet.tenants.map(\.id), drift: FleetDrift(result, lists), text: text)
        if let output { try write(text, to: output) }
        if json { console.show(try view.json()) } else if output == nil { console.show(text) }
        console.note(view.words(console.paint))
        return view.status
    }

    private func newTenants(_ list: Inventory, _ fleet: Fleet) throws(CommandFailure) -> [TenantHost] {
        for name in tenants where !list.instances.contains(where: { self.name($0, list.source) == name }) {
            throw CommandFailure("\(name) is not listed", why: "\(list.source.rawValue) has \(list.instances.count) instances, and none is \(name)'s", next: "cutoverctl fleet check")
        }
        let wanted = list.instances.filter { instance in
            // A host that is no tenant stays none.
            guard instance.isUp, let name = name(instance, list.source), !fleet.others.contains(where: { instance.names.contains($0.host) }) else { return false }
            return tenants.isEmpty || tenants.contains(name)
        }
        // What is listed twice is for a person to tell apart.
        let counts = Dictionary(wanted.map { (name($0, list.source) ?? "", 1) }, uniquingKeysWith: +)
        let fresh = wanted.filter { counts[name($0, list.source) ?? ""] == 1 && FleetDrift.tenant(of: $0, fleet, list.source) == nil }
        if wanted.isEmpty {
            throw CommandFailure("no tenant is selected", why: "\(list.source.rawValue) has \(list.instances.count) instances, and none of them is running and named", next: "cutoverctl fleet check")
        }
        return fresh.compactMap { instance in name(instance, list.source).flatMap { host(instance, $0) } }
    }

    /// Systems Manager knows no tenants: its instances go by their own names.
    private func name(_ instance: Inventory.Instance, _ source: Inventory.Source) -> String? { source == .ssm ? instance.instance : instance.tenant }

    private func host(_ instance: Inventory.Instance, _ name: String) -> TenantHost? {
        guard let address = transport == "ssm" ? instance.instance : instance.addresses.first ?? instance.instance else { return nil }
        var labels = Dictionary(label.map { text in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return (parts[0], parts[1])
        }, uniquingKeysWith: { _, new in new })
        if let organisation = instance.organisation { labels["org"] = organisation }
        return TenantHost(
            id: TenantID(name), host: address, transport: transport, labels: labels, env: env.replacing("TENANT", with: name), state: state.replacing("TENANT", with: name))
    }

    /// With the region in which an instance is listed: the fleet file says it, so that it does not hang on who asks from where.
    private func located(_ hosts: [TenantHost], by lists: [Inventory]) -> [TenantHost] {
        guard transport == "ssm" else { return hosts }
        let instances = lists.flatMap(\.instances)
        return hosts.map { host in
            TenantHost(
                id: host.id, host: host.host, transport: host.transport, labels: host.labels, env: host.env, state: host.state,
                region: instances.lazy.filter { $0.instance == host.host }.compactMap(\.region).first)
        }
    }

    private func write(_ text: String, to path: String) throws(CommandFailure) {
        do { try DurableFile.write(text, to: path, mode: 0o644) } catch {
            throw CommandFailure("the fleet file can't be written", why: "\(error)", next: "name a file in a folder that is yours")
        }
    }
}
