import Cutover
import CutoverTestKit
import Testing

@Suite("gates, approvals and consent") struct GateTests {
    private static let approvals = Approvals(count: 2, from: ["ann", "bob", "cay", "edison"], notAuthor: true)

    private static func risky() -> LampWorld {
        let steps = [LampCatalog.step("lamp.wire", risk: .high), LampCatalog.step("lamp.light")]
        return LampWorld(plan: LampCatalog.plan(approvals: approvals, phases: [Phase(id: "L0", steps: steps)]))
    }

    @Test("a shut or unknown gate keeps the step from being begun, and is recorded once", arguments: [("off", "shut"), ("smoking", "unknown")])
    func keepsShut(mains: String, answer: String) async throws {
        let world = LampWorld()
        let engine = world.engine()
        _ = try await engine.advance("acme")
        await world.set("mains", mains)
        for _ in 0..<3 {
            let shut = try await engine.advance("acme").shut
            #expect(shut.map(\.claim) == ["the mains are on"] && shut.map(\.verdict.answer) == [answer])
        }
        #expect(try await world.kinds() == ["planAdopted", "gateAssessed"])
        #expect(await world.writes().isEmpty)
        #expect(try await engine.standing(of: "acme").status(under: world.plan, catalog: LampCatalog.catalog).state == .gated)
    }

    @Test("a gate that changes its answer is recorded again")
    func changes() async throws {
        let world = LampWorld()
        let engine = world.engine()
        _ = try await engine.advance("acme")
        for mains in ["off", "smoking", "off"] {
            await world.set("mains", mains)
            _ = try await engine.advance("acme")
        }
        #expect(try await world.events("gateAssessed").count == 3)
    }

    @Test("every open gate is recorded with the intent, in one batch")
    func recordsOpen() async throws {
        let world = LampWorld()
        let engine = world.engine()
        _ = try await engine.advance("acme")
        _ = try await engine.advance("acme")
        #expect(try await world.kinds() == ["planAdopted", "gateAssessed", "gateAssessed", "started", "performed"])
    }

    @Test("a gate that opened while another stays shut is no longer reported as shut")
    func partlyOpened() async throws {
        let world = Self.risky()
        let engine = world.engine()
        _ = try await engine.advance("acme")
        await world.set("mains", "off")
        _ = try await engine.advance("acme")
        await world.set("mains", "on")
        _ = try await engine.advance("acme")
        #expect(try await engine.standing(of: "acme").shutGates(of: Fold.wire).map(\.claim) == ["2 approved it, not the author"])
    }

    @Test("what was approved before a step was taken back has to be approved again")
    func approvalsEndWithARevert() async throws {
        let world = Self.risky()
        for person in ["ann", "bob"] as [OperatorID] { try await world.engine(as: person).approve("acme", topic: "L0/lamp.wire", reason: "fine") }
        for _ in 0..<3 { _ = try await world.engine().advance("acme") }
        #expect(try await world.engine().standing(of: "acme").position(of: Fold.wire.step) == .verified)
        try await world.engine().requestRevert("acme", to: nil, reason: "not yet")
        _ = try await world.engine().advance("acme")
        try await world.engine().reopen("acme", reason: "once more")
        #expect(try await world.engine().advance("acme").shut.map(\.claim) == ["2 approved it, not the author"])
    }

    @Test("approvals count distinct people and leave the author and strangers out")
    func approvals() async throws {
        let world = Self.risky()
        _ = try await world.engine().advance("acme")
        for person in ["ann", "ann", "edison", "mallory"] as [OperatorID] {
            try await world.engine(as: person).approve("acme", topic: "L0/lamp.wire", reason: "fine")
            let shut = try await world.engine().advance("acme").shut
            #expect(shut.map(\.verdict.detail) == ["1 of 2 (ann); may approve: ann, bob, cay, edison"])
            #expect(shut.map(\.clearedBy.text) == ["cutoverctl approve acme L0/lamp.wire --as PERSON --reason TEXT"])
        }
        try await world.engine(as: "bob").approve("acme", topic: "L0/lamp.light", reason: "another step")
        #expect(try await world.engine().advance("acme").shut.count == 1)
        try await world.engine(as: "bob").approve("acme", topic: "L0/lamp.wire", reason: "fine")
        #expect(try await world.engine().advance("acme").did == "performed")
    }

    @Test("what can't be undone is not called without a recorded consent, and then knows whose it is")
    func consent() async throws {
        let world = LampWorld()
        let engine = world.engine()
        try await engine.go(to: "lamp.retire", world.time)
        for _ in 0..<2 { #expect(try await engine.advance("acme").wantsConsent) }
        #expect(await world.writes(Lamp.Smash.kind).isEmpty)
        try await world.engine(as: "cay").approve("acme", topic: "L1/lamp.smash", reason: "it is broken")
        #expect(try await engine.advance("acme").did == "performed")
        let performed = try #require(try await world.events("performed").last)
        #expect(performed.change.facts["consent"] == "cay")
        #expect(try await engine.advance("acme").did == "verified")
        #expect(try await engine.advance("acme").isFinished)
    }

    @Test("asking, previewing and checking write nothing: neither to the journal nor to the host")
    func looksOnly() async throws {
        let world = LampWorld()
        let engine = world.engine()
        try await engine.go(to: "lamp.light", world.time)
        let before = try await world.journal.records()
        let writes = await world.transport.host("acme").received.filter { $0.operationClass != .reading }.count
        let preview = try await engine.preview("acme")
        #expect(preview.steps.map(\.step) == ["L1/lamp.watch", "L1/lamp.retire", "L1/lamp.smash"])
        #expect(preview.steps.map(\.reversible) == [true, true, false])
        #expect(try await engine.check("acme").map(\.step) == ["L0/lamp.wire", "L0/lamp.light"])
        _ = try await engine.why("acme")
        #expect(try await world.journal.records() == before)
        #expect(await world.transport.host("acme").received.filter { $0.operationClass != .reading }.count == writes)
    }

    @Test("check leaves out what a later step has ended, and shows drift")
    func drift() async throws {
        let world = LampWorld()
        let engine = world.engine()
        try await engine.go(to: "lamp.smash", world.time)
        #expect(try await engine.check("acme").map(\.step) == ["L0/lamp.wire", "L1/lamp.retire", "L1/lamp.smash"])
        await world.set("wired", nil)
        #expect(try await engine.check("acme").first?.finding.isAbsent == true)
    }

    @Test("what a step in its grace has set aside is not taken for gone, and not opened again")
    func setAside() async throws {
        let catalog = StepCatalog(
            LampCatalog.catalog.entries.map { entry in
                guard entry.kind == "lamp.light" else { return entry }
                return StepCatalog.Entry(
                    kind: entry.kind, nature: entry.nature, milestone: entry.milestone, requires: entry.requires, endedBy: ["lamp.retire"], exposure: entry.exposure, make: entry.make)
            })
        let world = LampWorld(catalog: catalog)
        let engine = world.engine()
        try await engine.go(to: "lamp.watch", world.time)
        await world.set("lit", nil)
        #expect(try await engine.check("acme").last?.finding.isAbsent == true)
        await world.set("lit", "on")
        #expect(try await engine.advance("acme").did?.hasPrefix("set aside") == true)
        await world.set("lit", nil)
        #expect(try await engine.check("acme").map(\.step) == ["L0/lamp.wire"])
        guard case .done(let found) = try await engine.reopenDrifted("acme", reason: "looked") else { return #expect(Bool(false), "not looked at") }
        #expect(found.map(\.step) == ["L0/lamp.wire"])
    }
}
