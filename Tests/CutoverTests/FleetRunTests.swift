import Cutover
import CutoverTestKit
import Testing

@Suite("the loop over a fleet") struct FleetRunTests {
    private static func world(atOnce: Int = 10, budget: Int = 0, waves: [Wave]? = nil) -> LampWorld {
        let phases = [
            Phase(id: "L0", steps: [LampCatalog.step("lamp.wire"), LampCatalog.step("lamp.light")]), Phase(id: "L1", steps: [LampCatalog.step("lamp.watch")]),
        ]
        let rollout = Rollout(atOnce: atOnce, exposed: 10, failureBudget: budget, stragglers: 0, waves: waves ?? [Wave(name: "all", select: [:])])
        return LampWorld(
            plan: LampCatalog.plan(phases: phases, rollout: rollout), fleet: LampCatalog.fleet("a", "b", "c"), time: ManualTime(hurriesUpTo: 1000))
    }

    private func run(
        _ world: LampWorld, _ tenants: [TenantID] = ["a", "b", "c"], to target: StepID? = nil, byWaves: Bool = true, oneStep: Bool = false,
        clocks: Bool = true, patience: Int = 3
    ) async throws -> [TenantID: FleetRun.Outcome] {
        try await FleetRun(engine: world.engine(), tenants: tenants, target: target, byWaves: byWaves, oneStep: oneStep) { _, _ in }
            .run(waitForClocks: clocks, patience: patience)
    }

    @Test("runs every tenant to the end, through its clocks")
    func toTheEnd() async throws {
        let outcomes = try await run(Self.world())
        #expect(outcomes == ["a": .finished, "b": .finished, "c": .finished])
    }

    @Test("asks everybody, though the clock moves on between any two looks at it", arguments: [true, false])
    func passing(byWaves: Bool) async throws {
        struct PassingTime: TimeSource {
            let manual: ManualTime
            var now: Timestamp {
                manual.advance(milliseconds: 1)
                return manual.now
            }
            func sleep(milliseconds: Int) async throws(CancellationError) { try await manual.sleep(milliseconds: milliseconds) }
        }
        let world = Self.world()
        let transport = world.transport
        let engine = Engine(
            plan: world.plan, fleet: world.fleet, catalog: world.catalog, journal: world.journal, time: PassingTime(manual: world.time), me: "ann",
            holder: LeaseHolder(name: "one", seconds: 60, gone: { _ in false })
        ) { _ in transport }
        let outcomes = try await FleetRun(engine: engine, tenants: ["a", "b", "c"], byWaves: byWaves) { _, _ in }.run(waitForClocks: true, patience: 3)
        #expect(outcomes == ["a": .finished, "b": .finished, "c": .finished])
    }

    @Test("stops at the clocks when it may not wait for them")
    func noClocks() async throws {
        let outcomes = try await run(Self.world(), clocks: false)
        #expect(outcomes.values.allSatisfy { if case .waiting = $0 { true } else { false } })
    }

    @Test("stops at the step asked for")
    func target() async throws {
        let world = Self.world()
        #expect(try await run(world, to: "lamp.wire") == ["a": .reached, "b": .reached, "c": .reached])
        #expect(await world.writes(to: "a").count == 1)
    }

