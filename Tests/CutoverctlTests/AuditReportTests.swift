import Cutover
import CutoverTestKit
import Foundation
import Testing

@testable import cutoverctl

@Suite("an auditor's report") struct AuditReportTests {
    private static let ben = SigningKey()
    private static let source = AuditReport.Source(words: "a test", madeAt: Story.at(1000), by: "eve")

    /// High risk to light the lamp: two people's word.
    private static func plan(keys: [Approver] = [], count: Int = 2) -> Plan {
        let phases = [Phase(id: "L0", steps: [LampCatalog.step("lamp.wire"), LampCatalog.step("lamp.light", risk: .high)]), Phase(id: "L1", steps: [LampCatalog.step("lamp.watch")])]
        return LampCatalog.plan(approvals: Approvals(count: count, from: ["ben", "cas"], notAuthor: true, keys: keys), phases: phases)
    }

    private func report(_ story: Story) async throws -> AuditReport { AuditReport(tenant: "acme", try await story.journal.records(), source: Self.source) }

    private func lit(_ story: Story, at seconds: Int) async throws {
        try await story.tell(.started(Story.light, attempt: 1), .performed(Story.light, Evidence(["lit": "yes"])), .verified(Story.light, .inPlace(Evidence())), at: seconds)
    }

    @Test("a whole record has no gap but what is still to come")
    func whole() async throws {
        let story = Story(Self.plan())
        try await story.wired()
        for person in ["ben", "cas"] as [OperatorID] { try await story.tell(.approved(topic: "L0/lamp.light", reason: "seen", facts: [:]), at: 40, by: person) }
        try await lit(story, at: 50)
        let report = try await report(story)
        #expect(report.gaps == ["not verified: L1/lamp.watch (not begun)"])
        #expect(report.steps.map(\.position.words) == ["verified", "verified", "not begun"])
        #expect(report.steps[0].evidence == ["wired": "yes", "seen": "lit <b>brightly</b>"])
        #expect(report.words.map(\.worth) == ["recorded, not signed", "recorded, not signed"])
        #expect(AuditReportView(report: report).status == .done)
    }

    @Test("a step of high risk that began without enough people's word is a gap, also when the word came later, from the author, or twice from one")
    func unsigned() async throws {
        let story = Story(Self.plan())
        try await story.wired()
        for person in ["ben", "ben", "edison"] as [OperatorID] { try await story.tell(.approved(topic: "L0/lamp.light", reason: "seen", facts: [:]), at: 40, by: person) }
        try await lit(story, at: 50)
        try await story.tell(.approved(topic: "L0/lamp.light", reason: "seen", facts: [:]), at: 60, by: "cas")
        #expect(try await report(story).gaps.first == "L0/lamp.light, attempt 1, began with the word of 1 of 2 people (revision 8)")
    }

    @Test("who broke the glass is named beside it")
    func glass() async throws {
        let story = Story(Self.plan())
        try await story.wired()
        try await story.tell(.waived(Story.light, claim: "2 approved it", reason: "it burns", facts: [Waiver.glassKey: "true", Waiver.expiresKey: Story.at(99).description]), at: 40, by: "cas")
        try await lit(story, at: 50)
        #expect(try await report(story).gaps.first?.hasSuffix("; cas broke the glass at 2026-01-01T00:00:40Z: it burns") == true)
    }

    @Test("a signature that does not fit is told, and does not count for its step")
    func forged() async throws {
        let keys = [Approver(name: "ben", keys: [Self.ben.verifying])]
        let story = Story(Self.plan(keys: keys, count: 1))
        try await story.wired()
        let approval = try await story.engine.approval(of: "L0/lamp.light", for: "acme", wave: nil, expires: Story.at(3600), reason: "seen", facts: [:])
        let facts = try approval.signed(with: Self.ben)
        try await story.tell(.approved(topic: "L0/lamp.light", reason: "seen, and other words", facts: facts), at: 40, by: "ben")
        try await lit(story, at: 50)
        let found = try await report(story)
        #expect(found.words.map(\.counts) == [false])
        #expect(found.gaps.contains("L0/lamp.light, attempt 1, began with the word of 0 of 1 people (revision 6)"))
        #expect(found.gaps.contains { $0.hasPrefix("revision 5: what ben said of L0/lamp.light does not count") })

        let honest = Story(Self.plan(keys: keys, count: 1))
        try await honest.wired()
        try await honest.tell(.approved(topic: "L0/lamp.light", reason: "seen", facts: facts), at: 40, by: "ben")
        try await lit(honest, at: 50)
        #expect(try await report(honest).words.map(\.worth) == ["the signature fits"])
        #expect(try await report(honest).gaps == ["not verified: L1/lamp.watch (not begun)"])
    }

