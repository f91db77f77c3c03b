import Cutover
import CutoverTestKit
import Testing

@Suite("an errand") struct ErrandTests {
    let world = LampWorld()

    private func light(_ engine: Engine) async throws -> Errand<Lamp.Nothing> {
        try await engine.carryOut(Lamp.Set(part: "lit", on: true), on: "acme", reason: "too dark", facts: Evidence(["part": "lit"])) { _ in
            Evidence(["lit": "yes"])
        }
    }

    @Test("is recorded before its effect and after it, and moves no step")
    func recorded() async throws {
        let engine = world.engine()
        _ = try await engine.advance("acme")
        await world.transport.during(Lamp.Set.kind) { _ in #expect((try? await world.kinds())?.last == "errandBegan") }
        let before = try await engine.standing(of: "acme")
        guard case .done = try await light(engine) else { return #expect(Bool(false), "not done") }
        #expect(try await world.kinds() == ["planAdopted", "errandBegan", "errandEnded"])
        let origin = try await world.events("errandBegan")[0]
        #expect(origin.change.facts == ["operation": "lamp.set", "reason": "too dark", "fact.part": "lit"])
        #expect(await world.writes().map(\.id) == [OperationID.derived(from: origin.hash, ordinal: 0)])
        let after = try await engine.standing(of: "acme")
        #expect(after.position(of: "lamp.wire") == before.position(of: "lamp.wire") && after.since == before.since)
    }

    @Test("that fails is recorded with its effect")
    func failed() async throws {
        let engine = world.engine()
        _ = try await engine.advance("acme")
        await world.set("stuck", "lit")
        guard case .failed(let failure) = try await light(engine) else { return #expect(Bool(false), "not failed") }
        #expect(failure.effect == .nothingChanged)
        #expect(try await world.kinds().suffix(2) == ["errandBegan", "errandFailed"])
    }

    @Test("does not begin while the tenant is held, also when the hold comes in at that moment")
    func held() async throws {
        let engine = world.engine()
        _ = try await engine.advance("acme")
        try await engine.hold("acme", reason: "lunch")
        guard case .stopped(let why, _) = try await light(engine) else { return #expect(Bool(false), "not stopped") }
        #expect(why.contains("lunch"))
        #expect(await world.writes().isEmpty)
    }

    @Test("does not begin while another process holds the lease")
    func leased() async throws {
        let engine = world.engine()
        _ = try await engine.advance("acme")
        let other = world.engine("two", as: "bob")
        await world.transport.during(Lamp.Set.kind) { _ in
            await #expect(throws: EngineError.self) { _ = try await light(other) }
        }
        #expect(try await engine.advance("acme").did == "performed")
        #expect(try await world.events("errandBegan").isEmpty)
    }
}
