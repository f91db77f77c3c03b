public import Cutover

/// Promise 1: no effect before its intent is durable in the journal.
///
/// An operation's id is made of the entry that intends it: whatever a host carries out under another one was never intended.
public struct IntentBeforeAct: Invariant {
    public let name = "no effect before its intent is on record"
    public var violations: [String] { notes.all }
    private var notes = Notes()
    private var intended: [TenantID: Set<OperationID>] = [:]
    /// More than any step sends in one attempt.
    private static let mostOperations = 24

    public init() {}

    public mutating func hear(_ event: Event, world: WorldView) {
        guard let tenant = event.tenant else { return }
        switch event.change {
        case .started, .revertStarted, .waitBegan, .tended, .errandBegan, .adjustmentAsked:
            for ordinal in 0..<Self.mostOperations { intended[tenant, default: []].insert(OperationID.derived(from: event.hash, ordinal: ordinal)) }
        default: return
        }
    }

    public mutating func after(_ happening: Happening, world: WorldView) {
        guard let tenant = happening.tenant, case .handLaid(let operation, let kind, let operationClass, _) = happening.what, operationClass != .reading else { return }
        // Raises a fence and does nothing.
        if kind == LeaveBehind.kind { return }
        if intended[tenant]?.contains(operation) != true { notes.add("\(tenant): \(kind) \(operation) was carried out, and nothing on record intends it", at: "\(happening.at)") }
    }

    public mutating func atEnd(_ world: WorldView) {}
}
