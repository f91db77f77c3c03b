import Cutover
import CutoverTestKit
import Synchronization
import Testing

@Suite("a loop that rests until something can change") struct FleetRestTests {
    private static let day = 86_400

    private static func world(hurriesUpTo milliseconds: Int = 1000, catalog: StepCatalog = LampCatalog.catalog) -> LampWorld {
        let phases = [
            Phase(id: "L0", steps: [LampCatalog.step("lamp.wire"), LampCatalog.step("lamp.light")]), Phase(id: "L1", steps: [LampCatalog.step("lamp.watch")]),
        ]
        return LampWorld(plan: LampCatalog.plan(phases: phases), fleet: LampCatalog.fleet("a", "b"), time: ManualTime(hurriesUpTo: milliseconds), catalog: catalog)
    }

    /// An engine whose heartbeats do not drive a clock that hurries for hours.
    private static func lasting(_ world: LampWorld) -> Engine {
        let transport = world.transport
        return Engine(
            plan: world.plan, fleet: world.fleet, catalog: world.catalog, journal: world.journal, time: world.time, me: "ann",
            holder: LeaseHolder(name: "weeks", seconds: 400 * day, gone: { _ in true })
        ) { _ in transport }
    }

    /// What it told, in order.
    private final class Told: Sendable {
        private let all = Mutex([(TenantID, FleetRun.Outcome)]())
        func tell(_ tenant: TenantID, _ outcome: FleetRun.Outcome) { all.withLock { $0.append((tenant, outcome)) } }
        func has(_ outcome: FleetRun.Outcome, of tenant: TenantID) -> Bool { all.withLock { $0.contains { $0 == (tenant, outcome) } } }
        func until(_ outcome: FleetRun.Outcome, of tenant: TenantID) async { while !has(outcome, of: tenant) { await Task.yield() } }
    }

    private func run(
        _ world: LampWorld, _ tenants: [TenantID] = ["a", "b"], engine: Engine? = nil, byWaves: Bool = true, poll: Int = 500, told: Told = Told(),
        isStopping: @escaping @Sendable () -> Bool = { false }, _ change: (inout FleetRun.Manner) -> Void
    ) async throws -> [TenantID: FleetRun.Outcome] {
        var manner = FleetRun.Manner()
        change(&manner)
        return try await FleetRun(
            engine: engine ?? world.engine(), tenants: tenants, byWaves: byWaves, pollMilliseconds: poll, manner: manner, isStopping: isStopping,
            report: told.tell
        ).run(waitForClocks: true, patience: 3)
    }

    @Test("who waits for a clock whose end is known is asked at its end, and not in between")
    func exactly() async throws {
        let world = Self.world()
        #expect(try await run(world, ["a"]) { _ in } == ["a": .finished])
        let events = try await world.journal.events(in: "a", after: 0)
        let began = try #require(events.last { $0.change.kind == "waitBegan" }).at
        let ended = try #require(events.last { $0.change.kind == "verified" }).at
        #expect(ended.milliseconds - began.milliseconds == 60_000)
        let looks = await world.writes(Lamp.Read.kind, to: "a").count
        #expect(looks < 30, "\(looks) readings in all; one every half second would be 120")
    }

    @Test("with a bell nothing is polled: a release that another process recorded is seen when it rings")
    func bell() async throws {
        let world = Self.world(hurriesUpTo: 0)
        try await world.engine().hold("a", reason: "lunch")
        let (bell, told) = (Bell(), Told())
        async let outcomes = run(world, ["a"], told: told) { manner in
            manner.bell = bell
            manner.isUnattended = true
        }
        await told.until(.held("by ann: lunch"), of: "a")
        try await world.engine("two", as: "ben").release("a", reason: "back")
        bell.ring()
        // The window of its watch, beside which heartbeats and the loop's own rest sleep.
        while try await !world.kinds("a").contains("waitBegan") { await Task.yield() }
        let over = Task { while !Task.isCancelled { world.time.advance(seconds: 1); await Task.yield() } }
        let ended = try await outcomes
        over.cancel()
        #expect(ended == ["a": .finished])
    }

