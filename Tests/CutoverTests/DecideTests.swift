import Cutover
import CutoverTestKit
import Testing

@Suite("the decision") struct DecideTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let changes: [Event.Change]
        let decision: Decision
        init(_ name: String, _ changes: [Event.Change], _ decision: Decision) {
            (self.testDescription, self.changes, self.decision) = (name, changes, decision)
        }
    }

    private static let adopted = Fold.adopted()
    private static let wired = [adopted] + Fold.done(Fold.wire)
    private static let lit = [adopted] + Fold.done(Fold.wire, Fold.light)
    private static let watched = lit + [.waitBegan(Fold.watch), .verified(Fold.watch, .inPlace(Evidence()))]
    private static let retired = watched + Fold.done(Fold.retire)
    private static let smashed = retired + Fold.done(Fold.smash)
    private static let toWire = Event.Change.revertRequested(to: "lamp.wire", reason: "back")
    private static let toStart = Event.Change.revertRequested(to: nil, reason: "back")
    private static let started = Event.Change.started(Fold.light, attempt: 1)
    private static let failed = Event.Change.failed(Fold.light, Fold.mishap)
    private static let revertStarted = Event.Change.revertStarted(Fold.light, attempt: 2)

    static let forward = [
        Row("nothing adopted: adopt", [], .adoptPlan),
        Row("adopted: the first step", [adopted], .perform(Fold.wire)),
        Row("started without outcome: verify it", [adopted, .started(Fold.wire, attempt: 1)], .verify(Fold.wire)),
        Row("performed: verify it", wired + [started, .performed(Fold.light, Evidence())], .verify(Fold.light)),
        Row("verified: the next step", wired, .perform(Fold.light)),
        Row("failed: stop", wired + [started, failed], .stop(.failed(Fold.light, Fold.mishap))),
        Row("failed, reopened: perform", wired + [started, failed, .reopened(reason: "mended")], .perform(Fold.light)),
        Row("found half done: perform again", wired + [started, .verified(Fold.light, .partial(Evidence()))], .perform(Fold.light)),
        Row("a wait: begin it", lit, .beginWait(Fold.watch)),
        Row("a graceful step: set aside first", watched, .setAside(Fold.retire)),
        Row(
            "in grace: the second half at its time", watched + [.started(Fold.retire, attempt: 1), .setAside(Fold.retire, until: Fold.later, Evidence())],
            .performAfterGrace(Fold.retire, at: Fold.later)),
        Row("irreversible: ask for consent", retired, .askConsent(Fold.smash)),
        Row(
            "consent to another topic does not count", retired + [.approved(topic: "L1/lamp.watch", reason: "yes", facts: [:])], .askConsent(Fold.smash)),
        Row("consented: perform", retired + [.approved(topic: "L1/lamp.smash", reason: "yes", facts: [:])], .perform(Fold.smash)),
        Row("everything verified: finished", smashed, .finished),
        Row("held: stop, whatever else", wired + [started, .held(reason: "lunch")], .stop(.held(by: "ann", reason: "lunch"))),
        Row("released: go on", wired + [.held(reason: "lunch"), .released(reason: "back")], .perform(Fold.light)),
        Row("quarantined: stop before a hold is even looked at", wired + [.held(reason: "x"), .quarantined(reason: "odd")], .stop(.quarantined("odd"))),
    ]

    static let back = [
        Row("back to a step: revert the last one first", lit + [toWire], .revert(Fold.light)),
        Row("a wait is reverted like any step", lit + [.waitBegan(Fold.watch), toWire], .revert(Fold.watch)),
        Row(
            "in grace: revert", watched + [.started(Fold.retire, attempt: 1), .setAside(Fold.retire, until: Fold.later, Evidence()), toWire],
            .revert(Fold.retire)),
        Row("back at the step asked for: settled", lit + [toWire, revertStarted, .reverted(Fold.light, Evidence())], .settled),
        Row("back to the start: everything", wired + [toStart], .revert(Fold.wire)),
        Row("nothing to take back: settled", [adopted, toStart], .settled),
        Row("in doubt on the way forward: verify before reverting", wired + [started, toStart], .verify(Fold.light)),
        Row("found half done: revert, whatever its gates would say", wired + [started, .verified(Fold.light, .partial(Evidence())), toWire], .revert(Fold.light)),
        Row("failed and reopened: revert", wired + [started, failed, .reopened(reason: "again"), toWire], .revert(Fold.light)),
        Row("found absent: nothing to revert", wired + [started, .verified(Fold.light, .absent(Evidence())), toWire], .settled),
        Row("in doubt on the way back: verify", lit + [toWire, revertStarted], .verify(Fold.light)),
        Row("revert failed: stop", lit + [toWire, revertStarted, failed], .stop(.failed(Fold.light, Fold.mishap))),
        Row("revert failed and asked again: revert", lit + [toWire, revertStarted, failed, toWire], .revert(Fold.light)),
        Row("a failed step is taken back too", wired + [started, failed, toStart], .revert(Fold.light)),
        Row("an irreversible step says that there is no way back", smashed + [toWire], .stop(.noWayBack(Fold.smash))),
        Row(
            "an irreversible step that may have begun says so too",
            retired + [.started(Fold.smash, attempt: 1), .failed(Fold.smash, Fold.mishap), toWire], .stop(.noWayBack(Fold.smash))),
        Row("forward again after going back", lit + [toWire, revertStarted, .reverted(Fold.light, Evidence()), .reopened(reason: "on")], .perform(Fold.light)),
        Row("a target the plan does not have takes nothing back", lit + [.revertRequested(to: "lamp.paint", reason: "?")], .stop(.unknownTarget("lamp.paint"))),
    ]

    @Test("on the way forward", arguments: forward)
    func goesForward(row: Row) { #expect(Fold.decide(row.changes) == row.decision) }

    @Test("on the way back", arguments: back)
    func goesBack(row: Row) { #expect(Fold.decide(row.changes) == row.decision) }

    @Test("what is in doubt comes before anything else, wherever it stands in the plan")
    func doubtFirst() {
        let early = Self.lit + [.started(Fold.wire, attempt: 2)]
        #expect(Fold.decide(early) == .verify(Fold.wire))
        let late: [Event.Change] = [Self.adopted, .started(Fold.smash, attempt: 1)]
        #expect(Fold.decide(late) == .verify(Fold.smash))
    }

    @Test("a newer plan is adopted between steps, and not while a step is in doubt")
    func newerPlan() {
        let newer = LampCatalog.plan(revision: 2)
        #expect(Fold.decide(Self.wired, under: newer) == .adoptPlan)
        for doubt in [Self.wired + [Self.started], Self.lit + [Self.toWire, Self.revertStarted]] {
            #expect(Fold.decide(doubt, under: newer) == .stop(.planChanged(adopted: Fold.plan.digest)))
        }
    }

    @Test("a plan that dropped the step in doubt can't be adopted either")
    func droppedStep() {
        let shorter = LampCatalog.plan(revision: 2, phases: [Phase(id: "L0", steps: [LampCatalog.step("lamp.wire")])])
        #expect(Fold.decide(Self.wired + [Self.started], under: shorter) == .stop(.planChanged(adopted: Fold.plan.digest)))
        #expect(Fold.decide(Self.wired, under: shorter) == .adoptPlan)
    }

    @Test("an older revision never moves a tenant")
    func olderPlan() {
        let newer = LampCatalog.plan(revision: 2)
        #expect(Fold.decide([Fold.adopted(newer)]) == .stop(.newerPlan(adopted: 2)))
    }

    @Test("a kind that the catalogue does not have counts as irreversible")
    func unknownKind() {
        let plan = LampCatalog.plan(phases: [Phase(id: "L0", steps: [LampCatalog.step("lamp.paint")])])
        let ref = StepRef(tenant: "acme", phase: "L0", step: "lamp.paint")
        #expect(Fold.decide([Fold.adopted(plan)], under: plan) == .askConsent(ref))
    }
}
