import Cutover
import CutoverTestKit
import Testing

/// From an export alone, as somebody does who has neither the program that wrote it nor a host.
@Suite("what people signed, held against the plans that the journal keeps") struct SignatureAuditTests {
    private static let (ben, eve) = (SigningKey(), SigningKey())
    private let world = LampWorld(
        plan: LampCatalog.plan(approvals: Approvals(count: 0, from: ["ben"], notAuthor: true, keys: [Approver(name: "ben", keys: [ben.verifying])])))
    private var wire: PlannedStep { world.plan.steps[0] }

    private func audit() async throws -> SignatureAudit {
        let opened = try JournalExport.read(try JournalExport.text(try await world.journal.records()))
        #expect(JournalAudit(opened).flaws == [], "its chain is whole all the same")
        return SignatureAudit(opened)
    }

    /// Appends to acme's stream as somebody does who can write the journal's file: chained rightly.
    private func write(_ change: Event.Change, by person: OperatorID) async throws {
        let head = try #require(try await world.journal.records().heads.first { $0.stream == "acme" })
        let event = Event(stream: "acme", revision: head.revision + 1, at: world.time.now, by: person, fence: 0, change: change, previous: head.hash)
        try await world.journal.append([event], status: nil, under: nil)
    }

    /// The wire is in doubt, and its host can't tell.
    private func doubt() async throws -> Engine {
        let engine = world.engine()
        try await engine.keepPlan()
        await world.set("dark", nil)
        await world.transport.plan(.lostAnswer, for: Lamp.Set.kind)
        for _ in 0..<3 { if try await engine.advance("acme").isUnknown { break } }
        await world.set("dark", "yes")
        #expect(try await engine.advance("acme").isUnknown)
        return engine
    }

    private func signed(_ step: PlannedStep?, key: SigningKey = ben, for tenant: TenantID = "acme", reason: String = "lost") async throws -> [String: String] {
        let saying = world.engine("saying", as: "ben", gone: true)
        let facts = Abandonment.facts(of: step, try await saying.standing(of: tenant))
        return try await saying.approval(
            of: Abandonment.topic(step), for: tenant, wave: nil, expires: world.time.now.adding(seconds: 3600), reason: reason, facts: facts
        ).signed(with: key)
    }

    private func giveUp(_ step: PlannedStep?, _ facts: [String: String]) async throws {
        guard case .done = try await world.engine("saying", as: "ben", gone: true).abandon("acme", step, reason: "lost", facts: facts) else {
            Issue.record("it was not given up")
            return
        }
    }

    @Test("a word that is signed as it should be fits")
    func fits() async throws {
        _ = try await doubt()
        try await giveUp(wire, try await signed(wire))
        try await giveUp(nil, try await signed(nil))
        let audit = try await audit()
        #expect(audit.fit == 2 && audit.forged == [] && audit.uncounted == [])
    }

    @Test("what was given up without a signature, by a stranger, with another's key, in other words or for another tenant is told as forged")
    func forged() async throws {
        _ = try await doubt()
        let facts = ["attempt": "1"]
        let (right, foreign) = (try await signed(wire), try await signed(wire, for: "zeta"))
        let forgeries: [(OperatorID, [String: String], String, String)] = [
            ("ben", facts, "lost", "is not signed"),
            ("eve", try await signed(wire, key: Self.eve), "lost", "is by somebody without a key in the plan's keys"),
            ("ben", try await signed(wire, key: Self.eve), "lost", "is signed with a key that is not theirs"),
            ("ben", right, "it was I who broke it", "bears a signature that is not over this plan and these words"),
            ("ben", foreign.merging(facts) { _, new in new }, "lost", "bears a signature that is not over this plan and these words"),
        ]
        for (person, facts, reason, _) in forgeries { try await write(.abandoned(wire.ref(for: "acme"), reason: reason, facts: facts), by: person) }
        let audit = try await audit()
        #expect(audit.forged.map(\.what) == forgeries.map(\.3) && audit.fit == 0)
        #expect(audit.forged.first?.topic == "abandon/L0/lamp.wire")
    }

    @Test("a signature that is recorded once more, for a later attempt, a later time, or after its end, is told")
    func replayed() async throws {
        let engine = try await doubt()
        let (step, whole) = (try await signed(wire), try await signed(nil))
        try await giveUp(wire, step)
        try await engine.reopen("acme", reason: "again")
        _ = try await doubt()
        try await write(.abandoned(wire.ref(for: "acme"), reason: "lost", facts: step), by: "ben")
        #expect(try await audit().forged.map(\.what) == ["is for another attempt"])
        try await giveUp(nil, whole)
        try await write(.abandoned(nil, reason: "lost", facts: whole), by: "ben")
        #expect(try await audit().forged.map(\.what) == ["is for another attempt", "is for another attempt"])
        world.time.advance(seconds: 4000)
        try await write(.abandoned(nil, reason: "lost", facts: whole), by: "ben")
        #expect(try await audit().forged.last?.what == "has expired")
        #expect(try await audit().fit == 2)
    }

    @Test("an approval that never counted is told, and is no flaw")
    func approvals() async throws {
        _ = try await doubt()
        try await engineOfEve.approve("acme", topic: "L0/lamp.light", reason: "me", facts: [:])
        let saying = world.engine("saying", as: "ben", gone: true)
        let right = try await saying.approval(of: "L0/lamp.light", for: "acme", wave: nil, expires: world.time.now.adding(seconds: 60), reason: "fine", facts: [:]).signed(with: Self.ben)
        try await saying.approve("acme", topic: "L0/lamp.light", reason: "fine", facts: right)
        try await saying.approve("acme", topic: "L0/lamp.light", reason: "more than fine", facts: right)
        let audit = try await audit()
        #expect(audit.fit == 1 && audit.forged == [])
        #expect(audit.uncounted.map(\.what) == ["is not signed", "bears a signature that is not over this plan and these words"])
    }

    private var engineOfEve: Engine { world.engine("eve", as: "eve") }

    @Test("where the plan names no keys, nobody's word wants one")
    func keyless() async throws {
        let world = LampWorld()
        let engine = world.engine()
        try await engine.keepPlan()
        try await engine.approve("acme", topic: "t", reason: "r")
        try await engine.go(to: "lamp.wire", world.time)
        let audit = SignatureAudit(try await world.journal.records())
        #expect(audit.fit == 0 && audit.forged == [] && audit.uncounted == [])
    }
}
