import Cutover
import CutoverTestKit
import Foundation
import Phases
import PlanFiles
import Testing

@Suite("how long an archive was kept") struct KeptForItsTimeTests {
    private static let day = 86_400
    private static let keepDays = 90

    private static func plan() throws -> Plan {
        let path = "\(LabTenant.repository)/Plans/lab.yaml"
        let text = try String(contentsOfFile: path, encoding: .utf8).replacing("keepFor: 3s", with: "keepFor: \(keepDays)d")
        let (plan, problems) = PlanFile.read(text: text, path: path, catalog: MemoryCatalog.catalog)
        guard let plan else { throw LabTenant.Trouble(description: "\(problems)") }
        return plan
    }

    /// What the gate says `days` and `seconds` after the archive was made and verified.
    /// - Parameters:
    ///   - then: how far the host's clock was ahead when it made the archive, in seconds.
    ///   - now: and how far it is when it is asked.
    private static func answer(after days: Int, _ seconds: Int, then: Int, now: Int) async throws -> String {
        let (plan, journal, time) = (try plan(), MemoryJournal(), ManualTime())
        let ledger = try await Ledger.open("acme", in: journal, time: time, me: "ann", holder: LeaseHolder(name: "one", seconds: 60)) { _ in nil }
        for planned in plan.steps where planned.id != "archive.purge" { try await ledger.record([.verified(planned.ref(for: "acme"), .inPlace(Evidence()))]) }
        await ledger.close()
        let exportedAt = time.now.adding(seconds: then)
        let host = AnsweringHost {
            [
                "legacy.state": #"{"place":"dropped","frozen":false,"frozenTrigger":false,"frozenRows":0,"trialGreen":true}"#,
                "archive.state": #"{"there":true,"rows":5,"rehearsed":true,"rehearsedObjects":{},"exportedAt":"\#(exportedAt)","now":"\#(time.now.adding(seconds: now))"}"#,
                "host.veto": "{}",
            ]
        }
        time.advance(seconds: days * day + seconds)
        let engine = Engine(
            plan: plan, fleet: LampCatalog.fleet("acme"), catalog: MemoryCatalog.catalog, journal: journal, time: time, me: "ann",
            holder: LeaseHolder(name: "two", seconds: 60)
        ) { _ in host }
        let shown = try await engine.preview("acme").steps
        #expect(shown.map(\.step) == ["A3/archive.purge"])
        return try #require(shown.first?.gates.first { $0.claim == "the archive was kept for its time" }).answer
    }

    @Test("is told by what has passed, however far the host's clock is from ours", arguments: [0, 600, -600, 100 * 86_400, -100 * 86_400])
    func constant(ahead: Int) async throws {
        #expect(try await Self.answer(after: Self.keepDays, -1, then: ahead, now: ahead) == "shut")
        #expect(try await Self.answer(after: Self.keepDays, 0, then: ahead, now: ahead) == "open")
    }

    @Test("is not what a host's clock says that was set since", arguments: [600, 100 * 86_400])
    func set(by seconds: Int) async throws {
        #expect(try await Self.answer(after: Self.keepDays, -1, then: 0, now: seconds) == "shut")
        #expect(try await Self.answer(after: Self.keepDays, -1, then: -seconds, now: 0) == "shut")
        // The other way round it is kept for longer, which does no harm.
        #expect(try await Self.answer(after: Self.keepDays, 0, then: seconds, now: 0) == "shut")
    }
}
