import Cutover
import Phases

/// Where inventories are to be had from, by what the fleet file says.
struct InventorySources {
    let fleet: Fleet
    let roads: [String: any Transport]
    let controlPlane: String?
    /// Asks Systems Manager, in these regions besides the operator's own.
    let systemsManager: @Sendable (Set<String>) async throws -> Inventory

    /// The host of the fleet file on which the control plane's books are; nil when it has none and none was named.
    func books() throws(CommandFailure) -> TenantHost? {
        if let controlPlane {
            if let host = fleet.others.first(where: { $0.id.text == controlPlane }) { return host }
            throw CommandFailure("there is no host \(controlPlane)", why: "the fleet file does not have it under `hosts:`", next: "name one of its hosts with --control-plane")
        }
        let marked = fleet.others.filter { $0.labels["role"] == "control-plane" }
        if marked.count > 1 {
            throw CommandFailure("the control plane is not told from others", why: "\(marked.map(\.id.text).joined(separator: ", ")) are labelled role: control-plane", next: "add --control-plane HOST")
        }
        return marked.first
    }

    /// Those that were asked for; else every one there is.
    func sources(_ asked: [Inventory.Source]) throws(CommandFailure) -> [Inventory.Source] {
        if !asked.isEmpty { return Inventory.Source.allCases.filter(asked.contains) }
        var found: [Inventory.Source] = []
        if try books() != nil { found.append(.books) }
        if fleet.tenants.contains(where: { $0.transport == "ssm" }) { found.append(.ssm) }
        guard !found.isEmpty else {
            throw CommandFailure(
                "there is nothing to compare with", why: "the fleet file has no host labelled role: control-plane, and no tenant is reached by ssm",
                next: "add the control plane under `hosts:`, or name a source with --from")
        }
        return found
    }

    /// Throws when the source lists nothing: an empty answer is no fleet.
    func take(_ source: Inventory.Source) async throws -> Inventory {
        let inventory: Inventory
        switch source {
        case .books:
            guard let host = try books() else {
                throw CommandFailure("the control plane is not in the fleet file", why: "no host under `hosts:` is labelled role: control-plane", next: "add it, or name one with --control-plane")
            }
            guard let road = roads[host.transport] else { throw CommandFailure("\(host.id) can't be reached", why: "this build has no transport \(host.transport)", next: "set `transport: local` in the fleet file") }
            inventory = Inventory(try await HostQuestion(host, by: road).ask(ListInstances()))
        case .ssm:
            let regions = Set((fleet.tenants + fleet.others).filter { $0.transport == "ssm" }.compactMap(\.region))
            do { inventory = try await systemsManager(regions) } catch {
                throw CommandFailure("the instances of Systems Manager can't be listed", why: "\(error)", next: "see that region and credentials are right, and that ssm:DescribeInstanceInformation is allowed")
            }
        }
        guard !inventory.instances.isEmpty else {
            throw CommandFailure("\(source.rawValue) lists no instance", why: "an empty list is no fleet", next: "see that it is the right control plane, account and region")
        }
        return inventory
    }
}
