import CutoverTestKit
import Testing

@testable import Cutover

@Suite("an outcome that nobody knows") struct DoubtTests {
    let world = LampWorld()

    @Test("started without an outcome is verified first, before anything else")
    func verifiedFirst() async throws {
        let first = world.engine()
        _ = try await first.advance("acme")
        await world.journal.die(atAppend: 2)  // the intent is stored, the outcome not
        await #expect(throws: EngineError.self) { try await first.advance("acme") }
        await world.journal.revive()
        #expect(try await world.kinds().last == "started")
        #expect(await world.thing("wired") == "on")

        let second = world.engine("two", gone: true)
        #expect(try await second.advance("acme").did == "verified")
        #expect(await world.writes().count == 1, "the world was asked, not changed again")
        #expect(try await second.position("lamp.wire") == .verified)
    }

    @Test("an answer lost on the way back leaves it in doubt; in place becomes verified")
    func lostAnswer() async throws {
        await world.transport.plan(.lostAnswer, for: Lamp.Set.kind)
        let engine = world.engine()
        _ = try await engine.advance("acme")
        #expect(try await engine.advance("acme").isUnknown)
        #expect(try await engine.position("lamp.wire") == .inDoubt(attempt: 1))
        #expect(try await world.kinds().last == "becameUnknown")
        #expect(try await engine.advance("acme").did == "verified")
        #expect(await world.writes().count == 1)
    }

