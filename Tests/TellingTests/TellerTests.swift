import Cutover
import CutoverTestKit
import Foundation
import Synchronization
import Testing

@testable import Telling

@Suite("telling hooks what came into the journal") struct TellerTests {
    /// Hears what it is told, and does what its test says before.
    private final class Ear: HookDoor {
        private let all = Mutex([Notice]())
        private let before: @Sendable (Int) async throws(HookTrouble) -> Void
        private let tries = Mutex(0)
        init(before: @escaping @Sendable (Int) async throws(HookTrouble) -> Void = { _ in }) { self.before = before }

        var heard: [Notice] { all.withLock { $0 } }
        var asked: Int { tries.withLock { $0 } }
        func tell(_ notice: Notice) async throws(HookTrouble) {
            let number = tries.withLock { tries in
                tries += 1
                return tries
            }
            try await before(number)
            all.withLock { $0.append(notice) }
        }
        func until(_ count: Int) async { while heard.count < count { await Task.yield() } }
    }

    /// A record that can lose the last word, as a crash would.
    private final class Record: ToldRecord {
        private let all = Mutex([String: Told]())
        let isLost = Mutex(false)
        func read(_ hook: String) async throws -> Told? { all.withLock { $0[hook] } }
        func write(_ told: Told, of hook: String) async throws { if !isLost.withLock({ $0 }) { all.withLock { $0[hook] = told } } }
    }

    private struct World {
        let journal = MemoryJournal()
        let transport = LampCatalog.transport()
        let time = ManualTime(hurriesUpTo: 3_600_000)
        let fleet = LampCatalog.fleet("a", "b")
        let record = Record()

        var engine: Engine {
            let transport = transport
            let phases = [Phase(id: "L0", steps: [LampCatalog.step("lamp.wire")])]
            return Engine(
                plan: LampCatalog.plan(phases: phases), fleet: fleet, catalog: LampCatalog.catalog, journal: journal, time: time, me: "ann",
                holder: LeaseHolder(name: "one", seconds: 400 * 86_400)
            ) { _ in transport }
        }

        /// All that is to be told, by a process of its own.
        func tell(_ hooks: [Hook], from beginning: JournalMark = JournalMark("0"), notes: @escaping @Sendable (String) -> Void = { _ in }) async {
            let teller = Teller(engine: engine, hooks: hooks, record: record, random: SeededRandom(1), note: notes)
            teller.end()
            await teller.run(from: beginning)
        }
    }

    @Test("each is told once, in order, across restarts, and only of what he asked for")
    func once() async throws {
        let world = World()
        let (all, some) = (Ear(), Ear())
        let hooks = [Hook(name: "all", kinds: nil, door: all), Hook(name: "some", kinds: [.released], door: some)]
        try await world.engine.hold("a", reason: "lunch")
        for _ in 0..<3 { await world.tell(hooks) }
        try await world.engine.release("a", reason: "back")
        try await world.engine.holdFleet(wave: nil, reason: "night")
        for _ in 0..<3 { await world.tell(hooks) }
        #expect(all.heard.map(\.text) == ["a: held by ann: lunch", "a: released by ann: back", "the fleet is held by ann: night"])
        #expect(all.heard.map(\.next) == ["cutoverctl release a --reason TEXT", "cutoverctl why a", "cutoverctl release --all --reason TEXT"])
        #expect(some.heard.map(\.kind) == [.released])
    }

    @Test("what happened before a hook was set up is no news to it")
    func beginning() async throws {
        let world = World()
        try await world.engine.hold("a", reason: "long ago")
        let ear = Ear()
        let teller = Teller(engine: world.engine, hooks: [Hook(name: "new", kinds: nil, door: ear)], record: world.record, random: SeededRandom(1)) { _ in }
        let beginning = try await teller.beginning()
        try await world.engine.release("a", reason: "now")
        await world.tell([Hook(name: "new", kinds: nil, door: ear)], from: beginning)
        #expect(ear.heard.map(\.kind) == [.released])
    }

    @Test("a process that dies after it told and before that was on record tells it again, under the same id")
    func died() async throws {
        let world = World()
        let ear = Ear()
        try await world.engine.hold("a", reason: "lunch")
        world.record.isLost.withLock { $0 = true }
        await world.tell([Hook(name: "x", kinds: nil, door: ear)])
        world.record.isLost.withLock { $0 = false }
        for _ in 0..<2 { await world.tell([Hook(name: "x", kinds: nil, door: ear)]) }
        #expect(ear.heard.count == 2 && Set(ear.heard.map(\.id)).count == 1)
    }

