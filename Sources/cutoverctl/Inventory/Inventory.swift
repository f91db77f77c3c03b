import Cutover
import Phases

/// What somebody else lists as the fleet.
struct Inventory: Sendable, Equatable {
    enum Source: String, Sendable, Codable, CaseIterable {
        /// The control plane's table.
        case books = "org_instances"
        /// The instances that AWS Systems Manager has an agent on.
        case ssm
    }

    struct Instance: Sendable, Equatable {
        /// The tenant it serves; nil when the list does not say.
        let tenant: String?
        /// The control plane's own id of the tenant.
        let organisation: String?
        let instance: String?
        /// What a fleet file may call its host by, besides the instance.
        let addresses: [String]
        let state: String
        let isUp: Bool
        /// Where it is reached, if the list says so.
        var region: String?

        var names: [String] { ([instance].compactMap { $0 } + addresses) }
        /// By what it is told to people.
        var title: String { instance ?? addresses.first ?? organisation ?? "?" }
    }

    let source: Source
    let instances: [Instance]

    init(source: Source, instances: [Instance]) {
        self.source = source
        self.instances = instances
    }

    init(_ listed: ListInstances.Result) {
        self.init(
            source: .books,
            instances: listed.instances.map {
                Instance(
                    tenant: $0.slug, organisation: $0.organisation, instance: $0.instance, addresses: $0.addresses, state: $0.status, isUp: $0.status == "running")
            })
    }
}
