import Cutover
import Testing

@testable import cutoverctl

@Suite("exit codes")
struct CommandExitTests {
    @Test("where several apply, the one that needs the most care counts", arguments: [
        ([CommandExit.done, .changesPending], CommandExit.changesPending), ([.changesPending, .inTheWay], .inTheWay),
        ([.inTheWay, .partlyDone], .partlyDone), ([.partlyDone, .failed], .failed), ([.failed, .unknown], .unknown), ([.unknown, .leased], .leased),
        ([.done, .changesPending, .inTheWay, .partlyDone, .failed, .unknown, .leased], .leased), ([], .done),
    ])
    func precedence(present: [CommandExit], counts: CommandExit) {
        #expect(CommandExit.worst(of: present) == counts)
        #expect(CommandExit.worst(of: present.reversed()) == counts)
    }

    @Test("every code has its place in the precedence")
    func complete() {
        #expect(Set(CommandExit.precedence) == Set(CommandExit.allCases))
        #expect(CommandExit.allCases.map(\.rawValue) == [0, 1, 2, 3, 4, 5, 6, 64, 130])
    }

    @Test("each outcome of a tenant has its code", arguments: [
        (FleetRun.Outcome.finished, 0), (.reached, 0), (.settled, 0), (.advanced("x"), 0), (.failed("x"), 1), (.waiting("x"), 3), (.gatedByTime("x"), 3),
        (.gatedByPerson("x"), 3), (.held("x"), 3), (.notAdmitted(.waveClosed("x")), 3), (.notAdmitted(.budgetSpent(failures: 2, allowed: 1)), 4),
        (.notAdmitted(.full(atOnce: 1)), 4), (.leased("x"), 5), (.unknown("x"), 6),
    ])
    func outcomes(outcome: FleetRun.Outcome, code: Int) {
        #expect(Int(outcome.status.rawValue) == code)
    }

    @Test("a lease of another, and a write that came too late, are told as code 5")
    func leases() {
        #expect(CommandFailure(JournalError.leased("acme", to: "x", until: Timestamp(milliseconds: 0))).status == .leased)
        #expect(CommandFailure(JournalError.superseded("acme", fence: 1, newest: 2)).status == .leased)
        #expect(CommandFailure(StepFailure("x", effect: .unknown, next: "y")).status == .unknown)
    }
}
