@testable import Cutover
import CutoverTestKit
import Testing

@Suite("a hold of a wave or the fleet") struct FleetHoldTests {
    private static func world(_ fleet: Fleet = LampCatalog.fleet("a", "b"), journal: MemoryJournal = MemoryJournal()) -> LampWorld {
        let waves = [Wave(name: "first", select: [:], count: 1, after: "L0/lamp.wire"), Wave(name: "rest", select: [:])]
        let rollout = Rollout(atOnce: 10, exposed: 10, failureBudget: 0, stragglers: 0, waves: waves)
        return LampWorld(plan: LampCatalog.plan(rollout: rollout), fleet: fleet, time: ManualTime(hurriesUpTo: 1000), journal: journal)
    }

    private func run(_ world: LampWorld, _ tenants: [TenantID], clocks: Bool = false) async throws -> [TenantID: FleetRun.Outcome] {
        try await FleetRun(engine: world.engine(), tenants: tenants, byWaves: true) { _, _ in }.run(waitForClocks: clocks, patience: 3)
    }

    @Test("is recorded once, and stops whoever joins the fleet later too")
    func joiners() async throws {
        let world = Self.world()
        try await world.engine("two", as: "bob").holdFleet(wave: nil, reason: "an outage")
        #expect(try await world.journal.events(in: .fleet, after: 0).map(\.change) == [.fleetHeld(wave: nil, reason: "an outage")])
        for tenant in ["a", "b"] as [TenantID] { #expect(try await world.kinds(tenant).isEmpty) }
        let grown = Self.world(LampCatalog.fleet("a", "b", "late"), journal: world.journal)
        for tenant in ["a", "late"] as [TenantID] {
            #expect(try await grown.engine().advance(tenant).stop == .held(by: "bob", reason: "an outage (the fleet)"))
            #expect(try await grown.engine().why(tenant).next == "cutoverctl release --all --reason TEXT")
        }
        #expect(try await run(grown, ["a", "b", "late"]).values.allSatisfy { $0 == .held("by bob: an outage (the fleet)") || $0.isWaitingForWave })
        try await world.engine().releaseFleet(wave: nil, reason: "over")
        #expect(try await grown.engine().advance("late").did?.hasPrefix("adopted") == true)
    }

    @Test("of a wave leaves the others alone, and takes nobody's place")
    func wave() async throws {
        let world = Self.world()
        try await world.engine().holdFleet(wave: "rest", reason: "not yet")
        let outcomes = try await run(world, ["a", "b"], clocks: true)
        #expect(try await world.kinds("b").isEmpty, "\(outcomes)")
        #expect(try await world.engine().position("lamp.light", of: "a") == .verified)
        try await world.engine().releaseFleet(wave: "rest", reason: "now")
        _ = try await run(world, ["a", "b"], clocks: true)
        #expect(try await world.engine().position("lamp.light", of: "b") == .verified)
    }

    @Test("that comes in while the gates are asked stops the step before it is begun")
    func atTheGate() async throws {
        let world = Self.world()
        _ = try await world.engine().advance("a")
        let other = world.engine("two", as: "bob")
        await world.transport.during(Lamp.Read.kind) { _ in try? await other.holdFleet(wave: nil, reason: "wait!") }
        #expect(try await world.engine().advance("a").stop == .held(by: "bob", reason: "wait! (the fleet)"))
        #expect(try await world.kinds("a") == ["planAdopted"])
        #expect(await world.writes(to: "a").isEmpty)
    }

    @Test("that comes in mid-step lets the step end, and nothing begin after it")
    func midStep() async throws {
        let world = Self.world()
        _ = try await world.engine().advance("a")
        let other = world.engine("two", as: "bob")
        await world.transport.during(Lamp.Set.kind) { _ in try? await other.holdFleet(wave: "first", reason: "stop!") }
        #expect(try await world.engine().advance("a").did == "performed")
        #expect(try await world.engine().advance("a").stop == .held(by: "bob", reason: "stop! (wave first)"))
    }

    @Test("that falls between the last look and the record stops what was about to begin", arguments: ["planAdopted", "started", "waitBegan", "revertStarted"])
    func betweenLookAndRecord(kind: String) async throws {
        for wave in [nil, "first"] {
            let world = Self.world()
            let other = world.engine("two", as: "bob")
            if kind == "revertStarted" {
                try await world.engine().go("a", to: "lamp.light", world.time)
                try await world.engine().requestRevert("a", to: nil, reason: "again")
            }
            await world.journal.before(recording: kind) { try? await other.holdFleet(wave: wave, reason: "wait!") }
            var advance = try await world.engine().advance("a")
            for _ in 0..<20 where advance.stop == nil { advance = try await world.engine().advance("a") }
            #expect(advance.stop == .held(by: "bob", reason: "wait! (\(wave.map { "wave \($0)" } ?? "the fleet"))"))
            let records = try await world.journal.records().records
            let held = try #require(records.firstIndex { $0.kind == "fleetHeld" })
            #expect(!records[held...].contains { $0.kind == kind }, "it began under the hold")
        }
    }

    @Test("that falls so beside another's note to the fleet is the only one that stops")
    func besideANote() async throws {
        let world = Self.world()
        let other = world.engine("two", as: "bob")
        _ = try await world.engine().advance("a")
        await world.journal.before(recording: "started") { try? await other.releaseFleet(wave: nil, reason: "nobody held it") }
        #expect(try await world.engine().advance("a").did == "performed")
    }

    @Test("that comes in while a wave is being opened is no error, and nobody begins")
    func whileOpening() async throws {
        let world = Self.world()
        let (engine, other) = (world.engine(), world.engine("two", as: "bob"))
        var looks = 0
        let (_, begun) = try await engine.admit(["a"]) { (fleet) async throws(EngineError) in
            looks += 1
            // The first look is for whether there is anything to decide.
            if looks == 2 { try await other.holdFleet(wave: nil, reason: "wait!") }
            return Rollout.Scene(
                plan: engine.plan, catalog: engine.catalog, fleet: engine.fleet, opened: fleet.waves, standings: [:], now: world.time.now, holds: fleet.holds)
        } begin: { engine, tenant in try? await engine.advance(tenant).stop }
        #expect(looks == 3)
        #expect(begun.isEmpty)
        #expect(try await world.kinds("a").isEmpty)
        #expect(try await world.journal.events(in: .fleet, after: 0).first?.change == .fleetHeld(wave: nil, reason: "wait!"))
    }

    @Test("that ends after a round has seen it lets nobody of that round begin, for no place was counted for them")
    func releasedMeanwhile() async throws {
        let waves = [Wave(name: "all", select: [:])]
        let world = LampWorld(
            plan: LampCatalog.plan(rollout: Rollout(atOnce: 1, exposed: 1, failureBudget: 0, stragglers: 0, waves: waves)), fleet: LampCatalog.fleet("a", "b"),
            time: ManualTime(hurriesUpTo: 1000))
        let (engine, other) = (world.engine(), world.engine("two", as: "bob"))
        try await other.holdFleet(wave: nil, reason: "wait!")
        var looks = 0
        _ = try await engine.admit(["a", "b"]) { (fleet) async throws(EngineError) in
            looks += 1
            if looks == 2 { try await other.releaseFleet(wave: nil, reason: "go on") }
            return Rollout.Scene(
                plan: engine.plan, catalog: engine.catalog, fleet: engine.fleet, opened: fleet.waves, standings: [:], now: world.time.now, holds: fleet.holds)
        } begin: { engine, tenant in try? await engine.advance(tenant).stop }
        for tenant in ["a", "b"] as [TenantID] { #expect(try await world.kinds(tenant).isEmpty) }
        if looks == 1 { try await other.releaseFleet(wave: nil, reason: "go on") }
        _ = try await run(world, ["a", "b"])
        #expect(try await world.kinds("b").isEmpty, "there is one place")
    }

    @Test("that ends while a tenant that has not begun is asked lets it begin where there is a place, and nowhere else")
    func releasedWhileAsked() async throws {
        let world = LampWorld(
            plan: LampCatalog.plan(rollout: Rollout(atOnce: 1, exposed: 10, failureBudget: 0, stragglers: 0, waves: [Wave(name: "all", select: [:])])),
            fleet: LampCatalog.fleet("a", "b"), time: ManualTime(hurriesUpTo: 1000))
        let engine = world.engine().askingForPlaces()
        #expect(try await engine.advance("a").did?.hasPrefix("adopted") == true)
        await #expect {
            _ = try await engine.advance("b")
        } throws: { error in
            if case EngineError.noPlace(.full(atOnce: 1)) = error { true } else { false }
        }
        #expect(try await world.kinds("b").isEmpty)
    }

    @Test("a word from outside holds as well, and is asked for at every decision")
    func outside() async throws {
        let world = Self.world()
        let engine = world.engine().stopped { FleetHold(by: "a file", reason: "maintenance", next: "rm it") }
        #expect(try await engine.advance("a").stop == .held(by: "a file", reason: "maintenance"))
        #expect(try await engine.why("a").next == "rm it")
        #expect(try await world.engine().advance("a").did?.hasPrefix("adopted") == true)
        #expect(try await world.journal.events(in: .fleet, after: 0).isEmpty)
    }

    @Test("an errand is not begun under it")
    func errand() async throws {
        let world = Self.world()
        _ = try await world.engine().advance("a")
        try await world.engine().holdFleet(wave: nil, reason: "quiet")
        guard case .stopped(let why, _) = try await world.engine().carryOut(Lamp.Set(part: "lit", on: true), on: "a", reason: "to see", evidence: { _ in Evidence() }) else {
            Issue.record("it was begun")
            return
        }
        #expect(why.contains("quiet"))
    }
}

extension FleetRun.Outcome {
    fileprivate var isWaitingForWave: Bool { if case .notAdmitted(.waveClosed) = self { true } else { false } }
}
