import Cutover
import CutoverTestKit
import Testing

@Suite("one hand per tenant") struct LeaseTests {
    let world = LampWorld()

    @Test("of two engines at once the second is told who holds the lease")
    func second() async throws {
        let (first, second) = (world.engine("one"), world.engine("two"))
        _ = try await first.advance("acme")
        let refusal = Refusal()
        await world.transport.during(Lamp.Set.kind) { _ in
            do { _ = try await second.advance("acme") } catch { await refusal.note(error as? EngineError) }
        }
        #expect(try await first.advance("acme").did == "performed")
        guard case .journal(.leased("acme", to: "one", _))? = await refusal.error else { return #expect(Bool(false), "not leased") }
        #expect(try await second.advance("acme").did == "verified", "the lease was given back")
    }

    @Test("a paused engine's outcome is refused after a take-over, and the newer engine asks the world")
    func takeOver() async throws {
        let (first, second) = (world.engine("one"), world.engine("two", gone: true))
        _ = try await first.advance("acme")
        let outcome = Outcome()
        await world.transport.during(Lamp.Set.kind) { _ in
            await outcome.note(try? await second.advance("acme"))
        }
        do {
            _ = try await first.advance("acme")
            Issue.record("the first engine's outcome was taken")
        } catch {
            guard case .journal(.superseded("acme", _, _)) = error else { throw error }
        }
        #expect(await outcome.advance?.did == "not in place: open again", "the second looked before the first's write arrived")
        #expect(try await world.events("performed").isEmpty)
    }

    @Test("a host refuses an operation whose fence is older than one it has seen")
    func staleFence() async throws {
        let engine = world.engine()
        _ = try await engine.advance("acme")
        await world.transport.change("acme") { $0.highestFence = 99 }
        let failure = try await engine.advance("acme").failure
        #expect(failure?.what.contains("is stale: 99 has been seen") == true && failure?.effect == .nothingChanged)
        #expect(await world.thing("wired") == nil)
    }

    @Test("every act of a newer lease carries a higher fence, and a note carries none")
    func fences() async throws {
        for name in ["one", "two", "one"] { _ = try await world.engine(name).advance("acme") }
        try await world.engine().hold("acme", reason: "lunch")
        let fences = try await world.journal.events(in: "acme", after: 0).map(\.fence)
        #expect(fences == [1, 2, 2, 2, 2, 3, 0])
        #expect(await world.writes().map(\.fence) == [2])
    }

    @Test("a lease is kept while a step is under way")
    func heartbeat() async throws {
        let engine = world.engine()
        _ = try await engine.advance("acme")
        let (time, journal) = (world.time, world.journal)
        let until = Holder()
        await world.transport.during(Lamp.Set.kind) { _ in
            for _ in 0..<9 {
                await time.someoneSleeps()
                time.advance(seconds: 20)
            }
            await time.someoneSleeps()
            await until.note(try? await journal.leaseHolder(of: "acme", now: time.now))
        }
        #expect(try await engine.advance("acme").did == "performed", "after three minutes under a lease of one")
        #expect(await until.name == "one")
    }

    @Test("a holder that is known to be dead is not waited for")
    func dead() async throws {
        _ = try await world.journal.lease("acme", to: "crashed", until: world.time.now.adding(seconds: 60), now: world.time.now) { _ in false }
        await #expect(throws: EngineError.self) { try await world.engine("two").advance("acme") }
        #expect(try await world.engine("two", gone: true).advance("acme").did == "adopted plan lamps revision 1")
    }

    @Test("a step may record checkpoints from several tasks at once")
    func concurrentRecords() async throws {
        let holder = LeaseHolder(name: "one", seconds: 60)
        let ledger = try await Ledger.open("acme", in: world.journal, time: world.time, me: "ann", holder: holder) { _ in nil }
        try await ledger.record([.started(Fold.wire, attempt: 1)])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<20 { group.addTask { try await ledger.record([.checkpointed(Fold.wire, Evidence(["n": "\(index)"]))]) } }
            try await group.waitForAll()
        }
        #expect(try await world.events("checkpointed").count == 20)
        #expect(await ledger.standing.revision == 21)
    }

    @Test("two ledgers under one journal: the one without the newer lease can't write")
    func superseded() async throws {
        let (journal, time) = (world.journal, world.time)
        let old = try await Ledger.open("acme", in: journal, time: time, me: "ann", holder: LeaseHolder(name: "one", seconds: 60)) { _ in nil }
        let new = try await Ledger.open("acme", in: journal, time: time, me: "bob", holder: LeaseHolder(name: "two", seconds: 60, gone: { _ in true })) {
            _ in nil
        }
        await #expect(throws: JournalError.superseded("acme", fence: 1, newest: 2)) { try await old.record([.started(Fold.wire, attempt: 1)]) }
        try await new.record([.started(Fold.wire, attempt: 1)])
        #expect(try await world.kinds() == ["started"])
    }

    @Test("a lease that somebody else had meanwhile is not gone on with, though nobody has it now")
    func renewedTooLate() async throws {
        let (journal, time) = (world.journal, world.time)
        let holder = LeaseHolder(name: "one", seconds: 60)
        let old = try await Ledger.open("acme", in: journal, time: time, me: "ann", holder: holder) { _ in nil }
        try await old.renew(holder)
        let other = try await journal.lease("acme", to: "two", until: time.now.adding(seconds: 60), now: time.now) { _ in true }
        try await journal.giveBack(other)
        await #expect(throws: JournalError.superseded("acme", fence: 1, newest: 3)) { try await old.renew(holder) }
    }

    private actor Refusal {
        var error: EngineError?
        func note(_ error: EngineError?) { self.error = error }
    }
    private actor Outcome {
        var advance: Advance?
        func note(_ advance: Advance?) { self.advance = advance }
    }
    private actor Holder {
        var name: String?
        func note(_ name: String??) { self.name = name ?? nil }
    }
}
