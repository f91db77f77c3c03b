import Cutover
import CutoverTestKit
import Testing

@Suite("a newer build of the program, on the way of a tenant") struct HandRenewalTests {
    private static let place = StepRef(tenant: "acme", phase: "H", step: "hand.place")

    /// Puts the program on the host, and finds there what the transport finds.
    private struct PlaceHand: PlacesHand {
        var preconditions: [Gate] { [] }
        var wayBack: [Gate] { [] }
        func build(in verified: Evidence) -> String? { verified.facts["program"] }
        func preview(_ sight: Sight) async throws(StepFailure) -> Preview { Preview(commands: ["put it there"]) }
        func perform(_ site: Site) async throws(StepFailure) -> Evidence {
            _ = try await site.placeHand()
            return Evidence()
        }
        func verify(_ sight: Sight) async throws(StepFailure) -> Finding {
            guard case .present(let digest, let isThisBuild) = try await sight.hand() else { return .absent(Evidence()) }
            return isThisBuild ? .inPlace(Evidence(["program": digest])) : .partial(Evidence(["program": digest]))
        }
        func revert(_ site: Site, performed: Evidence?) async throws(StepFailure) -> Evidence {
            try await site.removeHand()
            return Evidence()
        }
    }

    private static let catalog = StepCatalog(
        LampCatalog.catalog.entries + [StepCatalog.Entry(kind: "hand.place", nature: .reversible, milestone: "ready") { _, _ in .reversible(PlaceHand()) }])
    private static let plan = LampCatalog.plan(phases: [
        Phase(id: "H", steps: [LampCatalog.step("hand.place")]), Phase(id: "L0", steps: [LampCatalog.step("lamp.wire"), LampCatalog.step("lamp.light")]),
    ])

    /// Does something right after it has looked which program stands on the host.
    private struct Meddling: Transport {
        let inner: ScriptedTransport
        let meddle: @Sendable () async -> Void
        func run(_ action: RemoteAction, on host: TenantHost) async throws(TransportError) -> ActionResult { try await inner.run(action, on: host) }
        func probeHand(on host: TenantHost) async throws(TransportError) -> HandReport { try await inner.probeHand(on: host) }
        func placeHand(on host: TenantHost) async throws(TransportError) -> HandReport { try await inner.placeHand(on: host) }
        func removeHand(from host: TenantHost) async throws(TransportError) { try await inner.removeHand(from: host) }
        func handSuccessors(on host: TenantHost) async throws(TransportError) -> Set<String> {
            let found = try await inner.handSuccessors(on: host)
            await meddle()
            return found
        }
    }

    private struct World {
        let lamps = LampWorld(plan: HandRenewalTests.plan)

        func engine(_ name: String = "one", meddle: (@Sendable () async -> Void)? = nil) -> Engine {
            let transport = lamps.transport
            return Engine(
                plan: HandRenewalTests.plan, fleet: lamps.fleet, catalog: HandRenewalTests.catalog, journal: lamps.journal, time: lamps.time, me: "ann",
                holder: LeaseHolder(name: name, seconds: 60)
            ) { _ in meddle.map { Meddling(inner: transport, meddle: $0) as any Transport } ?? transport }
        }

        /// What stands on the host, as this build sees it.
        func stands(_ digest: String, isThisBuild: Bool) async { await lamps.transport.change("acme") { $0.hand = .present(digest: digest, isThisBuild: isThisBuild) } }

        /// As far as that step, by a build called "older"; then this build comes along.
        func underWay(to step: StepID = "lamp.wire") async throws -> Engine {
            let engine = engine()
            for _ in 0..<2 { _ = try await engine.advance("acme") }
            await stands("older", isThisBuild: true)
            try await engine.go(to: step, lamps.time)
            await stands("older", isThisBuild: false)
            return engine
        }
    }

    @Test("opens the step that puts it there, which is done anew; what came after stays verified")
    func opened() async throws {
        let world = World()
        let engine = try await world.underWay()
        #expect(try await engine.renewHand("acme") == .opened(Self.place))
        #expect(try await engine.position("hand.place") == .halfDone)
        #expect(try await engine.position("lamp.wire") == .verified)
        #expect(try await world.lamps.kinds().suffix(2) == ["reopened", "verified"])
        try await engine.go(to: "lamp.light", world.lamps.time)
        #expect(await world.lamps.transport.host("acme").hand == .present(digest: "scripted", isThisBuild: true))
        #expect(try await world.lamps.events("verified").map(\.change.ref?.place) == ["H/hand.place", "L0/lamp.wire", "H/hand.place", "H/hand.place", "L0/lamp.light"])
        #expect(try await engine.renewHand("acme") == nil)
    }

