import Cutover

/// Broken promises, each told once.
struct Notes: Sendable {
    private(set) var all: [String] = []
    private var told: Set<String> = []

    mutating func add(_ what: String, at place: String) {
        if told.insert(what).inserted { all.append("\(what) (at \(place))") }
    }
    mutating func add(_ what: String, _ event: Event) { add(what, at: "\(event.stream)/\(event.revision) \(event.at)") }
}

extension Event {
    /// The tenant whose stream it stands in; nil for the fleet's.
    var tenant: TenantID? { stream == .fleet ? nil : TenantID(stream.text) }
}

extension Plan {
    func kind(of ref: StepRef) -> StepKind? { steps.first { $0.id == ref.step }?.spec.kind }
    func settings(of ref: StepRef) -> Settings { steps.first { $0.id == ref.step }?.spec.settings ?? Settings() }
}
