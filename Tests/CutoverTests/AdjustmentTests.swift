import Cutover
import CutoverTestKit
import Testing

@Suite("an adjustment") struct AdjustmentTests {
    let world = LampWorld()

    @Test("reaches the host while another process holds the lease and is at work, and does not lose the step's outcome")
    func besideStep() async throws {
        let engine = world.engine()
        _ = try await engine.advance("acme")
        let other = world.engine("two", as: "bob")
        await world.transport.during(Lamp.Set.kind) { _ in
            _ = try? await other.adjust("acme", Lamp.Dim(to: 40), reason: "too bright", facts: Evidence(["to": "40"]))
        }
        #expect(try await engine.advance("acme").did == "performed")
        #expect(await world.thing("dimmed") == "40")
        #expect(try await world.kinds().suffix(4) == ["started", "adjustmentAsked", "adjustmentAnswered", "performed"])
        let asked = try await world.events("adjustmentAsked")[0]
        #expect(asked.by == "bob" && asked.fence == 0)
        #expect(asked.change.facts == ["operation": "lamp.dim", "reason": "too bright", "fact.to": "40"])
        let started = try await world.events("started")[0]
        #expect(await world.writes(Lamp.Dim.kind).map(\.fence) == [started.fence])
    }

    @Test("is on record before it is sent, and moves neither step nor clock")
    func intentFirst() async throws {
        let engine = world.engine()
        _ = try await engine.advance("acme")
        let before = try await engine.standing(of: "acme")
        await world.transport.during(Lamp.Dim.kind) { _ in #expect((try? await world.kinds())?.last == "adjustmentAsked") }
        _ = try await engine.adjust("acme", Lamp.Dim(to: 1), reason: "r")
        let after = try await engine.standing(of: "acme")
        #expect(after.since == before.since && after.position(of: "lamp.wire") == before.position(of: "lamp.wire"))
    }

    @Test("that the host refuses says so, in the answer and on record")
    func refused() async throws {
        let engine = world.engine()
        _ = try await engine.advance("acme")
        await world.set("stuck", "dimmer")
        let outcome = try await engine.adjust("acme", Lamp.Dim(to: 1), reason: "r")
        #expect(throws: StepFailure.self) { try outcome.get() }
        #expect(try await world.events("adjustmentAnswered")[0].change.facts["outcome"] == "failed: the dimmer is stuck")
    }
}
