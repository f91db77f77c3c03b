import Cutover
import CutoverTestKit
import Testing

@Suite("what people give up") struct AbandonTests {
    private static let (ben, eve) = (SigningKey(), SigningKey())

    private static func signedWorld() -> LampWorld {
        LampWorld(plan: LampCatalog.plan(approvals: Approvals(count: 0, from: ["ben"], notAuthor: true, keys: [Approver(name: "ben", keys: [ben.verifying])])))
    }

    /// The wire is in doubt, and its host can't tell.
    private func doubt(_ world: LampWorld) async throws -> Engine {
        let engine = world.engine()
        await world.transport.plan(.lostAnswer, for: Lamp.Set.kind)
        _ = try await engine.advance("acme")
        #expect(try await engine.advance("acme").isUnknown)
        await world.set("dark", "yes")
        return engine
    }

    private func wire(_ world: LampWorld) -> PlannedStep { world.plan.steps[0] }

    private func given(_ errand: Errand<Abandonment>) throws -> Abandonment {
        guard case .done(let given) = errand else { throw Refused(what: "\(errand)") }
        return given
    }
    private func refusal(_ errand: Errand<Abandonment>) -> String { if case .stopped(let why, _) = errand { why } else { "not refused" } }
    private struct Refused: Error { let what: String }