    @Test("time that no sample covers, and a sum that was verified and is not there, are gaps")
    func clocks() async throws {
        let story = Story(Self.plan())
        try await story.wired()
        let stretches = [
            Stretch(kind: .counted, from: Story.at(50), until: Story.at(80), milliseconds: 30_000, samples: 3, first: "a", last: "b", detail: ""),
            Stretch(kind: .gap, from: Story.at(80), until: Story.at(200), milliseconds: 0, samples: 0, first: "b", last: "c", detail: "a boot"),
        ]
        try await story.tell(.waitBegan(Story.watch), at: 50)
        try await story.tell(.clockRead(Story.watch, from: 0, stretches), .verified(Story.watch, .inPlace(Evidence(["covered": "90"]))), at: 200)
        let gaps = try await report(story).gaps
        #expect(gaps.contains("L1/lamp.watch: nothing is known from 2026-01-01T00:01:20.000Z to 2026-01-01T00:03:20.000Z (a boot); it was not counted"))
        #expect(gaps.contains("L1/lamp.watch: verified with 90 s, and its stretches come to 30 s"))
    }

    @Test("a row that was edited, a plan that was not kept and a clock that went back are gaps, and an edited row fails")
    func tampered() async throws {
        let story = Story(Self.plan())
        try await story.adopt(at: 50)
        try await story.tell(.held(reason: "lunch"), at: 40)
        let opened = try await story.journal.records()
        let gaps = AuditReport(tenant: "acme", opened, source: Self.source).gaps
        #expect(gaps.contains("between revisions 1 and 2 the clock of whoever recorded went back by 10 s"))
        #expect(gaps.contains { $0.hasPrefix("what lamps revision 1") && $0.hasSuffix("said is not kept in the journal") })

        let row = opened.records[1]
        let edited = EventRecord(
            stream: row.stream, revision: row.revision, at: row.at, by: "ben", fence: row.fence, kind: row.kind, step: row.step, facts: row.facts, previous: row.previous, hash: row.hash)
        let found = AuditReport(tenant: "acme", JournalRecords(journal: opened.journal, records: [opened.records[0], edited], heads: opened.heads), source: Self.source)
        #expect(found.gaps.first == "acme revision 2: edited: its hash does not fit its content")
        #expect(AuditReportView(report: found).status == .failed)
    }

    @Test("an export gives the same report")
    func export() async throws {
        let story = Story(Self.plan())
        try await story.wired()
        let opened = try await story.journal.records()
        let read = try JournalExport.read(try JournalExport.text(opened))
        let pages = [opened, read].map { AuditReportView(report: AuditReport(tenant: "acme", $0, source: Self.source)).page }
        #expect(pages[0] == pages[1])
    }

    @Test("as text: what, who, when, and what is missing")
    func text() async throws {
        let story = Story(Self.plan())
        try await story.wired()
        let text = AuditReportView(report: try await report(story)).page.text(.none)
        for words in [
            "Record of acme\n==============\nfrom a test, made at 2026-01-01T00:16:40Z by eve", "Summary\n-------\ntenant:", "steps:          1 of 3 stand verified",
            "! not verified: L0/lamp.light (not begun), L1/lamp.watch (not begun)", "lamps revision 1", "2 of ben, cas; never the author; by a recorded word",
            "L0/lamp.wire         verified   1         2026-01-01T00:00:10Z  ann  2026-01-01T00:00:30Z  4", "seen lit <b>brightly</b>, wired yes",
        ] { #expect(text.contains(words), "no “\(words)” in:\n\(text)") }
    }

    @Test("as a page: nothing to fetch, nothing to run, no markup but ours, and made for A4")
    func html() async throws {
        let story = Story(Self.plan())
        try await story.wired()
        try await story.tell(.held(reason: "<script>alert('x')</script>&"), at: 60)
        let html = AuditReportView(report: try await report(story)).page.html()
        #expect(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;") && html.contains("lit &lt;b&gt;brightly&lt;/b&gt;"))
        #expect(!html.contains("<script") && !html.contains("http://") && !html.contains("https://") && !html.contains("src=") && !html.contains("url("))
        #expect(html.contains("default-src 'none'") && html.contains("size: A4") && html.contains("table-header-group"))
        let tags = html.matches(of: #/<\/?([a-z0-9]+)/#).map { String($0.1) }
        for tag in ["html", "head", "body", "section", "table", "thead", "tbody", "tr", "td", "dl", "ul", "li", "p", "h1", "h2"] {
            let opened = html.matches(of: try Regex("<\(tag)[ >]")).count
            #expect(opened == html.matches(of: try Regex("</\(tag)>")).count, "\(tag) is not closed as often as opened")
        }
        #expect(Set(tags).isSubset(of: ["html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "p", "section", "dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td", "ul", "li"]))
    }

    @Test("as JSON, for programs")
    func json() async throws {
        let story = Story(Self.plan())
        try await story.wired()
        let json = try AuditReportView(report: try await report(story)).json()
        for words in [#""formatVersion" : 1"#, #""tenant" : "acme""#, #""step" : "L0/lamp.wire""#, #""gaps" : ["#] { #expect(json.contains(words)) }
    }
}
