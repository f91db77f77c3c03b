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
}
