import CutoverTestKit
import Testing

@testable import Cutover

@Suite("the last place, and two loops") struct PlaceTests {
    private static func world(atOnce: Int = 10, exposed: Int = 10) -> LampWorld {
        let steps = [LampCatalog.step("lamp.wire"), LampCatalog.step("lamp.light"), LampCatalog.step("lamp.watch"), StepSpec(id: "lamp.rewire", kind: "lamp.wire")]
        let rollout = Rollout(atOnce: atOnce, exposed: exposed, failureBudget: 0, stragglers: 0, waves: [Wave(name: "all", select: [:])])
        return LampWorld(plan: LampCatalog.plan(phases: [Phase(id: "L0", steps: steps)], rollout: rollout), fleet: LampCatalog.fleet("a", "b"), time: ManualTime(hurriesUpTo: 1000), catalog: catalog)
    }

    /// What exposes asks its host first, as wiring does.
    private static let catalog = StepCatalog(
        LampCatalog.catalog.entries.map { entry in
            guard entry.kind == "lamp.light", let wire = LampCatalog.catalog.entry(for: "lamp.wire") else { return entry }
            return StepCatalog.Entry(kind: entry.kind, nature: entry.nature, milestone: entry.milestone, requires: entry.requires, endedBy: entry.endedBy, exposure: entry.exposure, make: wire.make)
        })

    /// A loop of a process of its own.
    private static func round(_ world: LampWorld, _ name: String, _ tenant: TenantID) async throws -> FleetRun.Outcome? {
        try await FleetRun(engine: world.engine(name), tenants: [tenant], byWaves: true, oneStep: true) { _, _ in }.run(waitForClocks: false, patience: 0)[tenant]
    }

    private static func rounds(_ world: LampWorld, _ name: String, _ tenant: TenantID, until step: StepID) async throws {
        for _ in 0..<20 {
            if try await world.events("started", of: tenant).contains(where: { $0.change.ref?.step == step }) { return }
            _ = try await round(world, name, tenant)
        }
    }

    /// The most tenants of which `holds` was true at once, at any event.
    private static func most(_ world: LampWorld, _ holds: (TenantStatus) -> Bool) async throws -> Int {
        var standings: [TenantID: Standing] = [:]
        var most = 0
        for record in try await world.journal.records().records where record.stream != .fleet {
            let event = try #require(record.event())
            standings[TenantID(record.stream.text), default: Standing(TenantID(record.stream.text), genesis: "g")].apply(event)
            most = max(most, standings.values.count { holds($0.status(under: world.plan, catalog: Self.catalog)) })
        }
        return most
    }

    /// Both are begun; `b` is about to be exposed, and `a` is not there yet.
    private static func almostExposed() async throws -> LampWorld {
        let world = world(exposed: 1)
        _ = try await world.engine().advance("a")
        try await world.engine().go("b", to: "lamp.wire", world.time)
        return world
    }

    @Test("two loops that let tenants be exposed at the same moment expose no more than the plan says")
    func exposed() async throws {
        let world = try await Self.almostExposed()
        await world.transport.during(Lamp.Read.kind) { _ in try? await Self.rounds(world, "two", "a", until: "lamp.light") }
        #expect(try await Self.round(world, "one", "b") == .notAdmitted(.exposed(allowed: 1)))
        #expect(try await world.engine().position("lamp.light", of: "a") == .performed)
        #expect(try await world.engine().position("lamp.light", of: "b") == .pending)
        #expect(try await Self.most(world) { $0.exposed == true } == 1)
    }

    @Test("a loop that is paused in the moment in which it takes the last place finds it taken")
    func paused() async throws {
        let world = try await Self.almostExposed()
        await world.journal.before(recording: "started") {
            // Longer than its lease of the fleet's stream lasts.
            world.time.advance(seconds: 61)
            try? await Self.rounds(world, "two", "a", until: "lamp.light")
        }
        _ = try await Self.round(world, "one", "b")
        #expect(try await world.engine().position("lamp.light", of: "a") == .performed)
        #expect(try await world.engine().position("lamp.light", of: "b") == .pending)
        #expect(try await Self.most(world) { $0.exposed == true } == 1)
    }

    @Test("two loops that set tenants in motion again at the same moment set no more in motion than the plan says", arguments: [false, true])
    func motion(shut: Bool) async throws {
        let world = Self.world(atOnce: 1)
        for tenant in ["b", "a"] as [TenantID] { try await world.engine().go(tenant, to: "lamp.light", world.time) }
        for tenant in ["a", "b"] as [TenantID] { _ = try await world.engine().advance(tenant) }
        world.time.advance(seconds: 100)
        #expect(try await Self.round(world, "one", "b") == .advanced("L0/lamp.watch verified"))
        // `b` rests before its last step, and `a` will when its clock is read.
        await world.transport.during(Lamp.Read.kind) { _ in
            for _ in 0..<2 { _ = try? await Self.round(world, "two", "a") }
        }
        if shut { await world.set("mains", "off", of: "b") }
        #expect(try await Self.round(world, "one", "b") == .notAdmitted(.full(atOnce: 1)))
        #expect(try await Self.most(world) { [.running, .gated].contains($0.state) && $0.step == "lamp.rewire" } == 1)
    }

    @Test("a turn is one's at a time, and comes to everybody")
    func turns() async {
        let (turn, count) = (Turn(), Count())
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    await turn.take()
                    await count.enter()
                    await Task.yield()
                    await count.leave()
                    await turn.leave()
                }
            }
        }
        let (entered, most) = (await count.entered, await count.most)
        #expect(entered == 50 && most == 1)
    }

    private actor Count {
        private(set) var entered = 0
        private(set) var most = 0
        private var inside = 0
        func enter() {
            entered += 1
            inside += 1
            most = max(most, inside)
        }
        func leave() { inside -= 1 }
    }

    @Test("who is no longer in a journal that was put back takes no place, nor does who belongs to another fleet")
    func putBack() async throws {
        let world = Self.world(atOnce: 1)
        let room = RoomReader()
        func refusal(_ fleet: Fleet) async throws -> Rollout.Admission? {
            let refusal = try await room.take(.place, for: "b", in: world.journal, fleet, world.plan.rollout)
            await room.giveBack("b")
            return refusal
        }
        _ = try await world.engine().advance("a")
        #expect(try await refusal(world.fleet) == .full(atOnce: 1))
        #expect(try await refusal(LampCatalog.fleet("b")) == nil)
        await world.journal.putBack("a", to: 0)
        #expect(try await refusal(world.fleet) == nil)
    }
}