    @Test("one that fails is tried again, later and later; one that refuses what it is told is passed over")
    func again() async throws {
        let world = World()
        let moments = Mutex([Timestamp]())
        let time = world.time
        let failing = Ear { number throws(HookTrouble) in
            moments.withLock { $0.append(time.now) }
            if number <= 6 { throw HookTrouble("it answered 500") }
        }
        let refusing = Ear { _ throws(HookTrouble) in throw HookTrouble("it answered 400", isFinal: true) }
        let said = Mutex([String]())
        try await world.engine.hold("a", reason: "lunch")
        let hooks = [Hook(name: "failing", kinds: nil, door: failing)]
        let teller = Teller(engine: world.engine, hooks: hooks, record: world.record, random: SeededRandom(1)) { _ in }
        let telling = Task { await teller.run(from: JournalMark("0")) }
        await failing.until(1)
        telling.cancel()
        await telling.value
        let waits = zip(moments.withLock { $0 }, moments.withLock { $0.dropFirst() }).map { $1.milliseconds - $0.milliseconds }
        #expect(waits.count == 6)
        for (index, wait) in waits.enumerated() {
            let middle = Double(1000 << index)
            #expect(Double(wait) >= middle * 0.49 && Double(wait) <= middle * 1.51, "wait \(index): \(wait)")
        }
        let other = Teller(engine: world.engine, hooks: [Hook(name: "refusing", kinds: nil, door: refusing)], record: world.record, random: SeededRandom(1)) { text in
            said.withLock { $0.append(text) }
        }
        let refused = Task { await other.run(from: JournalMark("0")) }
        while said.withLock({ $0.count }) < 2 { await Task.yield() }
        refused.cancel()
        await refused.value
        #expect(refusing.asked == 5 && said.withLock { $0.last ?? "" }.contains("is not told of it again"))
    }

    @Test("a hook that hangs holds up no other, and neither the loop", .timeLimit(.minutes(10)))
    func hangs() async throws {
        let world = World()
        let hanging = Ear { _ in
            // For ever, as far as anybody here is concerned.
            while !Task.isCancelled { await Task.yield() }
        }
        let ear = Ear()
        let hooks = [Hook(name: "hanging", kinds: nil, door: hanging), Hook(name: "ear", kinds: nil, door: ear)]
        let teller = Teller(engine: world.engine, hooks: hooks, record: world.record, random: SeededRandom(1)) { _ in }
        let telling = Task { await teller.run(from: JournalMark("0")) }
        var manner = FleetRun.Manner()
        manner.heard = { teller.wake() }
        let outcomes = try await FleetRun(engine: world.engine, tenants: ["a", "b"], byWaves: true, manner: manner) { _, _ in }.run(waitForClocks: true, patience: 1)
        #expect(outcomes == ["a": .finished, "b": .finished])
        await ear.until(4)
        #expect(ear.heard.map(\.kind).sorted { $0.rawValue < $1.rawValue } == [.fleetDone, .tenantDone, .tenantDone, .waveOpened])
        #expect(hanging.heard.isEmpty)
        telling.cancel()
        await telling.value
    }

    @Test("endpoints that hang, fail and ask for patience are told in the end, each thing once or under the same id", .timeLimit(.minutes(10)))
    func endpoints() async throws {
        let server = try HookServer()
        let world = World()
        let paths = ["/ok/x", "/fail-3/x", "/busy-2/x", "/hang-1/x", "/twice/x"]
        // Who answers is waited for as long as a busy machine takes; only who hangs is given up.
        let hooks = paths.map { Hook(name: $0, kinds: nil, door: WebhookDoor(url: server.url + $0, timeoutMilliseconds: $0.hasPrefix("/hang") ? 700 : 60_000)) }
        let teller = Teller(engine: world.engine, hooks: hooks, record: world.record, random: SeededRandom(1)) { _ in }
        try await world.engine.hold("a", reason: "lunch")
        let telling = Task { await teller.run(from: JournalMark("0")) }
        try await world.engine.release("a", reason: "back")
        teller.wake()
        let tries = ["/ok/x": 2, "/fail-3/x": 5, "/busy-2/x": 4, "/hang-1/x": 3, "/twice/x": 2]
        for (path, count) in tries {
            while try await server.heard(path).count < count { try await Task.sleep(for: .milliseconds(20)) }
            let heard = try await server.heard(path)
            #expect(path.hasPrefix("/hang") ? heard.count >= count : heard.count == count, "\(path): \(heard.map(\.body.kind))")
            #expect(Set(heard.map(\.body.id)).count == 2)
            #expect(heard.last?.body.kind == "released")
        }
        telling.cancel()
        await telling.value
        var heard: [String: Int] = [:]
        for path in tries.keys { heard[path] = try await server.heard(path).count }
        for _ in 0..<2 { await world.tell(hooks) }
        for (path, count) in heard { #expect(try await server.heard(path).count == count, "\(path) after restarts") }
    }
}
