/// The hosts that a plan is for, as the fleet file lists them.
public struct Fleet: Sendable, Codable, Equatable {
    public let tenants: [TenantHost]
    /// Hosts that are no tenants: where archives are kept, for example. Nothing moves there.
    public let others: [TenantHost]
    /// Where each stands among the tenants: a large fleet is looked through again and again.
    private let places: [TenantID: Int]
    public init(tenants: [TenantHost], others: [TenantHost] = []) {
        self.tenants = tenants
        self.others = others
        self.places = Dictionary(tenants.enumerated().map { ($1.id, $0) }) { first, _ in first }
    }
    public func host(of tenant: TenantID) -> TenantHost? { places[tenant].map { tenants[$0] } }

    private enum CodingKeys: String, CodingKey { case tenants, others }

    public init(from decoder: any Decoder) throws {
        let read = try decoder.container(keyedBy: CodingKeys.self)
        self.init(tenants: try read.decode([TenantHost].self, forKey: .tenants), others: try read.decode([TenantHost].self, forKey: .others))
    }

    public static func == (one: Self, other: Self) -> Bool { one.tenants == other.tenants && one.others == other.others }
}

/// Where a plan's state lies on a host: in the tenant's own folder, or under it in one of its own, so that several plans can serve a tenant.
public enum StateFolder {
    public static func of(_ plan: Plan, in tenant: String) -> String { plan.ownState ? "\(tenant)/plans/\(plan.name)" : tenant }

    /// The tenant's own folder, from any plan's.
    public static func tenant(of folder: String) -> String {
        let parts = folder.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast().last == "plans" ? parts.dropLast(2).joined(separator: "/") : folder
    }
}

extension Fleet {
    /// The same hosts, with the folders in which the plan keeps its state.
    public func serving(_ plan: Plan) -> Fleet {
        func serving(_ host: TenantHost) -> TenantHost {
            TenantHost(
                id: host.id, host: host.host, transport: host.transport, labels: host.labels, env: host.env, state: StateFolder.of(plan, in: host.state),
                region: host.region)
        }
        return Fleet(tenants: tenants.map(serving), others: others.map(serving))
    }
}

/// Where one tenant lives and how it is reached. Holds paths, never secrets.
public struct TenantHost: Sendable, Codable, Equatable {
    public let id: TenantID
    public let host: String
    public let transport: String
    public let labels: [String: String]
    /// The file on the host in which its own credentials stand.
    public let env: String
    /// The folder on the host that Cutover owns.
    public let state: String
    /// Where a transport that knows regions finds it.
    public let region: String?
    public init(id: TenantID, host: String, transport: String, labels: [String: String], env: String, state: String, region: String? = nil) {
        self.id = id
        self.host = host
        self.transport = transport
        self.labels = labels
        self.env = env
        self.state = state
        self.region = region
    }
}
