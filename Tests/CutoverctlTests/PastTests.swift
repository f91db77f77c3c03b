import ArgumentParser
import Cutover
import CutoverTestKit
import Testing

@testable import cutoverctl

@Suite("moments as people type them") struct MomentTests {
    private let now = Timestamp(milliseconds: 1_767_225_600_000)

    @Test(
        "a moment is a time in UTC or how long ago",
        arguments: [
            ("2025-12-31", "2025-12-31T00:00:00.000Z"), ("2025-12-31T09:30Z", "2025-12-31T09:30:00.000Z"), ("2025-12-31T09:30:05Z", "2025-12-31T09:30:05.000Z"),
            ("2025-12-31T09:30:05.250Z", "2025-12-31T09:30:05.250Z"), ("90s", "2025-12-31T23:58:30.000Z"), ("24h", "2025-12-31T00:00:00.000Z"), ("30d", "2025-12-02T00:00:00.000Z"),
        ])
    func understood(text: String, moment: String) throws {
        #expect(try Moment.read(text).past("--at", now: now).description == moment)
    }

    @Test("anything else is told with what to write", arguments: ["yesterday", "2025-12-31T09:30", "2025-12-31 09:30Z", "2025-02-30", "2025-12-31T09:30+01:00", "-5m", "", "5", "12:00"])
    func refused(text: String) {
        #expect(throws: (any Error).self) { try Moment.read(text) }
        for words in [["status", "--at", text], ["history", "acme", "--since", text]] where !text.hasPrefix("-") {
            do {
                _ = try Cutoverctl.parseAsRoot(words)
                Issue.record("understood: \(words)")
            } catch {
                #expect(Cutoverctl.exitCode(for: error).rawValue == 64)
                #expect(Cutoverctl.message(for: error).contains("2026-01-31T09:30:00Z"))
            }
        }
    }

    @Test("what is still to come is wrong usage")
    func future() {
        #expect(throws: CommandFailure.self) { try Moment.at(now.adding(seconds: 1)).past("--at", now: now) }
        do { _ = try Moment.at(now.adding(seconds: 1)).past("--at", now: now) } catch { #expect(error.status == .usage) }
    }
}

@Suite("the fleet at a moment of the past") struct PastStatusTests {
    private func view(_ story: Story, at seconds: Int) async throws -> StatusView {
        let site = Wiring.Site(engine: story.engine, choice: TenantChoice(fleet: story.fleet, plan: story.plan))
        return try await PastStatus(site: site, moment: Story.at(seconds)).view()
    }

    @Test("each tenant is told as the events of that time fold, and nothing later is known")
    func folded() async throws {
        let story = Story()
        try await story.wired()
        try await story.tell(.fleetHeld(wave: nil, reason: "an outage"), of: .fleet, at: 40, by: "ben")
        let lines = { (seconds: Int) in try await self.view(story, at: seconds).report.tenants.map { "\($0.tenant) \($0.step) \($0.state.rawValue) \($0.milestone)" } }
        #expect(try await lines(0) == ["acme lamp.wire pending ", "zeta lamp.wire pending "])
        #expect(try await lines(10) == ["acme lamp.wire running ", "zeta lamp.wire pending "])
        #expect(try await lines(29) == ["acme lamp.wire running ", "zeta lamp.wire pending "])
        #expect(try await lines(30) == ["acme lamp.light pending wired", "zeta lamp.wire pending "])
        #expect(try await lines(40) == ["acme lamp.light held wired", "zeta lamp.wire held "])
        let told = try await view(story, at: 30)
        #expect(told.human(.none).hasPrefix("as the journal had it at 2026-01-01T00:00:30.000Z\n\nTENANT"))
        #expect(try told.json().contains(#""at" : "2026-01-01T00:00:30.000Z""#))
    }

