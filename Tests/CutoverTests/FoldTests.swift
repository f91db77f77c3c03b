import Cutover
import CutoverTestKit
import Testing

@Suite("the fold of events") struct FoldTests {
    private static let wire = Fold.wire

    /// What is recorded of one step, and the position it comes to.
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let changes: [Event.Change]
        let position: Standing.Position
        init(_ name: String, _ changes: [Event.Change], _ position: Standing.Position) {
            (self.testDescription, self.changes, self.position) = (name, changes, position)
        }
    }

    private static let started = Event.Change.started(wire, attempt: 1)
    private static let performed = Event.Change.performed(wire, Evidence(["a": "1"]))
    private static let inPlace = Event.Change.verified(wire, .inPlace(Evidence(["b": "2"])))
    private static let absent = Event.Change.verified(wire, .absent(Evidence()))
    private static let partial = Event.Change.verified(wire, .partial(Evidence()))
    private static let blind = Event.Change.verified(wire, .unknown("dark"))
    private static let unknown = Event.Change.becameUnknown(wire, detail: "dark")
    private static let failed = Event.Change.failed(wire, Fold.mishap)
    private static let back = Event.Change.revertRequested(to: nil, reason: "back")
    private static let revertStarted = Event.Change.revertStarted(wire, attempt: 2)
    private static let reverted = Event.Change.reverted(wire, Evidence())
    private static let aside = Event.Change.setAside(wire, until: Fold.later, Evidence())
    private static let reopened = Event.Change.reopened(reason: "again")

    static let rows = [
        Row("nothing recorded", [], .pending),
        Row("started", [started], .inDoubt(attempt: 1)),
        Row("started twice", [started, .started(wire, attempt: 2)], .inDoubt(attempt: 2)),
        Row("a checkpoint leaves it in doubt", [started, .checkpointed(wire, Evidence())], .inDoubt(attempt: 1)),
        Row("an unknown outcome stays in doubt", [started, unknown], .inDoubt(attempt: 1)),
        Row("an unknown finding stays in doubt", [started, blind], .inDoubt(attempt: 1)),
        Row("in doubt, found in place", [started, inPlace], .verified),
        Row("in doubt, found absent", [started, absent], .pending),
        Row("in doubt, found partial", [started, partial], .halfDone),
        Row("performed", [started, performed], .performed),
        Row("performed, then unknown", [started, performed, unknown], .inDoubt(attempt: 1)),
        Row("performed, found in place", [started, performed, inPlace], .verified),
        Row("performed, found absent", [started, performed, failed], .failed(Fold.mishap)),
        Row("failed", [started, failed], .failed(Fold.mishap)),
        Row("failed and reopened", [started, failed, reopened], .halfDone),
        Row("set aside", [started, aside], .inGrace(until: Fold.later)),
        Row("set aside, then started", [started, aside, .started(wire, attempt: 2)], .inDoubt(attempt: 2)),
        Row("verified stays verified when reopened", [started, performed, inPlace, reopened], .verified),
        Row("a revert asked for moves nothing by itself", [started, performed, inPlace, back], .verified),
        Row("revert started", [started, performed, inPlace, back, revertStarted], .revertInDoubt(attempt: 2)),
        Row("revert, unknown outcome", [started, performed, back, revertStarted, unknown], .revertInDoubt(attempt: 2)),
        Row("revert, found absent", [started, performed, back, revertStarted, absent], .reverted),
        Row("revert, found partial", [started, performed, back, revertStarted, partial], .performed),
        Row("revert, found in place", [started, performed, back, revertStarted, inPlace], .performed),
        Row("reverted", [started, performed, back, revertStarted, reverted], .reverted),
        Row("revert failed", [started, performed, back, revertStarted, failed], .revertFailed(Fold.mishap)),
        Row("revert failed, asked again", [started, performed, back, revertStarted, failed, back], .performed),
        Row("revert failed, reopened", [started, performed, back, revertStarted, failed, reopened], .performed),
        Row("reverted and started again", [started, performed, back, revertStarted, reverted, .started(wire, attempt: 3)], .inDoubt(attempt: 3)),
    ]

    @Test("leads to the position", arguments: rows)
    func position(row: Row) {
        #expect(Fold.standing([Fold.adopted()] + row.changes).position(of: "lamp.wire") == row.position)
    }

    @Test("a wait is known by the hash of the event that began it")
    func waitOrigin() {
        let standing = Fold.standing([Fold.adopted(), .waitBegan(Fold.watch)])
        #expect(standing.position(of: "lamp.watch") == .waiting(began: .derived(from: standing.head, ordinal: 0)))
        #expect(standing.origin(of: "lamp.watch") == standing.head)
    }

    @Test("what a revert took back is forgotten, whoever found it gone", arguments: [reverted, absent])
    func forgets(end: Event.Change) {
        let gate = Event.Change.gateAssessed(Self.wire, claim: "c", .shut("no"))
        let standing = Fold.standing([Fold.adopted(), gate, Self.started, Self.performed, Self.inPlace, Self.back, Self.revertStarted, end])
        #expect(standing.position(of: "lamp.wire") == .reverted)
        #expect(standing.evidence(of: "lamp.wire") == nil && standing.verifiedAt("lamp.wire") == nil)
        #expect(standing.lastVerdict(Self.wire, claim: "c") == nil)
    }

    @Test("evidence of performing and of verifying add up, and go when the step is started again")
    func evidence() {
        let verified = Fold.standing([Fold.adopted(), Self.started, Self.performed, Self.inPlace])
        #expect(verified.evidence(of: "lamp.wire") == Evidence(["a": "1", "b": "2"]))
        #expect(verified.verifiedAt("lamp.wire") == ManualTime.beginning.adding(seconds: 3))
        let again = Fold.standing([Fold.adopted(), Self.started, Self.performed, Self.started])
        #expect(again.evidence(of: "lamp.wire") == nil)
    }

    @Test("holds, quarantine and the adopted plan are the newest recorded")
    func tenantFacts() {
        let standing = Fold.standing([Fold.adopted(), .held(reason: "a"), .held(reason: "b"), .quarantined(reason: "odd")])
        #expect(standing.hold?.reason == "b" && standing.hold?.by == "ann" && standing.quarantine == "odd")
        #expect(standing.planDigest == Fold.plan.digest && standing.planRevision == 1 && standing.wave == "all")
        #expect(Fold.standing([.held(reason: "a"), .released(reason: "ok")]).hold == nil)
    }

    @Test("only shut gates are told, the newest verdict of each")
    func shutGates() {
        let standing = Fold.standing([
            .gateAssessed(Self.wire, claim: "b", .shut("no")), .gateAssessed(Self.wire, claim: "a", .unknown("?")),
            .gateAssessed(Self.wire, claim: "b", .open(Evidence())), .gateAssessed(Fold.light, claim: "x", .shut("no")),
        ])
        #expect(standing.shutGates(of: Self.wire).map(\.claim) == ["a"])
    }
}
