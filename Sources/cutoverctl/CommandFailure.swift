import Cutover
import PlanFiles

/// Why a command ended: what happened, why, and the command to type next.
struct CommandFailure: Error, Sendable, Equatable {
    let what: String
    let why: String
    let next: String
    let status: CommandExit

    init(_ what: String, why: String, next: String, status: CommandExit = .failed) {
        self.what = what
        self.why = why
        self.next = next
        self.status = status
    }

    /// The problems of a file that was needed.
    init(_ problems: [Problem], in what: String, next: String) {
        let count = problems.count == 1 ? "1 problem" : "\(problems.count) problems"
        self.init("the \(what) can't be used: \(count)", why: problems.map(\.description).joined(separator: "\n"), next: next)
    }

    init(_ error: EngineError) {
        switch error {
        case .journal(let error): self.init(error)
        case .unknownTenant(let tenant):
            self.init("there is no tenant \(tenant)", why: "the fleet file does not list it", next: "cutoverctl status")
        case .unknownKind(let kind):
            self.init("this build can't carry out \(kind)", why: "its catalogue has no such kind of step", next: "cutoverctl lint PLAN")
        case .unknownStep(let step):
            self.init("the plan has no step \(step)", why: "a way back has to end at one of its steps", next: "cutoverctl preview, which lists them")
        case .previewUsed(let use):
            self.init(
                "this preview was used", why: "\(use.by) began to carry it out at \(use.at), for \(use.tenants.map(\.text).joined(separator: ", ")); whether all of it was done, the history says",
                next: "preview again: cutoverctl preview -o FILE", status: .inTheWay)
        case .noPlace(let admission):
            self.init("it may not begin yet", why: FleetRun.Outcome.notAdmitted(admission).detail, next: "cutoverctl status", status: .inTheWay)
        case .noTransport(let tenant, let scheme):
            self.init("\(tenant) can't be reached", why: "this build has no transport \(scheme)", next: "set `transport: local` in the fleet file")
        case .defect(let detail):
            self.init("this is a defect of cutoverctl", why: detail, next: "keep the journal and report it: cutoverctl journal export FILE")
        }
    }

    init(_ error: JournalError) {
        switch error {
        case .conflict(let stream, let found):
            self.init("someone else wrote about \(stream) at the same moment", why: "the journal has moved to revision \(found)", next: "run the command again", status: .leased)
        case .leased(let stream, let holder, let until):
            self.init("another process is at work on \(stream)", why: "\(holder) holds its lease until \(until)", next: "cutoverctl status, then run the command again", status: .leased)
        case .superseded(let stream, let fence, let newest):
            self.init("another process has taken over \(stream)", why: "lease \(fence) was overtaken by \(newest)", next: "cutoverctl history \(stream)", status: .leased)
        case .damaged(let stream, let revision, let detail):
            self.init("the journal is damaged", why: "\(stream) revision \(revision): \(detail)", next: "cutoverctl journal verify")
        case .unreachable(let detail):
            self.init("the journal can't be used", why: detail, next: "mend that and type the same again, or name another one with --journal PATH")
        }
    }

    init(_ failure: StepFailure) {
        self.init(failure.what, why: "on the host: \(failure.effect.words)", next: failure.next, status: failure.effect == .unknown ? .unknown : .failed)
    }
}

extension Errand {
    /// The result; a failure, or why it was not begun, is the command's.
    func get() throws(CommandFailure) -> Value {
        switch self {
        case .done(let value): return value
        case .failed(let failure): throw CommandFailure(failure)
        case .stopped(let why, let next): throw CommandFailure("nothing was begun", why: why, next: next, status: .inTheWay)
        }
    }
}

extension StepFailure.Effect {
    var words: String {
        switch self {
        case .nothingChanged: "nothing was changed"
        case .partlyChanged: "some of it was changed"
        case .goesOn: "it goes on by itself"
        case .unknown: "it can't be told what was changed"
        }
    }
}