    @Test("a tenant is told under the plan that it had adopted then")
    func plan() async throws {
        let newer = LampCatalog.plan(revision: 2, phases: [Phase(id: "L0", steps: [LampCatalog.step("lamp.wire")])])
        let story = Story(newer)
        let older = LampCatalog.plan()
        try await story.keep(older)
        try await story.adopt(older, at: 5)
        try await story.tell(.started(Story.wire, attempt: 1), .performed(Story.wire, Evidence()), .verified(Story.wire, .inPlace(Evidence())), at: 10)
        try await story.keep(newer, at: 20)
        try await story.adopt(newer, at: 20)
        let then = try await view(story, at: 10).report
        #expect(then.plan.revision == 1 && then.tenants[0].step == "lamp.light" && then.tenants[0].state == .pending)
        let now = try await view(story, at: 20).report
        #expect(now.plan.revision == 2 && now.tenants[0].state == .done)
    }

    @Test("whoever has left the fleet since is there; whoever is not begun yet is pending")
    func left() async throws {
        let story = Story()
        try await story.tell(.held(reason: "moving out"), of: "gone", at: 5)
        let tenants = try await view(story, at: 6).report.tenants
        #expect(tenants.map(\.tenant) == ["acme", "zeta", "gone"] && tenants[2].state == .held)
        #expect(try await view(story, at: 4).report.tenants.map(\.tenant) == ["acme", "zeta"])
    }

    @Test("waivers count as they did then")
    func waivers() async throws {
        let story = Story()
        try await story.wired()
        try await story.tell(.waived(Story.light, claim: "c", reason: "r", facts: [Waiver.expiresKey: Story.at(60).description]), at: 40, by: "ben")
        #expect(try await view(story, at: 59).waivers["acme"]?.map(\.check) == ["c"])
        #expect(try await view(story, at: 60).waivers["acme"]?.isEmpty == true)
    }

    @Test("nothing can be written to what is past")
    func readOnly() async throws {
        let past = PastJournal(journal: MemoryJournal(), moment: Story.at(0))
        await #expect(throws: JournalError.self) { try await past.append([], status: nil, under: nil, on: nil) }
        await #expect(throws: JournalError.self) { try await past.lease("acme", to: "x", until: Story.at(1), now: Story.at(0)) { _ in false } }
    }

    @Test("the same lines as CSV and as JSON lines")
    func rows() async throws {
        let story = Story()
        try await story.wired()
        let told = try await view(story, at: 30)
        #expect(told.csv() == [
            "tenant,wave,milestone,phase,step,state,since,held,next", "acme,all,wired,L0,lamp.light,pending,2026-01-01T00:00:30.000Z,,cutoverctl run",
            "zeta,all,,L0,lamp.wire,pending,,,cutoverctl advance zeta",
        ])
        let lines = try told.lines()
        #expect(lines.count == 2 && lines[0].contains(#""tenant":"acme""#) && lines[0].contains(#""at":"2026-01-01T00:00:30.000Z""#) && lines[1].contains(#""held":null"#))
    }
}

@Suite("a history, narrowed") struct HistoryFilterTests {
    private func records() async throws -> [EventRecord] {
        let story = Story()
        try await story.wired()
        try await story.tell(.approved(topic: "L0/lamp.light", reason: "=1+1, \"go\"", facts: [:]), at: 40, by: "ben")
        try await story.tell(.started(Story.light, attempt: 1), at: 50)
        return try await story.journal.records().records.filter { $0.stream == "acme" }
    }

    private func kinds(_ words: String..., now: Int = 100) async throws -> [String] {
        let options = try HistoryOptions.parse(words)
        let records = try await records()
        let filter = try options.filter(now: Story.at(now))
        try filter.requireKnown(records, plans: [])
        return records.filter(filter.admits).map(\.kind)
    }

    @Test("by time: from one moment on, and before another")
    func time() async throws {
        #expect(try await kinds("--since", "2026-01-01T00:00:20Z", "--until", "2026-01-01T00:00:40Z") == ["performed", "verified"])
        #expect(try await kinds("--since", "60s") == ["approved", "started"])
        #expect(try await kinds("--until", "2026-01-01T00:00:10Z") == ["planAdopted"])
    }

