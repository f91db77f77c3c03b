/// The hosts that a plan is for, as the fleet file lists them.
public struct Fleet: Sendable, Codable, Equatable {
    public let tenants: [TenantHost]
    /// Hosts that are no tenants: where archives are kept, for example. Nothing moves there.
    public let others: [TenantHost]
    public init(tenants: [TenantHost], others: [TenantHost] = []) {
        self.tenants = tenants
        self.others = others
    }
    public func host(of tenant: TenantID) -> TenantHost? { tenants.first { $0.id == tenant } }
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
    public init(id: TenantID, host: String, transport: String, labels: [String: String], env: String, state: String) {
        self.id = id
        self.host = host
        self.transport = transport
        self.labels = labels
        self.env = env
        self.state = state
    }
}
