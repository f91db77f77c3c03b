public import Cutover

/// Promise 12: a host's secrets stay there. The simulated tenant's database says its password in every error.
public struct SecretsStay: Invariant {
    public let name = "secrets stay on the host"
    public var violations: [String] { notes.all }
    private var notes = Notes()

    public init() {}

    public mutating func hear(_ event: Event, world: WorldView) {
        for (key, value) in event.change.facts where ByteSearch.finds(SimulatedSecret.mark, in: value) { notes.add("\(event.stream): the journal has a host's password under \(key)", event) }
    }

    public mutating func after(_ happening: Happening, world: WorldView) {}

    public mutating func atEnd(_ world: WorldView) {
        for host in world.fleet.tenants {
            for (path, text) in world.files(host.id) where path != host.env && ByteSearch.finds(SimulatedSecret.mark, in: text) {
                notes.add("\(host.id): \(path) has the host's password", at: "\(world.now)")
            }
        }
    }
}

/// What a tenant's env file has and nothing else may.
public enum SimulatedSecret {
    static let mark = "hunter2-"
    static func password(of tenant: TenantID) -> String { "\(mark)\(tenant)-db" }
    /// The lines of the env file.
    public static func lines(of tenant: TenantID) -> String { "DATABASE_URL=postgres://agents:\(password(of: tenant))@127.0.0.1/\(tenant)\n" }
}
