import Cutover

/// Where a fleet file and an inventory say different things. Nothing is left out because it is likely to be harmless.
struct FleetDrift: Sendable, Equatable {
    struct Difference: Sendable, Equatable, Codable {
        enum What: String, Sendable, Codable {
            case notInFleet = "not-in-fleet"
            case notListed = "not-listed"
            case notRunning = "not-running"
            case anotherHost = "another-host"
            case anotherRegion = "another-region"
            case listedTwice = "listed-twice"
            case nameless
        }
        let what: What
        let source: Inventory.Source
        let tenant: String?
        let instance: String?
        let detail: String
    }

    /// What has to be mended on one side or the other.
    private(set) var differences: [Difference] = []
    /// What is listed, does not run, and is in no fleet: shown, for nobody says whether it is to come back.
    private(set) var notes: [Difference] = []

    init(_ fleet: Fleet, _ inventories: [Inventory]) {
        for inventory in inventories { compare(fleet, inventory) }
    }

    private mutating func compare(_ fleet: Fleet, _ inventory: Inventory) {
        var seen: Set<TenantID> = []
        var taken: [String: Int] = [:]
        for instance in inventory.instances { for name in Set([instance.tenant].compactMap { $0 }) { taken[name, default: 0] += 1 } }
        func difference(_ what: Difference.What, _ tenant: String?, _ instance: Inventory.Instance?, _ detail: String) -> Difference {
            Difference(what: what, source: inventory.source, tenant: tenant, instance: instance?.title, detail: detail)
        }
        // A host that is no tenant has its instance too.
        for instance in inventory.instances where !fleet.others.contains(where: { instance.names.contains($0.host) }) {
            guard let tenant = Self.tenant(of: instance, fleet, inventory.source) else {
                if !instance.isUp {
                    notes.append(difference(.notRunning, instance.tenant, instance, "it is \(instance.state), and in no fleet"))
                } else if inventory.source == .books, instance.tenant == nil {
                    differences.append(difference(.nameless, nil, instance, "organisation \(instance.organisation ?? "?") has no name there"))
                } else {
                    differences.append(difference(.notInFleet, instance.tenant, instance, "it is \(instance.state), and the fleet file does not have it"))
                }
                continue
            }
            if !seen.insert(tenant.id).inserted || instance.tenant.flatMap({ taken[$0] }) ?? 0 > 1 {
                differences.append(difference(.listedTwice, tenant.id.text, instance, "more than one instance is listed for it"))
            }
            if !instance.isUp { differences.append(difference(.notRunning, tenant.id.text, instance, "it is \(instance.state)")) }
            if !instance.names.contains(tenant.host) {
                differences.append(
                    difference(.anotherHost, tenant.id.text, instance, "the fleet file reaches it as \(tenant.host), listed is \(instance.names.isEmpty ? "no address" : instance.names.joined(separator: ", "))"))
            }
            if let said = tenant.region, let listed = instance.region, said != listed {
                differences.append(difference(.anotherRegion, tenant.id.text, instance, "the fleet file looks for it in \(said), listed is \(listed)"))
            }
        }
        for tenant in fleet.tenants where !seen.contains(tenant.id) && Self.isExpected(tenant, inventory.source) {
            let why = inventory.source == .ssm ? "it has no instance there: stopped, without an agent, or gone" : "it has no row there"
            differences.append(difference(.notListed, tenant.id.text, nil, why))
        }
    }

    /// The tenant of the fleet that an instance serves: by name, by the control plane's id, or by the host's own name.
    static func tenant(of instance: Inventory.Instance, _ fleet: Fleet, _ source: Inventory.Source) -> TenantHost? {
        fleet.tenants.first { tenant in
            switch source {
            case .books: tenant.labels["org"].map { $0 == instance.organisation } ?? (tenant.id.text == instance.tenant)
            case .ssm: instance.names.contains(tenant.host)
            }
        }
    }

    /// Systems Manager is asked about those alone that are reached by it.
    private static func isExpected(_ tenant: TenantHost, _ source: Inventory.Source) -> Bool { source == .books || tenant.transport == "ssm" }
}
