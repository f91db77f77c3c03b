import Cutover

/// One outcome of one tenant, as advance, run and revert tell it.
struct ProgressView {
    let tenant: TenantID
    let outcome: FleetRun.Outcome

    func human(_ paint: Paint) -> String {
        let word = outcome.word
        let shown: String
        switch outcome.status {
        case .done: shown = paint.green(word)
        case .failed, .unknown: shown = paint.red(word)
        default: shown = paint.yellow(word)
        }
        return "\(tenant): \(shown)\(outcome.detail.isEmpty ? "" : " \(PlainText.line(outcome.detail))")"
    }

    func jsonLine() throws -> String { try JSONText.line(Line(tenant: tenant, outcome: outcome.word, detail: outcome.detail)) }

    private struct Line: Encodable {
        let formatVersion = 1
        let tenant: TenantID
        let outcome: String
        let detail: String
    }
}

extension FleetRun.Outcome {
    /// What the exit code makes of it when the command ends there.
    var status: CommandExit {
        switch self {
        case .advanced, .finished, .reached, .settled: .done
        case .waiting, .gatedByTime, .gatedByPerson, .held: .inTheWay
        case .failed: .failed
        case .unknown: .unknown
        case .leased: .leased
        case .notAdmitted(.budgetSpent), .notAdmitted(.full), .notAdmitted(.exposed): .partlyDone
        case .notAdmitted: .inTheWay
        }
    }

    var word: String {
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

    var detail: String {
        switch self {
        case .advanced(let text), .waiting(let text), .gatedByTime(let text), .gatedByPerson(let text), .failed(let text), .unknown(let text),
            .held(let text):
            text
        case .leased(let holder): "by \(holder)"
        case .notAdmitted(.waveClosed(let why)), .notAdmitted(.baking(let why)): why
        case .notAdmitted(.budgetSpent(let failures, let allowed)): "\(failures) failed, and \(allowed) may"
        case .notAdmitted(.full(let atOnce)): "\(atOnce) tenants are in motion already"
        case .notAdmitted(.exposed(let allowed)): "\(allowed) tenants already live by what is not verified yet"
        case .notAdmitted(.noWave): "no wave of the plan selects it"
        case .notAdmitted(.joinedLate(let wave)): "it joined the fleet after wave \(wave) opened; add a wave to the plan for it"
        case .notAdmitted(.admitted), .finished, .reached, .settled: ""
        }
    }
}
