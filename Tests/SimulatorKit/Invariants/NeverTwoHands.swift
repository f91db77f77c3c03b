public import Cutover

/// Promise 8: one hand per tenant, and never an older one after a newer.
public struct NeverTwoHands: Invariant, JudgesRecord {
    public let name = "never two hands on a tenant"
    public var violations: [String] { notes.all }
    var notes = Notes()
    var forgetful: Self {
        var other = self
        other.recorded = [:]
        return other
    }
    private var laid: [TenantID: [OperationID]] = [:]
    private var highest: [TenantID: Int] = [:]
    private var recorded: [StreamID: Int] = [:]

    public init() {}

    public mutating func hear(_ event: Event, world: WorldView) {
        guard event.fence != 0 else { return }
        let before = recorded[event.stream] ?? 0
        if event.fence < before { notes.add("\(event.stream): it was recorded under fence \(event.fence) after \(before)", event) }
        recorded[event.stream] = max(before, event.fence)
    }

    public mutating func after(_ happening: Happening, world: WorldView) {
        guard let tenant = happening.tenant else { return }
        switch happening.what {
        case .handLaid(let operation, let kind, let operationClass, let fence) where operationClass != .reading:
            if let other = laid[tenant]?.first { notes.add("\(tenant): \(kind) \(operation) beside \(other)", at: "\(happening.at)") }
            let before = highest[tenant] ?? 0
            if fence < before { notes.add("\(tenant): \(kind) \(operation) of fence \(fence) after one of \(before)", at: "\(happening.at)") }
            laid[tenant, default: []].append(operation)
            highest[tenant] = max(before, fence)
        case .handTaken(let operation, _, _, _): laid[tenant]?.removeAll { $0 == operation }
        // Nobody works on through a boot.
        case .hostCrashed: laid[tenant] = nil
        default: return
        }
    }

    public mutating func atEnd(_ world: WorldView) {}
}