    @Test("an outcome that was given up is a failure whose effect nobody knows; the step is done anew over whatever is there")
    func forward() async throws {
        let world = LampWorld()
        let engine = try await doubt(world)
        #expect(try await engine.advance("acme").isUnknown)
        #expect(try given(try await engine.abandon("acme", wire(world), reason: "the log is gone", facts: [:])).step == "L0/lamp.wire")
        guard case .failed(let failure) = try await engine.position("lamp.wire") else { return #expect(Bool(false), "still in doubt") }
        #expect(failure.effect == .unknown && failure.what.contains("the log is gone"))
        guard case .failed? = try await engine.advance("acme").stop else { return #expect(Bool(false), "it went on by itself") }
        let status = try #require(try await world.journal.statuses().first)
        #expect(status.state == .failed && status.trouble == .failed && status.abandoned?.map(\.step) == ["L0/lamp.wire"])
        await world.set("dark", nil)
        try await engine.reopen("acme", reason: "again")
        #expect(try await engine.position("lamp.wire") == .halfDone)
        try await engine.go(to: "lamp.wire", world.time)
        #expect(try await engine.standing(of: "acme").attempts(of: "lamp.wire") == 2)
        #expect(try await world.journal.statuses().first?.abandoned == nil, "the world has confirmed it since")
        #expect(try await world.events("abandoned").count == 1)
    }

    @Test("a way back takes back what was given up, and a way back that was given up is taken again")
    func back() async throws {
        let world = LampWorld()
        let engine = try await doubt(world)
        _ = try given(try await engine.abandon("acme", wire(world), reason: "the log is gone", facts: [:]))
        await world.set("dark", nil)
        await world.transport.plan(.lostAnswer, for: Lamp.Set.kind)
        try await engine.requestRevert("acme", to: nil, reason: "back")
        #expect(try await engine.advance("acme").isUnknown)
        _ = try given(try await engine.abandon("acme", wire(world), reason: "again", facts: [:]))
        guard case .revertFailed = try await engine.position("lamp.wire") else { return #expect(Bool(false), "still in doubt") }
        try await engine.requestRevert("acme", to: nil, reason: "back")
        #expect(try await engine.advance("acme").did == "reverted")
        #expect(try await engine.position("lamp.wire") == .reverted)
        #expect(await world.thing("wired") == nil)
    }

    @Test("nothing is given up that is not in doubt, whose host was not asked, or that somebody is at work on")
    func refused() async throws {
        let world = LampWorld()
        let engine = world.engine()
        _ = try await engine.advance("acme")
        #expect(refusal(try await engine.abandon("acme", wire(world), reason: "r", facts: [:])) == "L0/lamp.wire is not in doubt")
        await world.journal.die(atAppend: 2)
        await #expect(throws: EngineError.self) { try await engine.advance("acme") }
        await world.journal.revive()
        let second = world.engine("two", gone: true)
        #expect(refusal(try await second.abandon("acme", wire(world), reason: "r", facts: [:])).contains("has not been asked"))
        #expect(try await second.position("lamp.wire") == .inDoubt(attempt: 1))
        await world.transport.during(Lamp.Read.kind) { _ in
            await #expect(throws: EngineError.self) { _ = try await world.engine("three").abandon("acme", nil, reason: "r", facts: [:]) }
        }
        _ = try await second.advance("acme")
        #expect(try await world.events("abandoned").isEmpty)
    }

    @Test("where the plan names keys, only a signature of one who may decide gives anything up, and only of that attempt")
    func signed() async throws {
        let world = Self.signedWorld()
        let engine = try await doubt(world)
        #expect(try await engine.advance("acme").isUnknown)
        func say(_ person: OperatorID, _ key: SigningKey?, attempt: String = "1", reason: String = "lost") async throws -> Errand<Abandonment> {
            let saying = world.engine("saying", as: person, gone: true)
            let facts = ["attempt": attempt]
            let approval = try await saying.approval(
                of: Abandonment.topic(wire(world)), for: "acme", wave: nil, expires: world.time.now.adding(seconds: 60), reason: "lost", facts: facts)
            return try await saying.abandon("acme", wire(world), reason: reason, facts: try key.map { try approval.signed(with: $0) } ?? facts)
        }
        #expect(refusal(try await say("ben", nil)).contains("is not signed"))
        #expect(refusal(try await say("eve", Self.eve)).contains("without a key"))
        #expect(refusal(try await say("ben", Self.eve)).contains("not theirs"))
        #expect(refusal(try await say("ben", Self.ben, reason: "other words")).contains("not over"))
        #expect(refusal(try await say("ben", Self.ben, attempt: "2")).contains("another attempt"))
        #expect(try await world.events("abandoned").isEmpty)
        #expect(try given(try await say("ben", Self.ben)).by == "ben")
        #expect(try await world.events("abandoned").first?.change.facts["about.signature"] != nil)
    }

    @Test("a tenant that was given up is asked nothing more, spends nothing and holds nobody up")
    func tenant() async throws {
        let rollout = Rollout(atOnce: 1, exposed: 1, failureBudget: 0, stragglers: 0, waves: [Wave(name: "first", select: [:], count: 1, after: "lamp.wire"), Wave(name: "rest", select: [:])])
        let world = LampWorld(plan: LampCatalog.plan(rollout: rollout), fleet: LampCatalog.fleet("acme", "zeta"))
        let engine = try await doubt(world)
        let before = Spending(try await world.journal.statuses(), under: rollout)
        #expect(before.failures == 1)
        _ = try given(try await engine.abandon("acme", nil, reason: "the disk is gone", facts: [:]))
        let asked = await world.transport.host("acme").received.count
        #expect(try await engine.advance("acme").stop == .abandoned(by: "ann", reason: "the disk is gone"))
        #expect(await world.transport.host("acme").received.count == asked)
        let status = try #require(try await world.journal.statuses().first)
        #expect(status.state == .held && status.held == "ann: abandoned: the disk is gone" && status.trouble == nil && status.exposed != true)
        #expect(status.abandoned?.map(\.step) == [nil])
        let after = Spending(try await world.journal.statuses(), under: rollout)
        #expect(after.failures == 0 && after.inMotion == 0)
        #expect(refusal(try await engine.abandon("acme", nil, reason: "twice", facts: [:])).contains("was abandoned by ann"))
        #expect(try await engine.why("acme").next.contains("cutoverctl adopt acme"))
    }

    @Test("a tenant whose host is back is taken in again, and its step in doubt is looked at")
    func comesBack() async throws {
        let world = LampWorld()
        let engine = try await doubt(world)
        _ = try given(try await engine.abandon("acme", nil, reason: "the disk is gone", facts: [:]))
        await world.set("dark", nil)
        guard case .done = try await engine.takeIn("acme", reason: "it was found") else { return #expect(Bool(false), "not taken in") }
        #expect(try await engine.position("lamp.wire") == .inDoubt(attempt: 1))
        try await engine.go(to: "lamp.light", world.time)
        #expect(await world.writes().count == 2, "the wire was there, and was not done again")
    }

    @Test("a tenant whose host is back without even the program begins there anew")
    func builtAnew() async throws {
        let world = LampWorld()
        let engine = world.engine()
        try await engine.go(to: "lamp.light", world.time)
        _ = try given(try await engine.abandon("acme", nil, reason: "the disk is gone", facts: [:]))
        let fresh = await world.transport.host("nobody yet")
        await world.transport.change("acme") { $0 = fresh }
        await world.transport.plan(.neverSent, for: ReadHostLedger.kind)
        guard case .done(let found) = try await engine.takeIn("acme", reason: "another machine") else { return #expect(Bool(false), "not taken in") }
        #expect(found.map(\.finding.isAbsent) == [true, true])
        try await engine.go(to: "lamp.light", world.time)
        #expect(await world.thing("lit") == "on")
        #expect(try await world.events("quarantined").isEmpty)
    }
}
