import Cutover
import CutoverTestKit
import Phases
import Testing

/// Its operation was killed between the table's end and the removal of the captures.
@Suite("a drop that was cut off") struct CutOffDropTests {
    private static func engine(place: String, captured: Bool, verified: Bool) async throws -> Engine {
        let (plan, journal, time) = (try LabTenant.plan(), MemoryJournal(), ManualTime())
        let ledger = try await Ledger.open("acme", in: journal, time: time, me: "ann", holder: LeaseHolder(name: "one", seconds: 60)) { _ in nil }
        for planned in plan.steps.prefix(while: { $0.id != "archive.purge" }) where verified || planned.id != "legacy.drop" {
            try await ledger.record([.verified(planned.ref(for: "acme"), .inPlace(Evidence()))])
        }
        await ledger.close()
        let host = AnsweringHost {
            [
                "legacy.state": #"{"place":"\#(place)","frozen":false,"frozenTrigger":false,"frozenRows":0,"trialGreen":true,"captured":\#(captured)}"#,
                "doors.answer": "{}", "host.veto": "{}",
            ]
        }
        return Engine(
            plan: plan, fleet: LampCatalog.fleet("acme"), catalog: MemoryCatalog.catalog, journal: journal, time: time, me: "ann",
            holder: LeaseHolder(name: "two", seconds: 60)
        ) { _ in host }
    }

    @Test("is not in place as long as anything is captured", arguments: [false, true])
    func found(captured: Bool) async throws {
        let checked = try await Self.engine(place: "dropped", captured: captured, verified: true).check("acme")
        let drop = try #require(checked.first { $0.step == "A3/legacy.drop" })
        #expect(drop.finding.isInPlace == !captured)
        if captured { #expect(drop.finding == .partial(Evidence(["table": "dropped", "doors": "answer", "capture": "still there"]))) }
    }

    @Test("is not kept from its end by questions about the table, which is gone; a table that is there is asked about", arguments: ["dropped", "held"])
    func gates(place: String) async throws {
        let shown = try await Self.engine(place: place, captured: true, verified: false).preview("acme").steps
        let gates = try #require(shown.first { $0.step == "A3/legacy.drop" }).gates
        let untouched = try #require(gates.first { $0.claim.hasPrefix("nobody has touched the table") })
        #expect(untouched.answer == (place == "dropped" ? "open" : "unknown"))
    }
}
