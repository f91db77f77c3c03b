import Cutover
import CutoverTestKit
import Testing

@Suite("the walk over a plan") struct PlanWalkTests {
    private func plan(_ kinds: StepKind...) -> Plan { LampCatalog.plan(phases: [Phase(id: "L", steps: kinds.map { LampCatalog.step($0) })]) }

    /// The lamps' catalogue with one entry written otherwise.
    private func catalog(_ kind: StepKind, _ nature: StepCatalog.Nature, making other: StepKind) -> StepCatalog {
        StepCatalog(
            LampCatalog.catalog.entries.map { entry in
                guard entry.kind == kind, let impostor = LampCatalog.catalog.entry(for: other) else { return entry }
                return StepCatalog.Entry(kind: kind, nature: nature, milestone: entry.milestone, make: impostor.make)
            })
    }

    private func told(_ walk: PlanWalk) -> [String] {
        walk.deadEnds.map { "\($0.way.rawValue): \($0.step.id) \($0.position.word)\($0.stranded.map { ", then \($0.id)" } ?? "")" }
    }

    @Test("every state of a plan that ends with what can't be undone has a way on and a way back")
    func sound() {
        let walk = PlanWalk(LampCatalog.plan(), catalog: LampCatalog.catalog, goneAtOnce: 1)
        #expect(told(walk) == [])
        #expect(walk.states > 200, "\(walk.states) states are not all")
    }

    @Test("a step that can't be undone leaves no way back to what comes after it, and none is missed by waits after it")
    func irreversibleTooEarly() {
        #expect(told(PlanWalk(plan("lamp.wire", "lamp.smash", "lamp.light"), catalog: LampCatalog.catalog, goneAtOnce: 1)) == ["back: lamp.smash performed, then lamp.light"])
        #expect(told(PlanWalk(plan("lamp.wire", "lamp.smash", "lamp.retire", "lamp.watch"), catalog: LampCatalog.catalog, goneAtOnce: 1)) == ["back: lamp.smash performed, then lamp.retire"])
        #expect(told(PlanWalk(plan("lamp.wire", "lamp.smash", "lamp.watch"), catalog: LampCatalog.catalog, goneAtOnce: 1)) == [])
    }

    @Test("a step that says it can be undone, and can't, has no way back")
    func wayBackIsMissing() {
        let lying = catalog("lamp.light", .reversible, making: "lamp.smash")
        #expect(told(PlanWalk(plan("lamp.wire", "lamp.light", "lamp.watch"), catalog: lying, goneAtOnce: 1)) == ["back: lamp.light performed"])
    }

    @Test("a step that nothing carries on has no way forward", arguments: [("lamp.watch", StepCatalog.Nature.wait), ("lamp.retire", .graceful)] as [(StepKind, StepCatalog.Nature)])
    func noWayForward(kind: StepKind, nature: StepCatalog.Nature) {
        let lying = catalog(kind, nature, making: "lamp.light")
        #expect(told(PlanWalk(plan("lamp.wire", kind, "lamp.light"), catalog: lying, goneAtOnce: 1)) == ["forward: \(kind) pending, then lamp.light"])
    }

    @Test("a kind that the catalogue does not have has no way forward")
    func unknownKind() {
        #expect(told(PlanWalk(plan("lamp.wire", "lamp.dance"), catalog: LampCatalog.catalog, goneAtOnce: 1)).contains("forward: lamp.dance pending"))
    }

    @Test("however many steps are found gone at once, the dead ends are the same")
    func goneAtOnce() {
        for kinds in [["lamp.wire", "lamp.light", "lamp.watch", "lamp.retire"], ["lamp.wire", "lamp.smash", "lamp.light", "lamp.watch"]] as [[StepKind]] {
            let plan = LampCatalog.plan(phases: [Phase(id: "L", steps: kinds.map { LampCatalog.step($0) })])
            let walks = (0...kinds.count).map { PlanWalk(plan, catalog: LampCatalog.catalog, goneAtOnce: $0) }
            #expect(walks.allSatisfy { $0.deadEnds == walks[0].deadEnds } && walks.map(\.states) == walks.map(\.states).sorted())
            #expect(walks[0].states < walks[1].states && walks[1].states < walks[2].states)
        }
    }
}