    @Test("unattended, it waits for a person; attended, it ends there")
    func persons() async throws {
        let world = Self.world()
        try await world.engine().hold("a", reason: "lunch")
        #expect(try await run(world) { _ in } == ["a": .held("by ann: lunch"), "b": .finished])
        let told = Told()
        async let outcomes = run(world, told: told) { $0.isUnattended = true }
        await told.until(.held("by ann: lunch"), of: "a")
        try await world.engine("two", as: "ben").release("a", reason: "back")
        let ended = try await outcomes
        #expect(ended == ["a": .finished, "b": .finished])
    }

    @Test("a hold file is seen, and so is that it has gone", .timeLimit(.minutes(10)))
    func holdFile() async throws {
        let world = Self.world()
        let hold = Mutex(FleetHold?.some(FleetHold(by: "a file", reason: "not now", next: "rm it")))
        let told = Told()
        async let outcomes = run(world, engine: world.engine().stopped(by: { hold.withLock { $0 } }), told: told) { $0.isUnattended = true }
        await told.until(.held("by a file: not now"), of: "a")
        hold.withLock { $0 = nil }
        let ended = try await outcomes
        #expect(ended == ["a": .finished, "b": .finished])
    }

    @Test("unattended, a journal that is out of reach is waited out; attended, it ends the loop")
    func journal() async throws {
        let world = Self.world(hurriesUpTo: 3_600_000)
        await world.journal.die(atAppend: 4)
        await #expect(throws: EngineError.self) { _ = try await run(world, engine: Self.lasting(world)) { _ in } }
        let journal = world.journal
        await journal.revive()
        await journal.die(atAppend: 3)
        let account = RunAccount()
        let healer = Task {
            while account.picture(world.time.now).counts[.retried] ?? 0 < 3 { await Task.yield() }
            await journal.revive()
        }
        let outcomes = try await run(world, engine: Self.lasting(world)) { manner in
            manner.isUnattended = true
            manner.account = account
        }
        await healer.value
        #expect(outcomes == ["a": .finished, "b": .finished])
    }

    @Test("once told to stop it begins nothing new, and what was begun is recorded to its end")
    func stops() async throws {
        let world = Self.world()
        let stopping = Mutex(false)
        let told = Told()
        let outcomes = try await run(world, ["a"], told: told, isStopping: { stopping.withLock { $0 } || told.has(.advanced("L0/lamp.wire performed"), of: "a") }) { $0.isUnattended = true }
        #expect(outcomes == ["a": .advanced("L0/lamp.wire performed")])
        #expect(try await world.kinds("a").last == "performed")
    }

    @Test("what was finished is looked at once a day; what is gone is recorded once, and once when it is back")
    func rechecks() async throws {
        let world = Self.world(hurriesUpTo: 3_600_000)
        let engine = Self.lasting(world)
        try await engine.hold("b", reason: "keeps the loop going")
        let found = Mutex([[CheckedStep]]())
        let (account, begun) = (RunAccount(), world.time.now)
        func days(_ number: Int) async throws {
            let end = begun.adding(seconds: number * Self.day)
            _ = try await run(world, engine: engine, poll: 600_000, isStopping: { world.time.now >= end }) { manner in
                manner.isUnattended = true
                manner.account = account
                manner.rechecks = { tenant, seen in if tenant == "a" { found.withLock { $0.append(seen.news) } } }
            }
        }
        try await days(3)
        let lit = await world.thing("lit", of: "a")
        await world.set("lit", nil, of: "a")
        try await days(6)
        await world.set("lit", lit, of: "a")
        try await days(9)
        let events = try await world.events("rechecked", of: "a")
        #expect(events.map { $0.change.facts["finding"] } == ["absent", "inPlace"])
        #expect(events.allSatisfy { $0.change.ref?.step == "lamp.light" && $0.fence > 0 })
        let news = found.withLock { $0 }
        #expect((8...10).contains(news.count) && news.filter { !$0.isEmpty }.count == 2, "\(news.count) looks in nine days")
        #expect(try await world.engine().standing(of: "a").drift.isEmpty)
    }
}
