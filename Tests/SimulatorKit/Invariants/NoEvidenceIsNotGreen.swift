public import Cutover

/// Promise 6: a window opens when it was covered by green samples taken after it began, by the world's own clock, which nobody sets.
public struct NoEvidenceIsNotGreen: Invariant, JudgesRecord {
    public let name = "no evidence is not green"
    public var violations: [String] { notes.all }
    var notes = Notes()
    var forgetful: Self { Self() }
    private var began: [StepRef: (marker: String, at: Timestamp)] = [:]

    public init() {}

    public mutating func hear(_ event: Event, world: WorldView) {
        switch event.change {
        case .waitBegan(let ref): began[ref] = (OperationID.derived(from: event.hash, ordinal: 0).text, event.at)
        case .verified(let ref, .inPlace): judge(ref, event, world)
        default: return
        }
    }

    private mutating func judge(_ ref: StepRef, _ event: Event, _ world: WorldView) {
        let settings = world.plan.settings(of: ref)
        guard let window = settings.seconds("window"), let state = world.truth(ref.tenant) else { return }
        guard let began = began[ref] else { return notes.add("\(ref) is verified and never began", event) }
        let every = settings.seconds("sampleEvery") ?? 900
        let covered = Self.covered(state.samples.filter { $0.marker == began.marker }, longestGap: Double(settings.seconds("longestGap") ?? every * 8))
        // Whole milliseconds are counted, and clocks are read to the millisecond.
        if covered + 1 < Double(window) { notes.add("\(ref) is verified: \(Int(covered)) s of \(window) s were covered", event) }
        if event.at.seconds(since: began.at) < Double(window) { notes.add("\(ref) is verified \(Int(event.at.seconds(since: began.at))) s after it began, and its window is \(window) s", event) }
    }

    /// Between two green samples that are not too far apart, since the last broken safety fact.
    static func covered(_ samples: [TakenSample], longestGap: Double) -> Double {
        var (covered, last) = (0.0, TakenSample?.none)
        for sample in samples {
            if sample.verdict == .safety { covered = 0 }
            if sample.verdict == .green, let last, last.verdict == .green {
                let seconds = sample.at.seconds(since: last.at)
                if seconds <= longestGap { covered += seconds }
            }
            last = sample
        }
        return covered
    }

    public mutating func after(_ happening: Happening, world: WorldView) {}
    public mutating func atEnd(_ world: WorldView) {}
}
