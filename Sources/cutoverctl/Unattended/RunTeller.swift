import Cutover
import Foundation
import Logging
import Synchronization

/// Where a loop says what it does: outcomes as they come, a table at the foot of a terminal, a line now and then elsewhere, and a word to the service manager.
final class RunTeller: Sendable {
    private let console: Console
    private let form: LogForm
    private let jsonLines: Bool
    private let foot: LiveFoot?
    private let manager: ServiceManager
    private let logger: Logger
    private let told = Mutex((line: "", at: Timestamp(milliseconds: 0), status: "", turns: -1, alive: Timestamp(milliseconds: 0)))

    /// A line in words no more often than this, in seconds, and one that says the same as before only every hour.
    private static let lineSeconds = 60.0

    init(_ console: Console, form: LogForm, jsonLines: Bool, foot: LiveFoot?, manager: ServiceManager, logger: Logger) {
        self.console = console
        self.form = form
        self.jsonLines = jsonLines
        self.foot = foot
        self.manager = manager
        self.logger = logger
    }

    func outcome(_ tenant: TenantID, _ outcome: FleetRun.Outcome) {
        let view = ProgressView(tenant: tenant, outcome: outcome)
        if form == .json {
            let level: Logger.Level = [.failed, .unknown].contains(outcome.status) ? .error : .info
            logger.log(level: level, "\(view.human(.none))", metadata: ["tenant": "\(tenant)", "outcome": "\(outcome.word)", "detail": "\(outcome.detail)"])
        }
        above {
            if jsonLines, let line = try? view.jsonLine() { console.show(line) } else if form == .text { console.show(view.human(console.paint)) }
        }
    }

    func drift(_ tenant: TenantID, _ found: Engine.Recheck) {
        for step in found.news {
            let gone = !step.finding.isInPlace
            let text = gone ? "\(tenant)/\(step.step) is no longer as it was left: \(step.finding.words) \(step.finding.detail)" : "\(tenant)/\(step.step) is in place again"
            note(text, level: gone ? .warning : .info, ["tenant": "\(tenant)", "step": "\(step.step)"])
        }
    }

    func note(_ text: String, level: Logger.Level = .info, _ metadata: Logger.Metadata = [:]) {
        if form == .json { logger.log(level: level, "\(text)", metadata: metadata) } else { above { console.note(text) } }
    }

    private func above(_ body: () -> Void) { if let foot { foot.above(body) } else { body() } }

    // MARK: - Now and then

    /// To be called again and again while the loop runs.
    /// - Parameter wake: makes the loop look what is to be done, so that it shows that it can.
    func look(_ view: RunView, _ account: RunAccount, wake: () -> Void) {
        foot?.show { rows, columns in view.table(rows: rows, columns: columns, console.paint) }
        let line = view.line
        let (isDue, isOther) = told.withLock { told in
            // Nothing is worth a line before anything has happened.
            if told.at.milliseconds == 0 { told.at = view.now }
            let isNews = told.line != line
            let passed = view.now.seconds(since: told.at)
            let isDue = isNews ? passed >= Self.lineSeconds : passed >= 3600
            if isDue { (told.line, told.at) = (line, view.now) }
            defer { told.status = line }
            return (isDue, told.status != line)
        }
        if isDue, foot == nil { note(line) }
        if isOther { manager.isAt(line) }
        keepAlive(view.now, account, wake)
    }

    /// The service manager hears that we live only if the loop has looked since: one that hangs is to be ended and begun again.
    private func keepAlive(_ now: Timestamp, _ account: RunAccount, _ wake: () -> Void) {
        guard let microseconds = manager.watchdogMicroseconds else { return }
        let turns = account.turns
        let isAlive = told.withLock { told in
            guard now.seconds(since: told.alive) >= Double(microseconds) / 3_000_000, turns != told.turns else { return false }
            (told.alive, told.turns) = (now, turns)
            return true
        }
        if isAlive { manager.isAlive() }
        wake()
    }

    /// How often to look, in milliseconds.
    var pace: Int {
        if foot != nil { return 500 }
        let watchdog = manager.watchdogMicroseconds.map { max(100, $0 / 4000) } ?? 10_000
        return min(10_000, watchdog)
    }

    func begins(_ status: String) { manager.isReady(status) }
    func stops() { manager.isStopping() }
    func ends(_ view: RunView) {
        foot?.show { rows, columns in view.table(rows: rows, columns: columns, console.paint) }
        foot?.leave()
        if foot == nil { note(view.line) }
    }
}
