public import Cutover

/// What a host answered as carried out its ledger remembers, whatever befell it since; and no fence that it has seen is forgotten.
public struct AnswersAreRemembered: Invariant {
    public let name = "a host remembers what it answered"
    public private(set) var violations: [String] = []
    private var fences: [OperationID: Int] = [:]
    private var answered: [TenantID: [OperationID]] = [:]
    private var highest: [TenantID: Int] = [:]

    public init() {}

    public mutating func hear(_ event: Event, world: WorldView) {}

    public mutating func after(_ happening: Happening, world: WorldView) {
        guard let tenant = happening.tenant else { return }
        switch happening.what {
        case .handLaid(let id, _, _, let fence): fences[id] = fence
        case .answered(let id):
            answered[tenant, default: []].append(id)
            highest[tenant] = max(highest[tenant] ?? 0, fences[id] ?? 0)
        case .hostIsBack: look(tenant, world)
        default: return
        }
    }

    public mutating func atEnd(_ world: WorldView) { for tenant in answered.keys.sorted() { look(tenant, world) } }

    private mutating func look(_ tenant: TenantID, _ world: WorldView) {
        guard let folder = world.fleet.host(of: tenant)?.state else { return }
        let files = world.files(tenant)
        for id in answered[tenant] ?? [] where files["\(folder)/ops/\(id).done"] == nil { violations.append("\(tenant) forgot operation \(id) (\(world.now))") }
        if let seen = highest[tenant], let text = files["\(folder)/fence"], Int(text.prefix { $0 != " " }) ?? 0 < seen {
            violations.append("\(tenant) has fence \(text), and had seen \(seen) (\(world.now))")
        }
    }
}
