import Cutover
import CutoverTestKit
import Testing

@Suite("the way back") struct RevertTests {
    let world = LampWorld()

    private func back(_ engine: Engine) async throws -> [String] {
        var done: [String] = []
        for _ in 0..<20 {
            guard case .did(let ref, let what) = try await engine.advance("acme") else { break }
            done.append("\(ref?.step.text ?? "") \(what)")
        }
        return done
    }

    @Test("goes step by step in reverse and stops at the target")
    func stepByStep() async throws {
        let engine = world.engine()
        try await engine.go(to: "lamp.retire", world.time)
        try await engine.requestRevert("acme", to: "lamp.wire", reason: "too bright")
        #expect(try await back(engine) == ["lamp.retire reverted", "lamp.watch left", "lamp.light reverted"])
        #expect(try await engine.advance("acme").isSettled)
        #expect(await world.thing("wired") == "on")
        #expect(await world.thing("lit") == nil)
        #expect(try await engine.standing(of: "acme").status(under: world.plan, catalog: LampCatalog.catalog).state == .reverted)
    }

    @Test("to the start undoes everything, and forward again does it anew")
    func toTheStart() async throws {
        let engine = world.engine()
        try await engine.go(to: "lamp.light", world.time)
        try await engine.requestRevert("acme", to: nil, reason: "wrong house")
        #expect(try await back(engine) == ["lamp.light reverted", "lamp.wire reverted"])
        try await engine.reopen("acme", reason: "right house after all")
        try await engine.go(to: "lamp.light", world.time)
        #expect(await world.writes().map(\.payload).filter { $0.contains("wired") }.count == 3)
        #expect(Set(await world.writes().map(\.id)).count == 6, "each attempt is an operation of its own")
    }

    @Test("the revert is told what was performed")
    func evidence() async throws {
        let engine = world.engine()
        try await engine.go(to: "lamp.wire", world.time)
        try await engine.requestRevert("acme", to: nil, reason: "x")
        _ = try await back(engine)
        #expect(try await world.events("reverted").last?.change.facts["removed"] == "copper")
    }

    @Test("ends what was agreed to as soon as it begins: it may take effect late, though it is recorded as a failure")
    func consents() {
        let agreed = Fold.done(Fold.wire, Fold.light) + [.approved(topic: Fold.retire.place, reason: "agreed", facts: [:])] + Fold.done(Fold.retire)
        let before = [Fold.adopted()] + agreed + [.revertRequested(to: "lamp.light", reason: "too dark")]
        #expect(Fold.standing(before).consents.count == 1)
        let lost = StepFailure("no route to the host", effect: .nothingChanged, next: "mend it")
        let after = before + [.revertStarted(Fold.retire, attempt: 2), .failed(Fold.retire, lost), .reopened(reason: "bright after all")]
        #expect(Fold.standing(after).consents.isEmpty)
    }

    @Test("stops at a step that has no way back")
    func noWayBack() async throws {
        let engine = world.engine()
        try await engine.go(to: "lamp.smash", world.time)
        try await engine.requestRevert("acme", to: "lamp.light", reason: "oh no")
        let advance = try await engine.advance("acme")
        #expect(advance.stop == .noWayBack(Fold.smash))
        #expect(FleetRun.outcome(of: advance) == .failed("\(Fold.smash.place) can't be undone, nothing brings back what it removed: cutoverctl history acme"))
        #expect(try await engine.why("acme").answer == "it can't: nothing brings back what it removed")
    }

    @Test("a revert whose verify still finds something fails, and can be asked for again")
    func stillThere() async throws {
        let engine = world.engine()
        try await engine.go(to: "lamp.light", world.time)
        await world.set("ghost", "lit")
        try await engine.requestRevert("acme", to: "lamp.wire", reason: "x")
        #expect(try await engine.advance("acme").failure?.what == "reverted, but something is still in place: lit yes")
        guard case .revertFailed = try await engine.position("lamp.light") else { return #expect(Bool(false), "not failed") }
        #expect(try await engine.advance("acme").stop != nil)
        await world.set("ghost", nil)
        try await engine.requestRevert("acme", to: "lamp.wire", reason: "mended")
        #expect(try await back(engine) == ["lamp.light reverted"])
    }

    @Test("a revert whose answer was lost is verified before it is done again")
    func lostAnswer() async throws {
        let engine = world.engine()
        try await engine.go(to: "lamp.light", world.time)
        try await engine.requestRevert("acme", to: "lamp.wire", reason: "x")
        await world.transport.plan(.lostAnswer, for: Lamp.Set.kind)
        #expect(try await engine.advance("acme").isUnknown)
        #expect(try await engine.advance("acme").did == "reverted")
        await world.transport.plan(.lostRequest, for: Lamp.Set.kind)
        try await engine.requestRevert("acme", to: nil, reason: "x")
        #expect(try await engine.advance("acme").isUnknown)
        #expect(try await engine.advance("acme").did == "still in place: to be reverted again")
        #expect(try await engine.advance("acme").did == "reverted")
        #expect(await world.thing("wired") == nil)
    }

    @Test("a step in grace is taken back without its second half")
    func inGrace() async throws {
        let engine = world.engine()
        try await engine.go(to: "lamp.watch", world.time)
        #expect(try await engine.advance("acme").did?.hasPrefix("set aside, in grace until") == true)
        #expect(try await engine.advance("acme").isWaiting, "the grace has not passed")
        #expect(await world.thing("drawer") == "on")
        try await engine.requestRevert("acme", to: "lamp.watch", reason: "somebody objects")
        #expect(try await back(engine) == ["lamp.retire reverted"])
        #expect(await world.thing("drawer") == nil)
        #expect(await world.thing("retired") == nil)
    }

    @Test("to the very step that is in doubt is not over before that doubt is, and keeps its place until then")
    func inDoubtAtItsTarget() {
        let doubt: [Event.Change] = [Fold.adopted(), .started(Fold.wire, attempt: 1), .becameUnknown(Fold.wire, detail: "the connection broke")]
        let back = doubt + [.revertRequested(to: "lamp.wire", reason: "too bright")]
        let line = Fold.standing(back).status(under: Fold.plan, catalog: LampCatalog.catalog)
        #expect(line.state == .inDoubt && line.isInMotion)
        let found = Fold.standing(back + [.verified(Fold.wire, .partial(Evidence()))]).status(under: Fold.plan, catalog: LampCatalog.catalog)
        #expect(found.state == .reverted && !found.isInMotion)
    }

    @Test("a target that the plan doesn't have is refused before anything is recorded")
    func unknownTarget() async throws {
        let engine = world.engine()
        try await engine.go(to: "lamp.light", world.time)
        let before = try await world.kinds()
        await #expect(throws: EngineError.self) { try await engine.requestRevert("acme", to: "lamp.paint", reason: "typo") }
        #expect(try await world.kinds() == before)
    }
}
