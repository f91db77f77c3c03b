public import Cutover

/// Promise 2: what was begun and not recorded as ended leaves that state through a look at the world, or by a person's signed word.
public struct DoubtIsVerified: Invariant, JudgesRecord {
    public let name = "doubt is left through a look at the world"
    public var violations: [String] { notes.all }
    var notes = Notes()
    var forgetful: Self { Self() }
    /// Under which fence each step's unfinished attempt began.
    private var open: [StepRef: Int] = [:]

    public init() {}

    public mutating func hear(_ event: Event, world: WorldView) {
        switch event.change {
        case .started(let ref, _), .revertStarted(let ref, _):
            if open[ref] != nil { notes.add("\(ref) was begun again while in doubt", event) }
            open[ref] = event.fence
        case .performed(let ref, _), .setAside(let ref, _, _), .reverted(let ref, _), .failed(let ref, _):
            // Whoever holds another lease did not see how it ended.
            if let fence = open.removeValue(forKey: ref), fence != event.fence { notes.add("\(ref), begun under fence \(fence), was ended under \(event.fence) without a look", event) }
        case .verified(let ref, let finding):
            if case .unknown = finding { return }
            open[ref] = nil
        case .abandoned(let ref?, _, _): open[ref] = nil
        default: return
        }
    }

    public mutating func after(_ happening: Happening, world: WorldView) {}
    public mutating func atEnd(_ world: WorldView) {}
}
