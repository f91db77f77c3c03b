public import Cutover

/// Promise 3: previews, gates and looks change nothing: whatever changed in a tenant was changed by an operation that may.
public struct LookingChangesNothing: Invariant {
    public let name = "looking changes nothing"
    public var violations: [String] { notes.all }
    private var notes = Notes()
    private var acting: [TenantID: Set<OperationID>] = [:]
    private var seen: [TenantID: Int] = [:]

    public init() {}

    public mutating func hear(_ event: Event, world: WorldView) {}

    public mutating func after(_ happening: Happening, world: WorldView) {
        guard let tenant = happening.tenant else { return }
        if case .handLaid(let operation, _, let operationClass, _) = happening.what, operationClass != .reading { acting[tenant, default: []].insert(operation) }
        judge(tenant, world)
    }

    public mutating func atEnd(_ world: WorldView) { for host in world.fleet.tenants { judge(host.id, world) } }

    private mutating func judge(_ tenant: TenantID, _ world: WorldView) {
        guard let effects = world.truth(tenant)?.effects else { return }
        for effect in effects.dropFirst(seen[tenant] ?? 0) where acting[tenant]?.contains(effect.operation) != true {
            notes.add("\(tenant): \(effect.kind) \(effect.what), by \(effect.operation), which was not asked to change anything", at: "\(effect.at)")
        }
        seen[tenant] = effects.count
    }
}
