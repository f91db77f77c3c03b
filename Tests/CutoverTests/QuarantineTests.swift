import CutoverTestKit
import Testing

@testable import Cutover

@Suite("a host that was put back to an older state") struct QuarantineTests {
    let world = LampWorld()

    /// Wired and lit, and then the host is as it was before it was lit, with its ledger.
    private func putBack() async throws {
        try await world.engine().go(to: "lamp.wire", world.time)
        let before = await world.transport.host("acme")
        try await world.engine().go(to: "lamp.light", world.time)
        await world.transport.change("acme") { $0 = before }
    }

    private func found(_ errand: Errand<[CheckedStep]>) throws -> [CheckedStep] {
        guard case .done(let found) = errand else { throw Unexpected(what: "\(errand)") }
        return found
    }
    private struct Unexpected: Error { let what: String }

    @Test("is quarantined when it is next asked for anything, and nothing more is done to it")
    func quarantined() async throws {
        try await putBack()
        let engine = world.engine()
        let writes = await world.writes(Lamp.StartWatch.kind).count
        guard case .quarantined(let why)? = try await engine.advance("acme").stop else { return #expect(Bool(false), "not quarantined") }
        #expect(why.contains("the host does not"))
        #expect(try await world.kinds().last == "quarantined")
        #expect(await world.thing("watched") == nil)
        let asked = await world.transport.host("acme").received.count
        let events = try await world.kinds().count
        for _ in 0..<3 { #expect(try await engine.advance("acme").stop == .quarantined(why)) }
        #expect(await world.transport.host("acme").received.count == asked)
        #expect(try await world.kinds().count == events)
        #expect(await world.writes(Lamp.StartWatch.kind).count == writes + 1, "it was asked once, and refused")
        let status = try #require(try await world.journal.statuses().first)
        #expect(status.state == .quarantined && status.trouble == .quarantined && status.next == "cutoverctl why acme")
        let reason = try await engine.why("acme")
        #expect(reason.answer == "quarantined: \(why)" && reason.next == "cutoverctl adopt acme --reason TEXT --confirm acme")
        guard case .stopped(_, let next) = try await engine.carryOut(Lamp.Set(part: "lit", on: true), on: "acme", reason: "r", evidence: { _ in Evidence() }) else {
            return #expect(Bool(false), "an errand went out")
        }
        #expect(next == "cutoverctl why acme")
    }

    @Test("is taken in again by a person: what is gone is opened, what stands stays, and the rest is done anew to the end")
    func takenIn() async throws {
        try await putBack()
        let engine = world.engine()
        _ = try await engine.advance("acme")
        let found = try found(try await engine.takeIn("acme", reason: "the disk was replaced"))
        #expect(found.map(\.step) == ["L0/lamp.wire", "L0/lamp.light"])
        #expect(found.map(\.finding.isInPlace) == [true, false])
        let standing = try await engine.standing(of: "acme")
        #expect(standing.quarantine == nil)
        #expect(standing.position(of: "lamp.wire") == .verified && standing.position(of: "lamp.light") == .pending && standing.position(of: "lamp.watch") == .pending)
        let kinds = try await world.kinds()
        #expect(kinds.suffix(5) == ["errandBegan", "errandEnded", "recovered", "verified", "verified"])
        let recovered = try #require(try await world.events("recovered").first)
        #expect(recovered.by == "ann" && recovered.change.facts["reason"] == "the disk was replaced")
        #expect(try await world.journal.statuses().first?.trouble == nil)
        try await engine.go(to: "lamp.smash", world.time)
        #expect(await world.thing("smashed") == "on")
        #expect(try await engine.standing(of: "acme").attempts(of: "lamp.light") == 2)
        #expect(JournalAudit(try await world.journal.records()).flaws.isEmpty)
    }

    @Test("leaves a step that was half way in doubt, and it is looked at when the tenant has been taken in again")
    func midStep() async throws {
        let engine = world.engine()
        try await engine.go(to: "lamp.wire", world.time)
        await world.transport.during(Lamp.Set.kind) { [transport = world.transport] _ in await transport.change("acme") { $0.disagreement = "two truths" } }
        #expect(try await engine.advance("acme").stop == .quarantined("two truths"))
        #expect(try await engine.position("lamp.light") == .inDoubt(attempt: 1))
        #expect(try await world.events("failed").isEmpty)
        #expect(await world.thing("lit") == nil)
        _ = try found(try await engine.takeIn("acme", reason: "looked into it"))
        #expect(try await engine.position("lamp.light") == .inDoubt(attempt: 1))
        #expect(try await engine.advance("acme").did == "not in place: open again")
        #expect(await world.transport.host("acme").disagreement == nil)
        try await engine.go(to: "lamp.light", world.time)
    }

    @Test("goes on above the highest fencing number that it has seen")
    func fence() async throws {
        try await putBack()
        let engine = world.engine()
        _ = try await engine.advance("acme")
        await world.transport.change("acme") { $0.highestFence = 57 }
        _ = try found(try await engine.takeIn("acme", reason: "looked into it"))
        #expect(await world.transport.host("acme").highestFence == 58)
        try await engine.go(to: "lamp.light", world.time)
    }

    @Test("a window under way begins anew, and so does one that stands behind something that is gone")
    func windows() async throws {
        let engine = world.engine()
        try await engine.go(to: "lamp.light", world.time)
        #expect(try await engine.advance("acme").did == "waiting")
        await world.transport.change("acme") { $0.disagreement = "two truths" }
        world.time.advance(seconds: 100)
        #expect(try await engine.advance("acme").stop == .quarantined("two truths"), "what it tells of its window is no evidence")
        _ = try found(try await engine.takeIn("acme", reason: "looked into it"))
        #expect(try await engine.position("lamp.watch") == .pending)
        try await engine.go(to: "lamp.watch", world.time)
        #expect(try await world.events("waitBegan").count == 2)
        await world.transport.change("acme") { $0.disagreement = "two truths" }
        _ = try await engine.advance("acme")
        await world.set("lit", nil)
        _ = try found(try await engine.takeIn("acme", reason: "looked into it"))
        #expect(try await engine.position("lamp.light") == .pending)
        #expect(try await engine.position("lamp.watch") == .pending)
    }

    @Test("its ledger of samples may grow and be cut otherwise, and never begins otherwise or gets less")
    func samples() async throws {
        let engine = world.engine()
        try await engine.go(to: "lamp.light", world.time)
        func stretch(_ kind: Stretch.Kind, _ samples: Int, _ first: String) -> Stretch {
            Stretch(kind: kind, from: ManualTime.beginning, until: ManualTime.beginning, milliseconds: 0, samples: samples, first: first, last: "z", detail: "")
        }
        let told: [Event.Change] = [
            .waitBegan(Fold.watch), .clockRead(Fold.watch, from: 0, [stretch(.counted, 4, "a"), stretch(.paused, 2, "b")]),
            .clockRead(Fold.watch, from: 1, [stretch(.paused, 3, "b"), stretch(.counted, 1, "c")]),
        ]
        func raised(_ stretches: [Stretch]) async throws -> String? {
            let ledger = try await Ledger.open("acme", in: MemoryJournal(), time: world.time, me: "ann", holder: LeaseHolder(name: "l", seconds: 60)) { _ in nil }
            try await ledger.record(told)
            await engine.compare(ClockReading(stretches), of: Fold.watch, ledger)
            return await ledger.alarm.reason
        }
        for fine in [[stretch(.counted, 4, "a"), stretch(.paused, 3, "b"), stretch(.counted, 1, "c")], [stretch(.counted, 8, "a")], [stretch(.reset, 1, "a"), stretch(.counted, 9, "q")]] {
            #expect(try await raised(fine) == nil)
        }
        for odd in [[stretch(.counted, 7, "a")], [], [stretch(.counted, 8, "b")]] {
            #expect(try await raised(odd)?.contains("the journal has 8 samples of L1/lamp.watch") == true)
        }
    }

    @Test("is not taken in while a finished step can't be looked at, by another plan, or when it is not quarantined")
    func refused() async throws {
        let engine = world.engine()
        guard case .stopped(let fine, _) = try await engine.takeIn("acme", reason: "r") else { return #expect(Bool(false), "taken in") }
        #expect(fine == "acme is neither quarantined nor abandoned")
        try await putBack()
        _ = try await engine.advance("acme")
        await world.set("dark", "yes")
        guard case .stopped(let dark, _) = try await engine.takeIn("acme", reason: "r") else { return #expect(Bool(false), "taken in") }
        #expect(dark == "L0/lamp.wire can't be looked at: too dark to see the lamp")
        await world.set("dark", nil)
        guard case .stopped(let newer, _) = try await world.engine(plan: LampCatalog.plan(revision: 2)).takeIn("acme", reason: "r") else {
            return #expect(Bool(false), "taken in")
        }
        #expect(newer.contains("adopted revision 1"))
        #expect(try await engine.standing(of: "acme").quarantine != nil)
        #expect(await world.transport.requests(of: TakeHostOver.kind, to: "acme").isEmpty)
    }

    @Test("a host that was built anew contradicts nobody")
    func builtAnew() async throws {
        let engine = world.engine()
        try await engine.go(to: "lamp.light", world.time)
        let fresh = await world.transport.host("nobody yet")
        await world.transport.change("acme") { $0 = fresh }
        guard case .done = try await engine.reopenDrifted("acme", reason: "rebuilt") else { return #expect(Bool(false), "not opened") }
        try await engine.go(to: "lamp.light", world.time)
        #expect(try await world.events("quarantined").isEmpty)
    }

    @Test("a host that was built anew, and whose first answer was lost, contradicts nobody either")
    func builtAnewAndUnheard() async throws {
        let engine = world.engine()
        try await engine.go(to: "lamp.light", world.time)
        let fresh = await world.transport.host("nobody yet")
        await world.transport.change("acme") { $0 = fresh }
        guard case .done = try await engine.reopenDrifted("acme", reason: "rebuilt") else { return #expect(Bool(false), "not opened") }
        await world.transport.plan(.lostAnswer, for: Lamp.Set.kind)
        #expect(try await engine.advance("acme").isUnknown)
        try await engine.go(to: "lamp.light", world.time)
        #expect(try await world.events("quarantined").isEmpty)
    }

    @Test("counts as a straggler, and no more when it has been taken in")
    func budget() async throws {
        try await putBack()
        let engine = world.engine()
        _ = try await engine.advance("acme")
        let before = Spending(try await world.journal.statuses(), under: world.plan.rollout)
        #expect(before.stragglers == 1 && before.troubles == [.quarantined: 1] && before.failures == 1, "the plan allows no stragglers")
        _ = try await engine.takeIn("acme", reason: "looked into it")
        let after = Spending(try await world.journal.statuses(), under: world.plan.rollout)
        #expect(after.stragglers == 0 && after.failures == 0)
    }
}
