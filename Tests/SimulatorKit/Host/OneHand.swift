public import Cutover

/// Never two hands on a tenant, and never one of an older fence after one of a newer.
public struct OneHand: Invariant {
    public let name = "one hand on a tenant"
    public private(set) var violations: [String] = []
    private var laid: [TenantID: [OperationID]] = [:]
    private var highest: [TenantID: Int] = [:]

    public init() {}

    public mutating func hear(_ event: Event, world: WorldView) {}
    public mutating func atEnd(_ world: WorldView) {}

    public mutating func after(_ happening: Happening, world: WorldView) {
        guard let tenant = happening.tenant else { return }
        switch happening.what {
        case .handLaid(let id, let kind, _, let fence):
            if let other = laid[tenant]?.first { violations.append("\(tenant): \(kind) \(id) beside \(other) (\(world.now))") }
            if let newest = highest[tenant], fence < newest { violations.append("\(tenant): \(kind) \(id) under fence \(fence) after \(newest) (\(world.now))") }
            highest[tenant] = max(highest[tenant] ?? 0, fence)
            laid[tenant, default: []].append(id)
        case .handTaken(let id, _, _, _): if let index = laid[tenant]?.firstIndex(of: id) { laid[tenant]?.remove(at: index) }
        // Whatever was at work there is gone.
        case .hostCrashed, .processDied: laid[tenant] = nil
        default: return
        }
    }
}
