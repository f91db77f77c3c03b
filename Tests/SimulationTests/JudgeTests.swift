import Cutover
import CutoverTestKit
import Testing

@testable import Simulation

@Suite("the judge of a simulation") struct JudgeTests {
    private static let plan = LampCatalog.plan(
        approvals: Approvals(count: 2, from: ["ben", "cas", "edison"], notAuthor: true),
        phases: [Phase(id: "L0", steps: [LampCatalog.step("lamp.wire", risk: .high), LampCatalog.step("lamp.light")])])
    private static let wire = StepRef(tenant: "acme", phase: "L0", step: "lamp.wire")
    private var judge: Judge
    private var head = (revision: 0, hash: Event.genesis(of: "acme", in: "j"))

    init() {
        var fate = Fate()
        fate.vetoes = [Spell(from: ManualTime.beginning.adding(seconds: 1000), until: ManualTime.beginning.adding(seconds: 2000))]
        judge = Judge(plan: Self.plan, catalog: LampCatalog.catalog, fates: ["acme": fate], journal: "j")
        judge.join("acme")
    }

    private mutating func hear(_ change: Event.Change, by person: OperatorID = "ann", fence: Int = 1, after seconds: Int = 0) {
        let event = Event(
            stream: "acme", revision: head.revision + 1, at: ManualTime.beginning.adding(seconds: seconds), by: person, fence: change.isNote ? 0 : fence, change: change,
            previous: head.hash)
        head = (event.revision, event.hash)
        judge.hear(event, nil)
    }

    private mutating func approve(_ people: OperatorID...) {
        for person in people { hear(.approved(topic: "L0/lamp.wire", reason: "r", facts: [:]), by: person) }
    }

    private func promises() -> Set<String> { Set(judge.violations.map(\.promise)) }

    @Test("has nothing to say to a step that two people signed, and says so when one did, or the author, or a stranger", arguments: [["ben", "cas"], ["ben"], ["ben", "ben"], ["ben", "edison"], ["ben", "eve"], []])
    mutating func signatures(people: [String]) {
        for person in people { approve(OperatorID(person)) }
        hear(.started(Self.wire, attempt: 1))
        #expect(promises().contains("no step of high risk without its signatures") == (people != ["ben", "cas"]))
    }

    @Test("does not count what was signed before the step was taken back")
    mutating func signedBefore() {
        approve("ben", "cas")
        hear(.started(Self.wire, attempt: 1))
        hear(.revertStarted(Self.wire, attempt: 2))
        hear(.reverted(Self.wire, Evidence()))
        #expect(!promises().contains("no step of high risk without its signatures"))
        hear(.started(Self.wire, attempt: 3))
        #expect(promises().contains("no step of high risk without its signatures"))
    }

    @Test("objects to a step under a host's veto, and to no other", arguments: [(999, false), (1000, true), (1999, true), (2000, false)])
    mutating func veto(seconds: Int, objects: Bool) {
        approve("ben", "cas")
        hear(.started(Self.wire, attempt: 1), after: seconds)
        #expect(promises().contains("no step begins under a host's veto") == objects)
    }

    @Test("objects to an event under an older fence than one before it")
    mutating func olderFence() {
        hear(.started(Self.wire, attempt: 1), fence: 2)
        #expect(!promises().contains("never two hands on a tenant"))
        hear(.performed(Self.wire, Evidence()), fence: 1)
        #expect(promises().contains("never two hands on a tenant"))
    }

    @Test("objects to one who comes when a newer one has settled where he left the tenant")
    mutating func settled() {
        hear(.started(Self.wire, attempt: 1), fence: 1)
        hear(.verified(Self.wire, .absent(Evidence())), fence: 2)
        judge.see(SimulatedHosts.Hand(tenant: "acme", fence: 1, isLaid: true, at: ManualTime.beginning))
        #expect(promises().contains("never two hands on a tenant"))
    }

    @Test("objects to two at work on a host, and to one who comes after a newer one")
    mutating func hands() {
        func hand(_ fence: Int, _ isLaid: Bool) -> SimulatedHosts.Hand { SimulatedHosts.Hand(tenant: "acme", fence: fence, isLaid: isLaid, at: ManualTime.beginning) }
        for (fence, isLaid) in [(1, true), (1, false), (2, true), (2, false), (2, true), (2, false)] { judge.see(hand(fence, isLaid)) }
        #expect(judge.violations.isEmpty)
        judge.see(hand(1, true))
        #expect(judge.violations.map(\.detail) == ["one of fence 1 after one of 2"])
        judge.see(hand(3, true))
        #expect(judge.violations.last?.detail == "one of fence 3 beside one of 1")
    }
}
