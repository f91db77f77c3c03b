import CutoverTestKit
import Testing

@testable import Cutover

@Suite("a journal rebuilt from the hosts") struct RebuildTests {
    let world = LampWorld()

    /// The same hosts, plan and clock, and a journal that knows nothing.
    private func after(_ world: LampWorld) -> LampWorld {
        LampWorld(copying: world, journal: MemoryJournal(identity: "a new journal"))
    }

    private func rebuilt(_ world: LampWorld) async throws -> RebuiltTenant {
        let errand = try await world.engine("two").rebuild("acme", reason: "the disk burned")
        guard case .done(let rebuilt) = errand else { throw Unexpected(what: "\(errand)") }
        return rebuilt
    }
    private struct Unexpected: Error { let what: String }

    @Test("in the middle of a wait has every step before it, goes on with that wait's own samples from when they began, and comes to its end")
    func midWait() async throws {
        try await world.engine().go(to: "lamp.light", world.time)
        while try await !world.engine().advance("acme").isWaiting {}
        guard case .waiting(let began) = try await world.engine().position("lamp.watch") else { return #expect(Bool(false), "it does not wait") }
        let since = try #require(try await world.engine().standing(of: "acme").waitBegan("lamp.watch"))
        world.time.advance(seconds: 40)
        let (before, watched) = (await world.transport.host("acme").highestFence, await world.thing("watched"))

        let new = after(world)
        let found = try await rebuilt(new)
        #expect(found.was == "journal-of-a-test" && found.fence > before)
        #expect(found.steps.map(\.step) == ["L0/lamp.wire", "L0/lamp.light", "L1/lamp.watch"])
        let engine = new.engine("two")
        let standing = try await engine.standing(of: "acme")
        #expect(standing.position(of: "lamp.wire") == .verified && standing.position(of: "lamp.light") == .verified)
        #expect(standing.position(of: "lamp.watch") == .waiting(began: began))
        #expect(try #require(standing.waitBegan("lamp.watch")).seconds(since: since) < 1)
        guard case .waiting(_, let seen) = try await engine.advance("acme") else { return #expect(Bool(false), "it does not wait") }
        #expect(seen.verdict.detail == "40 of 60 s")
        #expect(await new.thing("watched") == watched, "nobody began to watch anew")
        #expect(await new.writes(Lamp.Set.kind).count == 2, "nothing was done anew")
        world.time.advance(seconds: 20)
        try await engine.go(to: "lamp.smash", world.time)
        #expect(await new.thing("smashed") == "on")
        #expect(JournalAudit(try await new.journal.records()).flaws.isEmpty)
    }

    @Test("has nothing of who is refused: the old journal's operator, wherever he was")
    func oldOneIsOut() async throws {
        try await world.engine().go(to: "lamp.wire", world.time)
        let new = after(world)
        _ = try await rebuilt(new)
        // The disk came back after all, and somebody starts the old controller.
        guard case .quarantined? = try await world.engine().advance("acme").stop else { return #expect(Bool(false), "the old journal goes on") }
        #expect(await world.thing("lit") == nil)
        try await new.engine("two").go(to: "lamp.light", world.time)
    }

    @Test("of a tenant that went millions of fences far begins above them")
    func highFence() async throws {
        try await world.engine().go(to: "lamp.wire", world.time)
        await world.transport.change("acme") { $0.highestFence = 7_000_000 }
        #expect(try await rebuilt(after(world)).fence > 7_000_000)
    }

    @Test("has what a later step ended, and what nothing brings back, as done; windows before it are over")
    func afterTheEnd() async throws {
        try await world.engine().go(to: "lamp.smash", world.time)
        let new = after(world)
        let found = try await rebuilt(new)
        #expect(found.steps.map(\.step) == world.plan.steps.map(\.place))
        #expect(try await new.engine("two").advance("acme").isFinished)
        #expect(await new.writes(Lamp.Smash.kind).count == 1)
    }

    @Test("of a tenant that was never begun has nothing, and it begins as any other")
    func notBegun() async throws {
        #expect(try await rebuilt(world) == RebuiltTenant(tenant: "acme", was: nil, fence: 0, steps: [], resumed: nil))
        #expect(try await world.kinds().isEmpty)
        try await world.engine().go(to: "lamp.light", world.time)
    }

    @Test("is not rebuilt over what it knows, nor where a step that may be there can't be looked at")
    func refused() async throws {
        try await world.engine().go(to: "lamp.wire", world.time)
        guard case .stopped(let why, _) = try await world.engine().rebuild("acme", reason: "r") else { return #expect(Bool(false), "rebuilt over itself") }
        #expect(why.contains("nothing is written over it"))
        let new = after(world)
        await world.set("dark", "yes")
        guard case .stopped(let dark, let next) = try await new.engine("two").rebuild("acme", reason: "r") else { return #expect(Bool(false), "rebuilt in the dark") }
        #expect(dark.contains("can't be looked at") && next == "cutoverctl journal rebuild --from-hosts acme")
        #expect(try await new.kinds().isEmpty)
        await world.set("dark", nil)
        #expect(try await rebuilt(new).steps.map(\.step) == ["L0/lamp.wire"])
    }

    @Test("is begun anew where it was cut short at any record", arguments: 1...4, [MemoryJournal.Death.before, .after])
    func cutShort(append: Int, how: MemoryJournal.Death) async throws {
        try await world.engine().go(to: "lamp.light", world.time)
        let new = after(world)
        await new.journal.die(atAppend: append, how)
        let errand = try? await new.engine("two").rebuild("acme", reason: "r")
        let hasDied = await new.journal.hasDied
        await new.journal.revive()
        let isRebuilt = try await new.kinds().contains("recovered")
        if hasDied, errand == nil || !isRebuilt { _ = try? await new.engine("three", gone: true).rebuild("acme", reason: "again") }
        let standing = try await new.engine("three", gone: true).standing(of: "acme")
        #expect(standing.position(of: "lamp.wire") == .verified && standing.position(of: "lamp.light") == .verified)
        #expect(await new.writes(Lamp.Set.kind).count == 2)
    }

    @Test("approvals are given again: nobody's word comes from a host")
    func approvals() async throws {
        try await world.engine().go(to: "lamp.retire", world.time)
        try await world.engine().approve("acme", topic: "L1/lamp.smash", reason: "agreed")
        let new = after(world)
        _ = try await rebuilt(new)
        guard case .consentNeeded = try await new.engine("two").advance("acme") else { return #expect(Bool(false), "it went on without a word") }
    }
}
