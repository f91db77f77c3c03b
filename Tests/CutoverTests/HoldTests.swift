import Cutover
import CutoverTestKit
import Testing

@Suite("a hold") struct HoldTests {
    let world = LampWorld()

    @Test("stops at once, until it is released")
    func stops() async throws {
        let engine = world.engine()
        _ = try await engine.advance("acme")
        try await world.engine("two", as: "bob").hold("acme", reason: "lunch")
        for _ in 0..<2 { #expect(try await engine.advance("acme").stop == .held(by: "bob", reason: "lunch")) }
        #expect(await world.writes().isEmpty)
        try await engine.release("acme", reason: "fed")
        #expect(try await engine.advance("acme").did == "performed")
    }

    @Test("mends nothing: what failed goes on to count")
    func counts() {
        let failed = [Fold.adopted(), .started(Fold.wire, attempt: 1), .failed(Fold.wire, Fold.mishap)]
        func line(_ changes: [Event.Change]) -> TenantStatus { Fold.standing(changes).status(under: Fold.plan, catalog: LampCatalog.catalog) }
        let held = line(failed + [.held(reason: "lunch")])
        #expect(held.state == .held && held.trouble == .failed)
        #expect(Spending([held], under: Fold.plan.rollout).failures == 1)
        #expect(line([Fold.adopted(), .held(reason: "lunch")]).trouble == nil)
    }

    @Test("a note that comes in mid-step doesn't lose the step's outcome")
    func midStep() async throws {
        let engine = world.engine()
        _ = try await engine.advance("acme")
        let other = world.engine("two", as: "bob")
        await world.transport.during(Lamp.Set.kind) { _ in try? await other.hold("acme", reason: "stop!") }
        #expect(try await engine.advance("acme").did == "performed")
        #expect(try await world.kinds().suffix(3) == ["started", "held", "performed"])
        #expect(try await engine.position("lamp.wire") == .performed)
        #expect(try await engine.advance("acme").stop == .held(by: "bob", reason: "stop!"))
    }

    @Test("a hold that comes in while the gates are asked stops the step before it is begun")
    func atTheGate() async throws {
        let engine = world.engine()
        _ = try await engine.advance("acme")
        let other = world.engine("two", as: "bob")
        await world.transport.during(Lamp.Read.kind) { _ in try? await other.hold("acme", reason: "wait!") }
        #expect(try await engine.advance("acme").stop == .held(by: "bob", reason: "wait!"))
        #expect(try await world.kinds() == ["planAdopted", "held"])
        #expect(await world.writes().isEmpty)
    }

    @Test("an approval that comes in while the gates are asked does not stop the step")
    func approvalAtTheGate() async throws {
        let engine = world.engine()
        _ = try await engine.advance("acme")
        let other = world.engine("two", as: "bob")
        await world.transport.during(Lamp.Read.kind) { _ in try? await other.approve("acme", topic: "t", reason: "r") }
        #expect(try await engine.advance("acme").did == "performed")
    }

    @Test("a revert asked for while the gates are asked is heard")
    func revertAtTheGate() async throws {
        let engine = world.engine()
        _ = try await engine.advance("acme")
        let other = world.engine("two", as: "bob")
        await world.transport.during(Lamp.Read.kind) { _ in try? await other.requestRevert("acme", to: nil, reason: "wrong lamp") }
        #expect(try await engine.advance("acme").isSettled)
        #expect(try await world.kinds() == ["planAdopted", "revertRequested"])
        #expect(await world.writes().isEmpty)
    }

    @Test("a hold before the tenant was begun holds too")
    func beforehand() async throws {
        try await world.engine().hold("acme", reason: "not yet")
        #expect(try await world.engine().advance("acme").stop == .held(by: "ann", reason: "not yet"))
    }

    @Test("what people ask of an unknown tenant is refused")
    func unknownTenant() async throws {
        await #expect(throws: EngineError.self) { try await world.engine().hold("nobody", reason: "x") }
    }
}
