import Cutover
import CutoverTestKit
import Testing

@Suite("taking up a changed plan") struct AdoptionTests {
    private static func plan(_ revision: Int, watch: Int = 60, wire: Risk = .normal, extra: Bool = false, without: StepKind? = nil, atOnce: Int = 10) -> Plan {
        let watching = StepSpec(id: "lamp.watch", kind: "lamp.watch", settings: Settings(["seconds": .int(watch)]))
        let first = [LampCatalog.step("lamp.wire", risk: wire)] + (extra ? [StepSpec(id: "lamp.rewire", kind: "lamp.wire")] : []) + [LampCatalog.step("lamp.light")]
        return LampCatalog.plan(
            revision: revision, digest: "plan \(revision)", phases: [Phase(id: "L0", steps: first.filter { $0.kind != without }), Phase(id: "L1", steps: [watching])],
            rollout: Rollout(atOnce: atOnce, exposed: 10, failureBudget: 1, stragglers: 0, waves: [Wave(name: "all", select: [:])]))
    }

    private let world = LampWorld(plan: plan(1))

    private func begin(to step: StepID = "lamp.light") async throws {
        try await world.engine().keepPlan()
        try await world.engine().go(to: step, world.time)
    }

    @Test("tells what the plan says otherwise, and what follows for the tenant")
    func told() async throws {
        try await begin()
        let newer = world.engine(plan: Self.plan(2, watch: 90, wire: .high, extra: true, atOnce: 5))
        let adoption = try #require(try await newer.adoption(of: "acme"))
        #expect(adoption.fromRevision == 1 && adoption.toRevision == 2 && adoption.refused == nil)
        #expect(adoption.changes == ["L0/lamp.wire: its risk is high, was normal", "L0/lamp.rewire is new", "L1/lamp.watch: seconds is 90, was 60", "atOnce: 5, was 10"])
        #expect(
            adoption.effects == [
                "L0/lamp.wire has been done as the old plan said; it is not done again", "L0/lamp.rewire comes next, though later steps have been done",
            ])
        let shorter = try #require(try await world.engine(plan: Self.plan(2, without: "lamp.light")).adoption(of: "acme"))
        #expect(shorter.changes == ["L0/lamp.light is gone"])
        #expect(shorter.effects == ["L0/lamp.light has been done, and nothing in the new plan takes it back"])
    }

    @Test("changes nothing by being looked at, and one event by being done")
    func act() async throws {
        try await begin()
        let newer = world.engine(plan: Self.plan(2, watch: 90))
        let before = try await world.journal.records()
        _ = try await newer.adoption(of: "acme")
        #expect(try await world.journal.records() == before)
        let writes = await world.writes().count
        #expect(try await newer.adopt("acme") == nil)
        #expect(try await world.journal.records().records.count == before.records.count + 1)
        #expect(await world.writes().count == writes)
        #expect(try await newer.adoption(of: "acme") == nil)
        #expect(try await newer.adopt("acme") == "it has taken up this plan")
        #expect(try await world.engine().adopt("acme") == "it has adopted revision 2, and this is 1")
        #expect(try await world.engine().advance("acme").stop == .newerPlan(adopted: 2))
    }

    @Test("is refused while a step is in doubt, while the tenant is held, and before it has begun")
    func refused() async throws {
        let newer = world.engine(plan: Self.plan(2))
        #expect(try await newer.adopt("acme") == "it has not begun")
        #expect(try await newer.adoption(of: "acme") == nil)
        try await begin(to: "lamp.wire")
        try await world.engine().hold("acme", reason: "lunch")
        #expect(try await newer.adoption(of: "acme")?.refused == "it is held by ann: lunch")
        #expect(try await newer.adopt("acme") == "it is held by ann: lunch")
        try await world.engine().release("acme", reason: "fed")
        await world.journal.die(recording: "performed")
        await #expect(throws: EngineError.self) { try await world.engine().advance("acme") }
        await world.journal.revive()
        world.time.advance(seconds: 100)
        let why = try #require(try await newer.adoption(of: "acme")?.refused)
        #expect(why.contains("in doubt"))
        #expect(try await newer.adopt("acme") == why)
        _ = try await world.engine().advance("acme")
        #expect(try await newer.adopt("acme") == nil)
    }

    @Test("what was shown is taken up as it was shown, and once")
    func shown() async throws {
        try await begin()
        let newer = world.engine("new", plan: Self.plan(2, watch: 90))
        let saved = SavedAdoption(at: world.time.now, plan: newer.plan, shown: [try #require(try await newer.shownAdoption(of: "acme"))])
        #expect(saved.isWhole && saved.planDigest == "plan 2" && saved.adoptions.first?.changes == ["L1/lamp.watch: seconds is 90, was 60"])
        let stand = try #require(saved.standings["acme"])
        #expect(try await newer.changes(of: "acme", since: saved) == [])
        #expect(try await newer.adopt("acme", shownAt: stand) == nil)
        #expect(try await newer.changes(of: "acme", since: saved).last == "it has taken up this plan")
        #expect(try await newer.adopt("acme", shownAt: stand) == "it has taken up this plan")
    }

    enum News: CaseIterable { case stepped, noted, heldByName, heldFleet }

    @Test("what came in since it was shown is named, and nothing is taken up", arguments: News.allCases)
    func changed(_ news: News) async throws {
        try await begin()
        let newer = world.engine("new", plan: Self.plan(2, watch: 90))
        let saved = SavedAdoption(at: world.time.now, plan: newer.plan, shown: [try #require(try await newer.shownAdoption(of: "acme"))])
        let told: String
        switch news {
        case .stepped:
            _ = try await world.engine().advance("acme")
            told = "waitBegan L1/lamp.watch by ann"
        case .noted:
            try await world.engine("two", as: "bob").approve("acme", topic: "stage/A", reason: "run 12")
            told = "approved stage/A by bob"
        case .heldByName:
            try await world.engine("two", as: "bob").hold("acme", reason: "lunch")
            told = "it is held by bob: lunch"
        case .heldFleet:
            try await world.engine("two", as: "bob").holdFleet(wave: nil, reason: "lunch")
            told = "it is held by bob: lunch (the fleet)"
        }
        let changes = try await newer.changes(of: "acme", since: saved)
        #expect(changes.contains { $0.hasSuffix(told) }, "\(changes)")
        let shown: SavedPreview.Stand = try #require(saved.standings["acme"])
        let why = try #require(try await newer.adopt("acme", shownAt: shown))
        #expect(why.hasSuffix(told), "\(why)")
        #expect(try await world.engine().standing(of: "acme").planDigest == "plan 1")
        #expect(try await world.events("planAdopted").count == 1)
    }

    @Test("a file that somebody edited is not what was shown")
    func edited() async throws {
        try await begin()
        let newer = world.engine(plan: Self.plan(2, watch: 90))
        let saved = SavedAdoption(at: world.time.now, plan: newer.plan, shown: [try #require(try await newer.shownAdoption(of: "acme"))])
        let text = try CanonicalJSON.text(saved)
        #expect(try CanonicalJSON.value(SavedAdoption.self, from: text) == saved)
        for (was, now) in [("is 90", "is 91"), ("plan 2", "plan 3"), ("\"acme\"", "\"zeta\""), ("\"revision\":", "\"revision\":1")] {
            let other = text.replacing(was, with: now)
            #expect(other != text)
            #expect(try CanonicalJSON.value(SavedAdoption.self, from: other).isWhole == false, "\(was) became \(now)")
        }
    }

    @Test("a plan is kept once, whoever carries it out, and one that was not kept is not guessed")
    func kept() async throws {
        for name in ["one", "two"] { try await world.engine(name).keepPlan() }
        #expect(try await world.journal.events(in: .fleet, after: 0).map(\.change.kind) == ["planKept"])
        #expect(try await world.engine().fleetStanding().plan("plan 1") == world.plan)
        let other = LampWorld(plan: Self.plan(1))
        _ = try await other.engine().advance("acme")
        let adoption = try #require(try await other.engine(plan: Self.plan(2)).adoption(of: "acme"))
        #expect(adoption.changes == ["what the adopted revision said was not kept, so what changes can't be told"] && adoption.refused == nil)
    }
}
