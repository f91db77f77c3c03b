extension FleetRun.Outcome {
    /// What people read of it.
    public var word: String {
        switch self {
        case .advanced: "advanced"
        case .waiting: "waiting"
        case .gatedByTime, .gatedByPerson: "gated"
        case .failed: "failed"
        case .unknown: "unknown"
        case .leased: "leased"
        case .held: "held"
        case .notAdmitted: "not yet"
        case .finished: "done"
        case .reached: "reached"
        case .settled: "reverted"
        }
    }

    public var detail: String {
        switch self {
        case .advanced(let text), .waiting(let text), .gatedByTime(let text), .gatedByPerson(let text), .failed(let text), .unknown(let text),
            .held(let text):
            text
        case .leased(let holder): "by \(holder)"
        case .notAdmitted(.waveClosed(let why)), .notAdmitted(.baking(let why, _)): why
        case .notAdmitted(.budgetSpent(let failures, let allowed)): "\(failures) failed, and \(allowed) may"
        case .notAdmitted(.full(let atOnce)): "\(atOnce) tenants are in motion already"
        case .notAdmitted(.exposed(let allowed)): "\(allowed) tenants already live by what is not verified yet"
        case .notAdmitted(.noWave): "no wave of the plan selects it"
        case .notAdmitted(.joinedLate(let wave)): "it joined the fleet after wave \(wave) opened; add a wave to the plan for it"
        case .notAdmitted(.admitted), .finished, .reached, .settled: ""
        }
    }
}
