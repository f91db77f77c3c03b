import CutoverTestKit
import Foundation
import Journals
import Phases
import Testing

@testable import Cutover
@testable import cutoverctl
@testable import fuzz
import Simulation

@Suite("a tenant's host that answers anything", .serialized) struct MaliciousHostTests {
    static let seeds: [UInt64] = (0..<3).map { _ in UInt64.random(in: 1...999_999) }

    /// What a day with it left in a journal on disk.
    func day(_ seed: UInt64) async throws -> (records: JournalRecords, statuses: [TenantStatus], bytes: Int) {
        print("a malicious host: seed \(seed)")
        let folder = NSTemporaryDirectory() + "malicious-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/cutover.db"
        let journal = try SQLiteJournal.open(path: path, create: true) { "journal-of-a-test" }
        var chance = Chance(seed: seed)
        await Liar.drive((0..<64).map { _ in UInt8(chance.number(below: 256)) }, journal)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
        let bytes = try files.reduce(0) { try $0 + ((FileManager.default.attributesOfItem(atPath: "\(folder)/\($1)")[.size] as? Int) ?? 0) }
        return (try await journal.records(), try await journal.statuses(), bytes)
    }

    @Test("neither breaks the journal's chain nor writes about anybody else, and what it makes us keep has a bound", arguments: seeds)
    func journal(seed: UInt64) async throws {
        let (records, _, bytes) = try await day(seed)
        #expect(Liar.flaw(of: records) == nil)
        #expect(records.records.count > 5, "nothing happened")
        #expect(bytes < 64 << 20, "\(bytes) bytes")
        // Whoever is handed an export of it reads the same.
        let again = try JournalExport.read(try JournalExport.text(records))
        #expect(JournalAudit(again).flaws.isEmpty && again.records == records.records)
    }

    @Test("writes nothing to an operator's terminal that the terminal would obey", arguments: seeds)
    func terminal(seed: UInt64) async throws {
        let (records, statuses, _) = try await day(seed)
        let events = records.records.filter { $0.stream == "acme" }
        let history = HistoryView(tenant: "acme", events: events)
        for shown in [history.human(.none), try history.json(), JSONText.escaped(try JournalExport.text(records)), try JSONText.document(statuses)] {
            #expect(Paint.none.only(shown) == shown, "a view shows control characters")
        }
    }

    @Test("leads to no other tenant's stream by what it calls itself", arguments: ["zeta", "@fleet", "../zeta", "acme/../zeta"])
    func names(name: String) async throws {
        let transport = LampCatalog.transport()
        let journal = MemoryJournal()
        let engine = Engine(
            plan: LampCatalog.plan(), fleet: LampCatalog.fleet("acme", "zeta"), catalog: LampCatalog.catalog, journal: journal, time: ManualTime(), me: "ann",
            holder: LeaseHolder(name: "one", seconds: 60)
        ) { _ in transport }
        await transport.change("acme") { $0.disagreement = "I am \(name); DROP \(name)" }
        for _ in 0..<10 { _ = try await engine.advance("acme") }
        #expect(Set(try await journal.records().records.map(\.stream)).isSubset(of: ["acme", "@fleet"]))
        #expect(try await engine.standing(of: "zeta").revision == 0)
        #expect(JournalAudit(try await journal.records()).flaws.isEmpty)
    }

    @Test("an event holds no more of what a host told than its bound, and what people signed stays whole")
    func bounds() {
        let long = String(repeating: "é", count: 200_000)
        let ref = StepRef(tenant: "acme", phase: "A0", step: "x")
        let many = Dictionary(uniqueKeysWithValues: (0..<5000).map { ("fact-\($0)", "x") })
        let changes: [Event.Change] = [
            .gateAssessed(ref, claim: "c", .shut(long)), .gateAssessed(ref, claim: "c", .unknown(long)), .gateAssessed(ref, claim: "c", .open(Evidence(["a": long]))), .performed(ref, Evidence(many)),
            .verified(ref, .unknown(long)), .verified(ref, .inPlace(Evidence(many))), .failed(ref, StepFailure(long, effect: .unknown, next: long)), .becameUnknown(ref, detail: long), .quarantined(reason: long),
            .reverted(ref, Evidence(["a": long])), .errandEnded("x", Evidence(["a": long])), .checkpointed(ref, Evidence(["a": long])), .adjustmentAnswered("x", outcome: long),
        ]
        for change in changes {
            let bounded = change.bounded
            #expect(bounded.facts.count <= Event.Change.mostFacts + 5, "\(change.kind)")
            #expect(bounded.facts.values.allSatisfy { $0.utf8.count <= Event.Change.mostOfFact }, "\(change.kind)")
            #expect(Event.Change(kind: bounded.kind, step: bounded.ref, facts: bounded.facts) == bounded, "\(change.kind) is not read as it was written")
        }
        let signed = Event.Change.approved(topic: "t", reason: "r", facts: ["digest": long])
        #expect(signed.bounded == signed)
        #expect(Event.Change.planKept(digest: "d", text: long).bounded.facts["plan"] == long)
    }
}