    @Test("one that stood there before does not come back by itself")
    func goneOn() async throws {
        let world = World()
        let engine = try await world.underWay()
        _ = try await engine.renewHand("acme")
        for _ in 0..<2 { _ = try await engine.advance("acme") }
        #expect(try await engine.position("hand.place") == .verified)
        await world.stands("newest", isThisBuild: false)
        let before = try await world.lamps.kinds()
        #expect(try await engine.renewHand("acme") == .goneOn(from: Self.place))
        #expect(try await world.lamps.kinds() == before)
    }

    enum InTheWay: CaseIterable { case sameBuild, notYet, absent, held, heldAll, inDoubt, goingBack, finished, failed }

    @Test("nothing is done about it, and nothing recorded, where it is not its turn", arguments: InTheWay.allCases)
    func notNow(why: InTheWay) async throws {
        let world = World()
        let engine: Engine
        switch why {
        case .notYet:
            engine = world.engine()
            await world.stands("older", isThisBuild: false)
        default: engine = try await world.underWay()
        }
        switch why {
        case .notYet: break
        case .sameBuild: await world.stands("scripted", isThisBuild: true)
        case .absent: await world.lamps.transport.change("acme") { $0.hand = .absent }
        case .held: try await engine.hold("acme", reason: "lunch")
        case .heldAll: try await engine.holdFleet(wave: nil, reason: "lunch")
        case .inDoubt:
            await world.lamps.transport.plan(.lostAnswer, for: Lamp.Set.kind)
            #expect(try await engine.advance("acme").isUnknown)
        case .goingBack: try await engine.requestRevert("acme", to: "hand.place", reason: "not yet")
        case .finished: try await engine.go(to: "lamp.light", world.lamps.time)
        case .failed:
            await world.lamps.set("stuck", "lit")
            #expect(try await engine.advance("acme").failure != nil)
        }
        let before = try await world.lamps.journal.records()
        #expect(try await engine.renewHand("acme") == nil)
        #expect(try await world.lamps.journal.records() == before)
        #expect(try await engine.preview("acme").steps.contains { $0.step == "H/hand.place" } == (why == .notYet))
    }

    @Test("a hold that comes in while the host is looked at is heeded")
    func heldMeanwhile() async throws {
        let world = World()
        let other = try await world.underWay()
        let engine = world.engine("two") { try? await other.hold("acme", reason: "lunch") }
        #expect(try await engine.renewHand("acme") == nil)
        #expect(try await world.lamps.kinds().last == "held")
        #expect(try await other.position("hand.place") == .verified)
    }

    private actor Refusal {
        private(set) var error: EngineError?
        func note(_ error: EngineError?) { self.error = error }
    }

    @Test("it is not opened under the hands of somebody who is at work on the tenant")
    func leased() async throws {
        let world = World()
        let (engine, second) = (try await world.underWay(to: "hand.place"), world.engine("two"))
        let refusal = Refusal()
        await world.lamps.transport.during(Lamp.Read.kind) { _ in
            do { _ = try await second.renewHand("acme") } catch { await refusal.note(error as? EngineError) }
        }
        #expect(try await engine.advance("acme").did == "performed")
        guard case .journal(.leased("acme", to: "one", _))? = await refusal.error else { return #expect(Bool(false), "not leased") }
        #expect(try await world.lamps.events("reopened").isEmpty)
    }

    @Test("a preview shows it first, and changes nothing")
    func preview() async throws {
        let world = World()
        let engine = try await world.underWay()
        let before = try await world.lamps.journal.records()
        let shown = try await engine.preview("acme").steps
        #expect(shown.map(\.step) == ["H/hand.place", "L0/lamp.light"])
        #expect(shown.first?.commands == ["another build of the program stands there: this one takes its place", "put it there"])
        #expect(try await world.lamps.journal.records() == before)
        #expect(await world.lamps.transport.host("acme").hand == .present(digest: "older", isThisBuild: false))
        await world.stands("scripted", isThisBuild: true)
        #expect(try await engine.preview("acme").steps.map(\.step) == ["L0/lamp.light"])
    }

    @Test("a preview saved before it came along no longer stands, and one saved since does it")
    func saved() async throws {
        let world = World()
        let engine = try await world.underWay()
        await world.stands("older", isThisBuild: true)
        let early = engine.saved([(try await engine.preview("acme"), try await engine.stand(of: "acme"))], byWaves: false, to: nil, random: SeededRandom(1))
        await world.stands("older", isThisBuild: false)
        #expect(try await engine.changes(of: "acme", since: early) == ["H/hand.place is to be done, and was not shown"])
        let late = engine.saved([(try await engine.preview("acme"), try await engine.stand(of: "acme"))], byWaves: false, to: nil, random: SeededRandom(2))
        #expect(try await engine.changes(of: "acme", since: late) == [])
        #expect(engine.handStep?.place == "H/hand.place")
    }
}
