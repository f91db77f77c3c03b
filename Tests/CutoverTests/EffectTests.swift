import CutoverTestKit
import Testing

@testable import Cutover

@Suite("what a failed step left behind") struct EffectTests {
    let world = LampWorld()

    /// Behind the grace, on its way back by two operations.
    private func goingBack() async throws -> Engine {
        let engine = world.engine()
        try await engine.go(to: "lamp.retire", world.time)
        try await engine.requestRevert("acme", to: "lamp.watch", reason: "too dark")
        return engine
    }

    @Test("is told as something when only the last of its operations was never sent")
    func laterNeverSent() async throws {
        let engine = try await goingBack()
        let transport = world.transport
        await transport.during(Lamp.Set.kind) { _ in
            await transport.during(Lamp.Set.kind) { _ in await transport.plan(.neverSent, for: Lamp.Set.kind) }
        }
        let failure = try #require(try await engine.advance("acme").failure)
        #expect(await world.thing("retired") == nil)
        #expect(await world.thing("drawer") == "on")
        #expect(failure.effect == .partlyChanged)
        guard case .revertFailed(let told) = try await engine.position("lamp.retire") else { return #expect(Bool(false), "not failed") }
        #expect(told.effect == .partlyChanged)
    }

    @Test("is told as nothing when the first of them was never sent")
    func firstNeverSent() async throws {
        let engine = try await goingBack()
        await world.transport.plan(.neverSent, for: Lamp.Set.kind)
        #expect(try await engine.advance("acme").failure?.effect == .nothingChanged)
        #expect(await world.thing("retired") == "on")
    }

    @Test("is told as nothing where no more than a trial was carried out before")
    func trial() async throws {
        let engine = world.engine()
        try await engine.go(to: "lamp.wire", world.time)
        await world.transport.plan(.neverSent, for: Lamp.Set.kind)
        #expect(try await engine.advance("acme").failure?.effect == .nothingChanged)
        #expect(await world.thing("blinks") == "1")
    }

    @Test("may still be what an earlier attempt did: in grace, the second half refused")
    func earlier() {
        let refused = StepFailure("somebody read it", effect: .nothingChanged, next: "ask them")
        let before = [Fold.adopted()] + Fold.done(Fold.wire, Fold.light)
        let aside: [Event.Change] = [.started(Fold.retire, attempt: 1), .setAside(Fold.retire, until: Fold.later, Evidence())]
        #expect(Fold.standing(before + aside + [.started(Fold.retire, attempt: 2), .failed(Fold.retire, refused)]).mayHaveEffect("lamp.retire"))
        #expect(!Fold.standing(before + [.started(Fold.retire, attempt: 1), .failed(Fold.retire, refused)]).mayHaveEffect("lamp.retire"))
    }
}
