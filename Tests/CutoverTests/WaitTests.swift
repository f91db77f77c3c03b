import Cutover
import CutoverTestKit
import Testing

@Suite("a wait") struct WaitTests {
    let world = LampWorld()

    private func waiting() async throws -> Engine {
        let engine = world.engine()
        try await engine.go(to: "lamp.light", world.time)
        #expect(try await engine.advance("acme").did == "waiting")
        return engine
    }

    @Test("is begun once and observed until its window is clean")
    func opens() async throws {
        let engine = try await waiting()
        for _ in 0..<3 { #expect(try await engine.advance("acme").isWaiting) }
        #expect(try await world.events("waitBegan").count == 1)
        #expect(await world.writes(Lamp.StartWatch.kind).count == 1)
        #expect(try await engine.standing(of: "acme").status(under: world.plan, catalog: LampCatalog.catalog).state == .waiting)
        world.time.advance(seconds: 60)
        #expect(try await engine.advance("acme").did == "verified")
        #expect(try await world.events("verified").last?.change.facts["fact.seconds"] == "60")
    }

    @Test("records its shut window once, however often it is asked")
    func quiet() async throws {
        let engine = try await waiting()
        let before = try await world.kinds().count
        for _ in 0..<5 {
            _ = try await engine.advance("acme")
            world.time.advance(seconds: 5)
        }
        #expect(try await world.kinds().count == before + 1)
    }

    @Test("tends when asked, under the id it began with")
    func tends() async throws {
        let engine = try await waiting()
        await world.set("watched", nil)
        #expect(try await engine.advance("acme").isWaiting)
        #expect(try await world.events("tended").map(\.change.facts) == [["reason": "nobody watches"]])
        let starts = await world.writes(Lamp.StartWatch.kind)
        #expect(starts.count == 2 && Set(starts.map(\.id)).count == 2)
        let began = try #require(try await world.events("waitBegan").last)
        #expect(starts.allSatisfy { $0.payload.contains(OperationID.derived(from: began.hash, ordinal: 0).text) })
    }

    @Test("is never in doubt: what its tending came to is asked again by observing", arguments: [ScriptedTransport.Mishap.lostAnswer, .lostRequest, .neverSent])
    func neverInDoubt(mishap: ScriptedTransport.Mishap) async throws {
        let engine = world.engine()
        try await engine.go(to: "lamp.light", world.time)
        await world.transport.plan(mishap, for: Lamp.StartWatch.kind)
        #expect(try await engine.advance("acme").isWaiting)
        guard case .waiting = try await engine.position("lamp.watch") else { return #expect(Bool(false), "not waiting") }
        #expect(try await engine.standing(of: "acme").isInDoubt == false)
        try await engine.go(to: "lamp.watch", world.time)
    }

    @Test("a controller that dies right after beginning leaves a wait that the next one tends")
    func dies() async throws {
        let first = world.engine()
        try await first.go(to: "lamp.light", world.time)
        await world.journal.die(atAppend: 1, .after)
        await #expect(throws: EngineError.self) { try await first.advance("acme") }
        await world.journal.revive()
        #expect(await world.writes(Lamp.StartWatch.kind).isEmpty)
        try await world.engine("two", gone: true).go(to: "lamp.watch", world.time)
        #expect(try await world.events("tended").count == 1)
    }

    @Test("evidence collected for another wait does not count")
    func foreignEvidence() async throws {
        let engine = world.engine()
        try await engine.go(to: "lamp.light", world.time)
        await world.set("watched", "some-other-wait@0")
        #expect(try await engine.advance("acme").did == "waiting")
        world.time.advance(seconds: 10)
        #expect(try await engine.advance("acme").isWaiting)
    }

    @Test("a window that only a person can clear says so")
    func person() async throws {
        let engine = try await waiting()
        await world.set("flickered", "yes")
        world.time.advance(seconds: 1000)
        guard case .waiting(_, let seen) = try await engine.advance("acme") else { return #expect(Bool(false), "not waiting") }
        #expect(seen.clearedBy == .person("replace the bulb"))
        #expect(try await engine.why("acme").clearedBy == "replace the bulb")
    }
}
