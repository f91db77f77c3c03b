public import Cutover

/// Promise 10: an older plan never moves a tenant backward.
public struct NeverBackward: Invariant, JudgesRecord {
    public let name = "an older plan never moves a tenant"
    public var violations: [String] { notes.all }
    var notes = Notes()
    var forgetful: Self { Self() }
    private var newest: [TenantID: Int] = [:]

    public init() {}

    public mutating func hear(_ event: Event, world: WorldView) {
        guard let tenant = event.tenant, case .planAdopted(_, _, let revision, _) = event.change else { return }
        if let before = newest[tenant], revision < before { notes.add("\(tenant) adopted revision \(revision) after \(before)", event) }
        newest[tenant] = max(newest[tenant] ?? 0, revision)
    }
    public mutating func after(_ happening: Happening, world: WorldView) {}
    public mutating func atEnd(_ world: WorldView) {}
}