    @Test("absent after a lost request becomes pending, and is performed as another operation")
    func lostRequest() async throws {
        await world.transport.plan(.lostRequest, for: Lamp.Set.kind)
        let engine = world.engine()
        _ = try await engine.advance("acme")
        #expect(try await engine.advance("acme").isUnknown)
        let firstID = OperationID.derived(from: try #require(try await engine.standing(of: "acme").origin(of: "lamp.wire")), ordinal: 0)
        _ = try await engine.advance("acme")
        #expect(try await engine.position("lamp.wire") == .pending)
        #expect(try await engine.advance("acme").did == "performed")
        let second = try #require(await world.writes().last)
        #expect(second.id != firstID)
        #expect(second.id == OperationID.derived(from: try #require(try await engine.standing(of: "acme").origin(of: "lamp.wire")), ordinal: 0))
        #expect(try await engine.standing(of: "acme").attempts(of: "lamp.wire") == 2)
    }

    @Test("what was lost on the way and comes late is refused once somebody has looked, and only then", arguments: [false, true])
    func late(looked: Bool) async throws {
        await world.transport.change("acme") { $0.hand = .present(digest: "scripted", isThisBuild: true) }
        let sent = Sent()
        await world.transport.during(Lamp.Set.kind) { await sent.take($0) }
        await world.transport.plan(.lostRequest, for: Lamp.Set.kind)
        _ = try await world.engine().advance("acme")
        #expect(try await world.engine().advance("acme").isUnknown)
        let second = world.engine("two", gone: true)
        if looked {
            #expect(try await second.advance("acme").did == "not in place: open again")
        }
        let request = try #require(await sent.request)
        let action = RemoteAction(id: request.id, operationClass: request.operationClass, input: Array(try CanonicalJSON.text(request).utf8), timeoutSeconds: 60)
        #expect(try await world.transport.run(action, on: LampCatalog.host("acme")).exitCode == (looked ? 75 : 0))
        #expect(await world.thing("wired") == (looked ? nil : "on"))
        if !looked { #expect(try await second.advance("acme").did == "verified") }
    }

    private actor Sent {
        private(set) var request: HostRequest?
        func take(_ request: HostRequest) { self.request = request }
    }

    @Test("nobody looks where a doubt has left the tenant while it can't be told that the attempt is over")
    func notOver() async throws {
        await world.transport.change("acme") { $0.hand = .present(digest: "scripted", isThisBuild: true) }
        await world.transport.plan(.lostAnswer, for: Lamp.Set.kind)
        _ = try await world.engine().advance("acme")
        #expect(try await world.engine().advance("acme").isUnknown)
        await world.transport.plan(.neverSent, for: LeaveBehind.kind)
        #expect(try await world.engine().advance("acme").isUnknown)
        #expect(try await world.engine().position("lamp.wire").isInDoubt)
        #expect(try await world.engine().advance("acme").did == "verified")
    }

    @Test("a damaged answer is no answer")
    func garbled() async throws {
        await world.transport.plan(.garbledAnswer, for: Lamp.Set.kind)
        let engine = world.engine()
        _ = try await engine.advance("acme")
        #expect(try await engine.advance("acme").isUnknown)
        #expect(try await engine.advance("acme").did == "verified")
    }

    @Test("never sent is a failure that changed nothing, not doubt")
    func neverSent() async throws {
        await world.transport.plan(.neverSent, for: Lamp.Set.kind)
        let engine = world.engine()
        _ = try await engine.advance("acme")
        #expect(try await engine.advance("acme").failure?.effect == .nothingChanged)
        guard case .failed = try await engine.position("lamp.wire") else { return #expect(Bool(false), "not failed") }
        #expect(try await engine.advance("acme").stop != nil)
        try await engine.reopen("acme", reason: "the cable is back")
        #expect(try await engine.advance("acme").did == "performed")
    }

    @Test("a redelivery within one attempt carries the same id and is not carried out twice")
    func redelivered() async throws {
        await world.transport.plan(.deliveredTwice, for: Lamp.Blink.kind)
        let engine = world.engine()
        try await engine.go(to: "lamp.light", world.time)
        let blinks = await world.transport.requests(of: Lamp.Blink.kind, to: "acme")
        #expect(blinks.count == 2 && Set(blinks.map(\.id)).count == 1)
        #expect(await world.thing("blinks") == "1")
        let ids = await world.transport.host("acme").received.filter { $0.operationClass != .reading }.map(\.id)
        #expect(Set(ids).count == 3, "wire, blink and light are three operations")
    }

    @Test("an unrepeatable operation that was begun and not ended is unknown when it comes again")
    func unrepeatable() async throws {
        let engine = world.engine()
        try await engine.go(to: "lamp.retire", world.time)
        try await engine.approve("acme", topic: "L1/lamp.smash", reason: "yes")
        await world.transport.plan(.hostDied, for: Lamp.Smash.kind)
        #expect(try await engine.advance("acme").isUnknown)
        #expect(await world.thing("smashed") == nil)
        let request = try #require(await world.writes(Lamp.Smash.kind).first)
        let action = RemoteAction(id: request.id, operationClass: .writing, input: Array(try CanonicalJSON.text(request).utf8), timeoutSeconds: 1)
        let again = try await world.transport.run(action, on: LampCatalog.host("acme"))
        #expect(HostAnswer.parse(again.output)?.status == .unknown)
    }

    @Test("while the world does not answer it stays in doubt, and says so once")
    func dark() async throws {
        await world.transport.plan(.lostAnswer, for: Lamp.Set.kind)
        let engine = world.engine()
        _ = try await engine.advance("acme")
        _ = try await engine.advance("acme")
        await world.set("dark", "yes")
        for _ in 0..<3 { #expect(try await engine.advance("acme").isUnknown) }
        #expect(try await world.events("becameUnknown").count == 2, "the lost answer, and the dark")
        #expect(try await engine.standing(of: "acme").status(under: world.plan, catalog: LampCatalog.catalog).state == .inDoubt)
        await world.set("dark", nil)
        #expect(try await engine.advance("acme").did == "verified")
    }

    @Test("performed but not in place is a failure")
    func notInPlace() async throws {
        let engine = world.engine()
        _ = try await engine.advance("acme")
        #expect(try await engine.advance("acme").did == "performed")
        await world.set("wired", nil)
        let failure = try await engine.advance("acme").failure
        #expect(failure?.what == "performed, but not in place: wired no")
    }

    @Test("a newer plan can't be adopted while a step is in doubt, and an older one never")
    func plans() async throws {
        await world.transport.plan(.lostAnswer, for: Lamp.Set.kind)
        let engine = world.engine()
        _ = try await engine.advance("acme")
        _ = try await engine.advance("acme")
        let newer = world.engine("two", plan: LampCatalog.plan(revision: 2), gone: true)
        #expect(try await newer.advance("acme").stop == .planChanged(adopted: world.plan.digest))
        #expect(try await engine.advance("acme").did == "verified")
        #expect(try await newer.advance("acme").did == "adopted plan lamps revision 2")
        #expect(try await engine.advance("acme").stop == .newerPlan(adopted: 2))
    }
}