    @Test("by step with what people signed of it, by phase, by person and by kind; several of one widen")
    func others() async throws {
        #expect(try await kinds("--step", "L0/lamp.light") == ["approved", "started"])
        #expect(try await kinds("--step", "lamp.wire") == ["started", "performed", "verified"])
        #expect(try await kinds("--step", "L0").count == 5)
        #expect(try await kinds("--by", "ben") == ["approved"])
        #expect(try await kinds("--kind", "started", "--kind", "approved") == ["started", "approved", "started"])
        #expect(try await kinds("--by", "ann", "--step", "lamp.light", "--kind", "started") == ["started"])
    }

    @Test(
        "a time, step, person or kind that there is not is wrong usage, with what was probably meant",
        arguments: [
            (["--step", "lamp.wier"], "lamp.wire"), (["--by", "bem"], "ben"), (["--kind", "aproved"], "approved"), (["--since", "2027-01-01"], "still to come"),
            (["--since", "10s", "--until", "20s"], "not before"), (["--step", "L9"], ""),
        ])
    func unknown(words: [String], meant: String) async throws {
        let records = try await records()
        do {
            let filter = try HistoryOptions.parse(words).filter(now: Story.at(100))
            try filter.requireKnown(records, plans: [])
            Issue.record("understood: \(words)")
        } catch {
            let failure = try #require(error as? CommandFailure)
            #expect(failure.status == .usage && (failure.what + failure.why).contains(meant), "\(failure)")
        }
    }

    @Test("a step of a kept plan that has not begun is known")
    func planned() async throws {
        try HistoryFilter(steps: ["lamp.smash"]).requireKnown(try await records(), plans: [LampCatalog.plan()])
    }

    @Test("nothing of the kind is told as that, and not as an empty record")
    func none() async throws {
        let view = HistoryView(tenant: "acme", events: try await records(), filter: HistoryFilter(kinds: ["held"]))
        #expect(view.human(.none) == "of 6 events about acme none is such a one")
    }

    @Test("CSV keeps a row a line, and lets no cell be a formula")
    func csv() async throws {
        let rows = try RecordList(records: try await records()).csv()
        #expect(rows.count == 7 && rows[0] == "tenant,revision,at,by,kind,step,facts,fence,hash,previous")
        #expect(rows[5].hasPrefix(#"acme,5,2026-01-01T00:00:40.000Z,ben,approved,,"{""reason"":""=1+1, \""go\"""",""topic"":""L0/lamp.light""}",0,"#))
        #expect(CSVText.row(["=cmd", "a\nb", "+1", "plain", "a,b"]) == #"'=cmd,a b,'+1,plain,"a,b""#)
    }

    @Test("JSON lines have every key of every event, and its tenant")
    func lines() async throws {
        let lines = try RecordList(records: try await records()).lines()
        #expect(lines.count == 6 && lines[0].contains(#""step":null"#) && lines.allSatisfy { $0.contains(#""tenant":"acme""#) && $0.contains(#""previous":"#) })
    }

    @Test("words that are understood, and that are not")
    func arguments() throws {
        for words in [["history", "--all", "-o", "csv"], ["history", "acme", "-o", "jsonl", "--since", "1d"], ["status", "--at", "2h", "-o", "csv"], ["journal", "report", "acme", "-o", "html", "--from", "f"]] {
            _ = try Cutoverctl.parseAsRoot(words)
        }
        for words in [["history", "acme", "--all"], ["status", "-w", "--at", "1h"], ["status", "-w", "-o", "csv"], ["history", "acme", "--json", "-o", "csv"], ["history", "acme", "-o", "xml"]] {
            do {
                _ = try Cutoverctl.parseAsRoot(words)
                Issue.record("understood: \(words)")
            } catch { #expect(Cutoverctl.exitCode(for: error).rawValue == 64) }
        }
    }
}
