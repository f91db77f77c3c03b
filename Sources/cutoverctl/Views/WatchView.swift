import Cutover
import Phases

/// What the watch of one tenant told last.
struct WatchView {
    let tenant: TenantID
    let told: WatchProgress.Result

    func human() -> String { "\(tenant): \(PlainText.line(told.work ?? line))" }

    var line: String {
        guard let report = told.report else { return told.watchRuns ? "the watch has told nothing yet" : "the watch does not run" }
        return told.watchRuns ? report.line : "the watch does not run; \(PlainText.moment(report.at.description)) it told: \(report.line)"
    }

    /// What limits the copy, and which limit holds it.
    func limits() -> String {
        guard let report = told.report else { return human() }
        return "\(tenant): " + report.limitLines.map(PlainText.line).joined(separator: "\n  ")
    }

    func json() throws -> String { try JSONText.document(Document(tenant: tenant, watchRuns: told.watchRuns, report: told.report, work: told.work)) }
    func jsonLine() throws -> String { try JSONText.line(Document(tenant: tenant, watchRuns: told.watchRuns, report: told.report, work: told.work)) }

    private struct Document: Encodable {
        let formatVersion = 1
        let tenant: TenantID
        let watchRuns: Bool
        let report: WatchReport?
        let work: String?
    }
}
