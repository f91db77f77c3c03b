import Cutover
import CutoverTestKit
import Testing

@Suite("a replay") struct ReplayTests {
    /// Three tenants with a lost answer, a stuck part, a way back and a consent, one decision after the other.
    private func run() async throws -> LampWorld {
        let world = LampWorld(fleet: LampCatalog.fleet("acme", "blue", "coral"))
        let engine = world.engine()
        await world.transport.plan(.lostAnswer, for: Lamp.Set.kind)
        await world.set("stuck", "lit", of: "blue")
        for round in 0..<40 {
            for tenant in ["acme", "blue", "coral"] as [TenantID] {
                switch try await engine.advance(tenant) {
                case .consentNeeded(let ref): try await engine.approve(tenant, topic: ref.place, reason: "round \(round)", facts: ["b": "2", "a": "1"])
                case .stopped(.failed):
                    await world.set("stuck", nil, of: tenant)
                    try await engine.reopen(tenant, reason: "oiled, and \"tested\"")
                default: break
                }
                world.time.advance(milliseconds: 7_919)
            }
            if round == 9 { try await engine.requestRevert("coral", to: "lamp.wire", reason: "žluťoučký kůň") }
            if round == 15 { try await engine.reopen("coral", reason: "again") }
        }
        return world
    }

    @Test("of a whole run is the same to the byte, in this process and in every other")
    func toTheByte() async throws {
        let (first, second) = (try await run(), try await run())
        let export = try JournalExport.text(try await first.journal.records())
        #expect(try JournalExport.text(try await second.journal.records()) == export)
        for tenant in ["acme", "blue", "coral"] as [TenantID] {
            #expect(try await first.engine().advance(tenant).isFinished, "\(tenant)")
        }
        // Each test process hashes with another seed: an order that came out of a dictionary would show here.
        // The digest changes only when the stored form of events, or what the engine records, does.
        #expect(Digest.sha256(export) == "d3121bb73b9c7f63fb2ed6dae3301ea39cbfa9a4bdc93a996b5d105d5a718bae")
    }

    @Test("of the events gives the status that was stored with them")
    func projection() async throws {
        let world = try await run()
        var folded: [TenantStatus] = []
        for stream in try await world.journal.streams() {
            var standing = Standing(TenantID(stream.text), genesis: Event.genesis(of: stream, in: try await world.journal.identity()))
            for event in try await world.journal.events(in: stream, after: 0) { standing.apply(event) }
            folded.append(standing.status(under: world.plan, catalog: LampCatalog.catalog))
        }
        #expect(try await world.journal.statuses() == folded)
    }

    @Test("goes on from what the process has folded before, and begins anew where the journal was put back meanwhile")
    func putBack() async throws {
        let world = LampWorld()
        let (engine, other) = (world.engine(), world.engine("two", as: "bob"))
        for _ in 0..<6 { _ = try await engine.advance("acme") }
        let known = try await engine.standing(of: "acme")
        try await other.hold("acme", reason: "seen by the first as well")
        #expect(try await engine.standing(of: "acme").hold?.reason == "seen by the first as well")
        await world.journal.putBack("acme", to: known.revision - 1)
        #expect(try await engine.standing(of: "acme").revision == known.revision - 1)
        // As long as before, and of another content.
        await world.journal.putBack("acme", to: known.revision - 2)
        try await other.hold("acme", reason: "recorded instead")
        #expect(try await engine.standing(of: "acme") == (try await other.standing(of: "acme")))
        #expect(try await engine.standing(of: "acme").hold?.reason == "recorded instead")
        await world.journal.putBack("acme", to: 0)
        #expect(try await engine.standing(of: "acme").revision == 0)
    }

    @Test("goes on from what it has folded of the fleet's stream, and begins anew where the journal was put back meanwhile")
    func fleetPutBack() async throws {
        let world = LampWorld()
        let engine = world.engine()
        func other() -> Engine { world.engine("two", as: "bob") }
        try await other().holdFleet(wave: nil, reason: "first")
        try await other().releaseFleet(wave: nil, reason: "second")
        #expect(try await engine.fleetStanding().holds.isEmpty)
        await world.journal.putBack(.fleet, to: 1)
        #expect(try await engine.fleetStanding().holds.map(\.reason) == ["first"])
        // As long as before, and of another content.
        await world.journal.putBack(.fleet, to: 0)
        try await other().holdFleet(wave: nil, reason: "instead")
        #expect(try await engine.fleetStanding().holds.map(\.reason) == ["instead"])
        await world.journal.putBack(.fleet, to: 0)
        #expect(try await engine.fleetStanding() == FleetStanding(journal: try await world.journal.identity()))
    }

    @Test("of the whole journal passes the audit, and so does its export")
    func audit() async throws {
        let opened = try await (try await run()).journal.records()
        let audit = JournalAudit(opened)
        #expect(audit.flaws.isEmpty && audit.streams == 3 && audit.events == opened.records.count)
        #expect(try JournalExport.read(try JournalExport.text(opened)) == opened)
    }
}
