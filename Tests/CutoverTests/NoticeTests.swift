import Cutover
import CutoverTestKit
import Testing

@Suite("what people are told of") struct NoticeTests {
    private func notices(_ world: LampWorld, of tenant: TenantID = "acme") async throws -> [Notice] {
        var all: [Notice] = []
        for event in try await world.journal.events(in: StreamID(tenant), after: 0) { all += try await world.engine().notices(of: event) }
        return all
    }

    @Test("a failed step, what to type, and nothing of steps that go well")
    func failed() async throws {
        let world = LampWorld()
        await world.set("stuck", "lit")
        for _ in 0..<5 { _ = try await world.engine().advance("acme") }
        let told = try await notices(world)
        #expect(told.map(\.kind) == [.stepFailed] && told[0].step == "L0/lamp.light" && told[0].tenant == "acme" && told[0].plan == "lamps")
        #expect(told[0].text.hasPrefix("acme/L0/lamp.light: failed: "))
    }

    @Test("a gate that only a person can open, and not one that time may")
    func gates() async throws {
        let world = LampWorld(plan: LampCatalog.plan(approvals: Approvals(count: 1, from: ["ben"], notAuthor: true), phases: [Phase(id: "L0", steps: [LampCatalog.step("lamp.wire", risk: .high)])]))
        await world.set("mains", "off")
        for _ in 0..<3 { _ = try await world.engine().advance("acme") }
        #expect(try await world.events("gateAssessed").count == 2)
        let told = try await notices(world)
        #expect(told.map(\.kind) == [.waitsForPerson])
        #expect(told[0].next == "cutoverctl approve acme L0/lamp.wire --as PERSON --reason TEXT")
    }

    @Test("a consent that is wanted, and the end of tenant and fleet")
    func consent() async throws {
        let world = LampWorld(plan: LampCatalog.plan(phases: [Phase(id: "L0", steps: [LampCatalog.step("lamp.wire"), LampCatalog.step("lamp.smash")])]))
        try await world.engine().go(to: "lamp.wire", world.time)
        #expect(try await notices(world).map(\.text) == ["acme/L0/lamp.smash: waits for a person: it can't be undone and wants a consent"])
        try await world.engine().go(to: "lamp.smash", world.time)
        let told = try await notices(world)
        #expect(told.map(\.kind) == [.tenantDone, .fleetDone])
    }

    @Test("a clock that began anew is told once, however often its stretch is told")
    func reset() async throws {
        let world = LampWorld()
        let ref = StepRef(tenant: "acme", phase: "L1", step: "lamp.watch")
        func event(_ samples: Int, _ revision: Int) -> Event {
            let stretch = Stretch(kind: .reset, from: ManualTime.beginning, until: ManualTime.beginning, milliseconds: 0, samples: samples, first: "h", last: "i", detail: "a read of v1")
            return Event(stream: "acme", revision: revision, at: ManualTime.beginning, by: "ann", fence: 1, change: .clockRead(ref, from: 0, [stretch]), previous: "p")
        }
        let told = try await world.engine().notices(of: event(1, 1)) + world.engine().notices(of: event(2, 2))
        #expect(told.map(\.kind) == [.clockReset, .clockReset] && Set(told.map(\.id)).count == 1)
        #expect(told[0].text.hasSuffix("its clock began anew at 2026-01-01T00:00:00.000Z: a read of v1"))
    }

    @Test("drift, a quarantine, a hold, and what nobody knows the outcome of, which is the same doubt however it is worded")
    func others() async throws {
        let world = LampWorld()
        let ref = StepRef(tenant: "acme", phase: "L0", step: "lamp.wire")
        let changes: [Event.Change] = [
            .rechecked(ref, .absent(Evidence())), .rechecked(ref, .inPlace(Evidence())), .quarantined(reason: "put back"), .held(reason: "lunch"), .becameUnknown(ref, detail: "no answer"),
            .becameUnknown(ref, detail: "still none"), .abandoned(nil, reason: "gone", facts: [:]), .waitBegan(ref), .approved(topic: "x", reason: "y", facts: [:]),
        ]
        var told: [Notice] = []
        for (index, change) in changes.enumerated() {
            told += try await world.engine().notices(of: Event(stream: "acme", revision: index + 1, at: ManualTime.beginning, by: "ann", fence: 0, change: change, previous: "p"))
        }
        #expect(told.map(\.kind) == [.drift, .drift, .quarantined, .held, .outcomeUnknown, .outcomeUnknown, .abandoned])
        #expect(told[4].id == told[5].id && told[0].id != told[1].id)
        #expect(told[0].text == "acme/L0/lamp.wire: no longer as it was left: it is gone")
    }

    @Test("a tenant that the fleet no longer has is nobody's news")
    func strangers() async throws {
        let event = Event(stream: "stranger", revision: 1, at: ManualTime.beginning, by: "ann", fence: 0, change: .held(reason: "x"), previous: "p")
        #expect(try await LampWorld().engine().notices(of: event).isEmpty)
    }
}