    @Test("one step is one decision a tenant")
    func oneStep() async throws {
        let world = Self.world()
        _ = try await run(world, oneStep: true)
        for tenant in ["a", "b", "c"] as [TenantID] { #expect(try await world.kinds(tenant) == ["planAdopted"]) }
    }

    @Test("is never more in motion than the plan allows", arguments: [1, 2])
    func atOnce(limit: Int) async throws {
        let world = Self.world(atOnce: limit)
        #expect(try await run(world).values.allSatisfy { $0 == .finished })
        var standings: [TenantID: Standing] = [:]
        for record in try await world.journal.records().records where record.stream != .fleet {
            let event = try #require(record.event())
            let tenant = TenantID(record.stream.text)
            standings[tenant, default: Standing(tenant, genesis: "g")].apply(event)
            let moving = standings.values.filter { standing in
                let state = standing.status(under: world.plan, catalog: LampCatalog.catalog).state
                return state.isInMotion || state == .pending
            }
            #expect(moving.count <= limit, "\(moving.map(\.tenant)) at \(record.stream)/\(record.revision)")
        }
    }

    @Test("one that fails spends the budget, and the rest are not begun")
    func budget() async throws {
        let world = Self.world(atOnce: 1)
        await world.set("stuck", "wired", of: "a")
        let outcomes = try await run(world)
        guard case .failed? = outcomes["a"] else { return #expect(Bool(false), "\(outcomes)") }
        #expect(outcomes["b"] == .notAdmitted(.budgetSpent(failures: 1, allowed: 0)))
        #expect(try await world.kinds("b").isEmpty)
    }

    @Test("one that was mended waits for a place as others do: while it stood, another one took its own")
    func mended() async throws {
        let world = Self.world(atOnce: 1, budget: 1)
        await world.set("stuck", "wired", of: "a")
        guard case .failed? = try await run(world, ["a"])["a"] else { return #expect(Bool(false), "it did not fail") }
        for _ in 0..<2 { _ = try await run(world, ["b"], oneStep: true) }
        #expect(try await world.kinds("b").contains("started"))
        await world.set("stuck", nil, of: "a")
        try await world.engine().reopen("a", reason: "oiled")
        #expect(try await run(world, ["a"], oneStep: true) == ["a": .notAdmitted(.full(atOnce: 1))])
        let outcomes = try await run(world)
        #expect(outcomes == ["a": .finished, "b": .finished, "c": .finished], "\(outcomes)")
    }

    @Test("one that was held, taken in again, taken back, or found to have lost what was done waits for a place as well", arguments: ["held", "taken in", "taken back", "drifted"])
    func setGoing(how: String) async throws {
        let world = Self.world(atOnce: 1, budget: 1)
        let isThrough = ["drifted", "taken back"].contains(how)
        if isThrough { _ = try await run(world, ["a"]) } else { _ = try await run(world, ["a"], oneStep: true) }
        #expect(try await world.kinds("a").last == (isThrough ? "verified" : "planAdopted"))
        let engine = world.engine()
        if how == "taken back" {
            try await engine.requestRevert("a", to: "lamp.wire", reason: "asked for")
            #expect(try await run(world, ["a"]) == ["a": .settled])
        }
        let facts = Abandonment.facts(of: nil, try await engine.standing(of: "a"))
        if how == "held" { try await engine.hold("a", reason: "lunch") }
        if how == "taken in" { _ = try await engine.abandon("a", nil, reason: "gone", facts: facts) }
        for _ in 0..<2 { _ = try await run(world, ["b"], oneStep: true) }
        #expect(try await world.kinds("b").contains("started"))
        switch how {
        case "held": try await engine.release("a", reason: "fed")
        case "taken in":
            guard case .done = try await engine.takeIn("a", reason: "found") else { return #expect(Bool(false), "not taken in") }
        case "taken back": try await engine.reopen("a", reason: "forward again")
        default:
            await world.set("wired", nil, of: "a")
            guard case .done = try await engine.reopenDrifted("a", reason: "looked") else { return #expect(Bool(false), "not opened") }
        }
        #expect(try await run(world, ["a"], oneStep: true) == ["a": .notAdmitted(.full(atOnce: 1))])
        #expect(try await run(world) == ["a": .finished, "b": .finished, "c": .finished])
    }

    @Test("the next wave opens when the one before has got there and baked")
    func waves() async throws {
        let waves = [Wave(name: "first", select: [:], count: 1, bakeSeconds: 30, after: "L0/lamp.light"), Wave(name: "rest", select: [:])]
        let world = Self.world(waves: waves)
        #expect(try await run(world, patience: 1000).values.allSatisfy { $0 == .finished })
        let baked = try #require(try await world.events("verified", of: "a").dropFirst().first)
        let begun = try #require(try await world.events("planAdopted", of: "b").first)
        #expect(begun.at.seconds(since: baked.at) >= 30)
        #expect(begun.change.facts["wave"] == "rest")
    }

    @Test("a tenant that only a person can help does not keep the loop alive")
    func persons() async throws {
        let world = Self.world()
        try await world.engine().hold("a", reason: "lunch")
        let outcomes = try await run(world)
        #expect(outcomes["a"] == .held("by ann: lunch") && outcomes["b"] == .finished)
    }

    @Test("a shut gate that time may open is asked again, and given up after the patience")
    func patience() async throws {
        let world = Self.world()
        await world.set("mains", "off", of: "a")
        guard case .gatedByTime? = try await run(world, ["a"])["a"] else { return #expect(Bool(false), "not gated") }
        let asked = await world.transport.requests(of: Lamp.Read.kind, to: "a").count
        #expect(asked == 4, "asked once, and three times more")
    }

    @Test("who waits for a clock is not asked each time that another one moves")
    func resting() async throws {
        let world = Self.world()
        _ = try await run(world, ["b"], byWaves: false, clocks: false)
        let before = await world.writes(Lamp.Read.kind, to: "b").count
        _ = try await run(world, ["b"], byWaves: false, clocks: false)
        let once = await world.writes(Lamp.Read.kind, to: "b").count - before
        let outcomes = try await run(world, ["a", "b"], byWaves: false, clocks: false)
        #expect(outcomes.values.allSatisfy { if case .waiting = $0 { true } else { false } } && outcomes.count == 2)
        #expect(try await world.kinds("a").count > 5)
        #expect(await world.writes(Lamp.Read.kind, to: "b").count == before + 2 * once, "it asks \(once) times to see that it waits")
    }

    @Test("a tenant leased to another operator is named and left alone")
    func leased() async throws {
        let world = Self.world()
        _ = try await world.journal.lease("a", to: "other", until: world.time.now.adding(seconds: 86_400), now: world.time.now) { _ in false }
        let outcomes = try await run(world, clocks: false, patience: 1)
        guard case .waiting? = outcomes["b"] else { return #expect(Bool(false), "\(outcomes)") }
        guard case .leased(let who)? = outcomes["a"] else { return #expect(Bool(false), "\(outcomes)") }
        #expect(who.hasPrefix("other until"))
    }

    @Test("where clocks are waited for, a tenant leased to another worker is come back to until that one's lease has run out, and so is the fleet's stream", arguments: ["a", "@fleet"] as [StreamID])
    func comesBack(stream: StreamID) async throws {
        let world = Self.world()
        _ = try await world.journal.lease(stream, to: "other", until: world.time.now.adding(seconds: 120), now: world.time.now) { _ in false }
        #expect(try await run(world, patience: 1) == ["a": .finished, "b": .finished, "c": .finished])
        #expect(world.time.now >= ManualTime.beginning.adding(seconds: 120))
    }

    @Test("a wave is frozen by the first who opens it, and who joins later is told so")
    func frozenWave() async throws {
        let world = Self.world()
        _ = try await run(world)
        let opened = try await world.journal.events(in: .fleet, after: 0)
        #expect(opened.map(\.change) == [.waveOpened(name: "all", tenants: ["a", "b", "c"])])
        let grown = LampWorld(plan: world.plan, fleet: LampCatalog.fleet("a", "b", "c", "late"), time: world.time, journal: world.journal)
        #expect(try await run(grown, ["a", "late"])["late"] == .notAdmitted(.joinedLate("all")))
    }

    @Test("two operators together put no more in motion than the plan allows", arguments: 1...5)
    func twoOperators(round: Int) async throws {
        let world = Self.world(atOnce: 1)
        async let one = FleetRun(engine: world.engine("one"), tenants: ["a", "b", "c"], byWaves: true) { _, _ in }.run(waitForClocks: true, patience: 50)
        async let two = FleetRun(engine: world.engine("two", as: "ben"), tenants: ["c", "b", "a"], byWaves: true) { _, _ in }.run(waitForClocks: true, patience: 50)
        _ = try await (one, two)
        var standings: [TenantID: Standing] = [:]
        for record in try await world.journal.records().records where record.stream != .fleet {
            let event = try #require(record.event())
            let tenant = TenantID(record.stream.text)
            standings[tenant, default: Standing(tenant, genesis: "g")].apply(event)
            let statuses = standings.values.filter { $0.planDigest != nil }.map { $0.status(under: world.plan, catalog: LampCatalog.catalog) }
            #expect(Spending(statuses, under: world.plan.rollout).inMotion <= 1)
        }
        #expect(try await world.journal.events(in: .fleet, after: 0).count == 1)
    }
}
