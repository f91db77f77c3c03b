import CutoverTestKit
import PlanFiles
import Testing

@testable import Cutover
@testable import cutoverctl

@Suite("views of the fleet and its tenants")
struct ViewGoldenTests {
    static let report = StatusReport(
        plan: LampCatalog.plan(digest: "0123456789abcdef"), fleet: LampCatalog.fleet("acme", "zeta", "omega"),
        statuses: [
            TenantStatus(
                tenant: "acme", wave: "all", milestone: "burning", phase: "L1", step: "lamp.smash", state: .gated, since: "2026-01-01T00:00:05.250Z",
                held: nil, next: "cutoverctl why acme"),
            TenantStatus(
                tenant: "zeta", wave: "all", milestone: "", phase: "L0", step: "lamp.wire", state: .held, since: "2026-01-01T00:00:06.000Z",
                held: "ann: look\u{1B}[2J first", next: "cutoverctl release zeta --reason TEXT"),
        ]) { _ in "all" }

    @Test("status for people")
    func statusHuman() {
        #expect(StatusView(report: Self.report, strangers: ["gone"]).human(.none) == """
            TENANT  WAVE  MILESTONE  STEP           STATE    SINCE                 NEXT
            acme    all   burning    L1/lamp.smash  gated    2026-01-01T00:00:05Z  cutoverctl why acme
            zeta    all   -          L0/lamp.wire   held     2026-01-01T00:00:06Z  held by ann: look [2J first
            omega   all   -          L0/lamp.wire   pending  -                     cutoverctl advance omega

            budget: 1 of 10 in motion, 0 of 1 allowed failures
            plan lamps revision 1 (0123456789ab)
            in the journal, but not in the fleet file: gone
            """)
    }

    @Test("status for programs has every key of every tenant")
    func statusJSON() throws {
        let view = StatusView(report: Self.report, strangers: [])
        #expect(try view.jsonLine() == #"""
            {"budget":{"allowed":1,"atOnce":10,"exposed":0,"exposedAllowed":10,"failures":0,"inMotion":1,"stragglers":0,"stragglersAllowed":0,"troubles":{}},"formatVersion":1,"plan":{"digest":"0123456789abcdef","name":"lamps","revision":1},"tenants":[{"held":null,"milestone":"burning","next":"cutoverctl why acme","phase":"L1","since":"2026-01-01T00:00:05.250Z","state":"gated","step":"lamp.smash","tenant":"acme","wave":"all"},{"held":"ann: look\u001b[2J first","milestone":"","next":"cutoverctl release zeta --reason TEXT","phase":"L0","since":"2026-01-01T00:00:06.000Z","state":"held","step":"lamp.wire","tenant":"zeta","wave":"all"},{"held":null,"milestone":"","next":"cutoverctl advance omega","phase":"L0","since":"","state":"pending","step":"lamp.wire","tenant":"omega","wave":"all"}]}
            """#)
        #expect(try view.json() == (try JSONText.document(view.document)))
    }

    @Test("status for programs is the same text, whichever tenants there are", arguments: [0, 1, 2, 3])
    func statusDocument(count: Int) throws {
        let fleet = LampCatalog.fleet("acme", "zeta", "omega")
        let lines = ["\"quoted\" \\ and / slashed", "žluťoučký \u{7} kůň", "plain"].enumerated().map { index, wave in
            TenantStatus(
                tenant: fleet.tenants[index].id, wave: wave, milestone: "", phase: "L0", step: "lamp.wire", state: .failed, since: "2026-01-01T00:00:06.000Z", held: nil, next: "why",
                progress: index == 2 ? Standing.Checkpoint(at: ManualTime.beginning, facts: ["copied": "1", "of\n": "2"]) : nil, trouble: index == 0 ? .failed : nil,
                abandoned: index == 1 ? [Abandonment(step: nil, by: "ann", at: "2026-01-01T00:00:06.000Z", reason: "the disk\u{1B}[2J is\ngone")] : nil)
        }
        let report = StatusReport(plan: LampCatalog.plan(), fleet: Fleet(tenants: Array(fleet.tenants.prefix(count))), statuses: lines) { _ in "all" }
        for live in [[:], ["acme": "half of it, \"soon\""]] as [[TenantID: String]] {
            let view = StatusView(report: report, live: live, strangers: [])
            #expect(try view.json() == (try JSONText.document(view.document)))
        }
    }

    @Test("colours widen no column")
    func colours() {
        let plain = StatusView(report: Self.report, strangers: []).human(.none)
        let painted = StatusView(report: Self.report, strangers: []).human(.ansi)
        #expect(painted != plain)
        #expect(painted.replacing(/\u{1B}\[\d+m/, with: "") == plain)
    }

    @Test("history: one event a line, and every key for programs")
    func history() throws {
        let ref = StepRef(tenant: "acme", phase: "L0", step: "lamp.wire")
        let first = Event(
            stream: "acme", revision: 1, at: ManualTime.beginning, by: "ann", fence: 0, change: .held(reason: "lunch"), previous: "genesis")
        let second = Event(
            stream: "acme", revision: 2, at: ManualTime.beginning.adding(seconds: 5), by: "ann", fence: 7, change: .started(ref, attempt: 1),
            previous: first.hash)
        let view = HistoryView(tenant: "acme", events: [first, second].map(EventRecord.init))
        #expect(view.human(.none) == """
            #  AT                    BY   WHAT     STEP          FACTS
            1  2026-01-01T00:00:00Z  ann  held     -             reason=lunch
            2  2026-01-01T00:00:05Z  ann  started  L0/lamp.wire  attempt=1
            """)
        let json = try view.json()
        #expect(json.contains(#""step" : null"#) && json.contains(#""step" : "acme/L0/lamp.wire""#))
        #expect(json.contains(#""previous" : "\#(first.hash)""#) && json.contains(#""hash" : "\#(second.hash)""#))
        #expect(HistoryView(tenant: "acme", events: []).human(.none) == "nothing is recorded about acme")
    }

    @Test("check: drift is told by the exit code")
    func check() throws {
        func view(_ finding: Finding) -> CheckView { CheckView(tenants: [.init(tenant: "acme", steps: [CheckedStep(step: "L0/lamp.wire", finding: finding)])]) }
        #expect(view(.inPlace(Evidence(["wired": "yes"]))).status == .done)
        #expect(view(.partial(Evidence())).status == .changesPending)
        #expect(view(.absent(Evidence())).status == .changesPending)
        #expect(view(.unknown("dark")).status == .unknown)
        #expect(view(.absent(Evidence(["wired": "no"]))).human(.none) == """
            TENANT  STEP          FOUND  DETAIL
            acme    L0/lamp.wire  gone   wired no
            """)
        #expect(try view(.unknown("dark")).json() == """
            {
              "formatVersion" : 1,
              "tenants" : [
                {
                  "steps" : [
                    {
                      "detail" : "dark",
                      "facts" : {

                      },
                      "finding" : "unknown",
                      "step" : "L0/lamp.wire"
                    }
                  ],
                  "tenant" : "acme"
                }
              ]
            }
            """)
    }

    @Test("outcomes, for people and as JSON lines")
    func progress() throws {
        let view = ProgressView(tenant: "acme", outcome: .gatedByPerson("L1/lamp.smash wants a consent"))
        #expect(view.human(.none) == "acme: gated L1/lamp.smash wants a consent")
        #expect(try view.jsonLine() == #"{"detail":"L1/lamp.smash wants a consent","formatVersion":1,"outcome":"gated","tenant":"acme"}"#)
    }

    @Test("exceptions: a table, the ids alone, and what a signature binds to")
    func exceptions() {
        let report = ExceptionsReport(
            tenant: "acme", counts: ["blank": 2],
            exceptions: [
                .init(id: "b", side: 1, reason: "blank", detail: "", carried: false, at: "2026-01-01T00:00:00Z"),
                .init(id: "a", side: 1, reason: "blank", detail: "only spaces", carried: false, at: "2026-01-01T00:00:00Z"),
            ],
            conflicts: [.init(n: 1, id: "c", kind: "conflict", v1: "red", v2: "green", v1Digest: "1", v2Digest: "2", at: "2026-01-01T00:00:00Z")])
        #expect(ExceptionsView(report: report).human(.none) == """
            acme: 2 blank
            ID  SIDE  REASON  SINCE                 DETAIL
            b   v1    blank   2026-01-01T00:00:00Z
            a   v1    blank   2026-01-01T00:00:00Z  only spaces

            acme: 1 conflicts
            #  ID  KIND      SINCE                 V1   V2
            1  c   conflict  2026-01-01T00:00:00Z  red  green
            """)
        #expect(ExceptionsView(report: report).ids() == "a\nb\nc")
        #expect(report.ids(of: "blank") == ["a", "b"])
    }

    @Test("an access diff counts pairs by scope and by the reader's place, and lists them one a line")
    func access() throws {
        let pair = AccessReport.Pair(reader: "r", memory: "m", scope: "TEAM", role: "child", gained: false)
        let report = AccessReport(
            tenant: "acme", back: false, gained: 0, lost: 3,
            counts: [.init(scope: "LOCAL", role: "self", kept: 5, gained: 0, lost: 0), .init(scope: "TEAM", role: "child", kept: 0, gained: 0, lost: 3)],
            examples: [pair])
        #expect(AccessView(report: report).human(.none) == """
            acme: moving from the old store to the new, 0 pairs of reader and memory are gained and 3 lost

            SCOPE  READER  KEPT  GAINED  LOST
            LOCAL  self    5     0       0
            TEAM   child   0     0       3

            for example:
              r loses m (TEAM, child)
            """)
        #expect(try AccessView.jsonLine(pair) == #"{"gained":false,"memory":"m","reader":"r","role":"child","scope":"TEAM"}"#)
        #expect(try AccessView(report: report).json().contains(#""direction" : "forth""#))
    }

    @Test("lint and failures say what, where and what to type")
    func words() throws {
        let problem = Problem(file: "p.yaml", line: 3, column: 5, what: "no key x", fix: "remove it")
        #expect(LintView(path: "p.yaml", problems: [problem]).human(.none) == "p.yaml:3:5: no key x\n    fix: remove it\np.yaml: 1 problem")
        #expect(LintView(path: "p.yaml", problems: []).human(.none) == "p.yaml: no problems")
    }
}

@Suite("views of answers from the engine")
struct EngineViewTests {
    let engine = Engine(
        plan: LampCatalog.plan(digest: "d"), fleet: LampCatalog.fleet("acme"), catalog: LampCatalog.catalog, journal: MemoryJournal(), time: ManualTime(),
        me: "ann", holder: LeaseHolder(name: "test", seconds: 15)
    ) { _ in LampCatalog.transport() }

    @Test("why names claim, answer and the next command")
    func why() async throws {
        let view = WhyView(reason: try await engine.why("acme"))
        #expect(view.human(.none) == """
            acme
              claim:      the tenant has adopted the plan
              answer:     not begun
              since:      -
              cleared by: the next advance
              next:       cutoverctl advance acme
            """)
        #expect(try view.json().contains(#""formatVersion" : 1"#))
    }

    @Test("a preview lists steps, gates and commands")
    func preview() async throws {
        let view = PreviewView(planDigest: "d", tenants: [try await engine.preview("acme")])
        let lines = view.human(.none).split(separator: "\n").map(String.init)
        #expect(lines[0] == "acme: \(engine.plan.steps.count) steps to come")
        #expect(lines[1] == "  L0/lamp.wire")
        #expect(lines[2] == "    gate: the mains are on: open (mains on)")
        #expect(lines.contains("  L1/lamp.smash  [can't be undone]"))
        #expect(try !view.json().contains("binding"))
    }

    @Test("an audit names its flaws and fails")
    func audit() throws {
        func view(_ records: JournalRecords) -> AuditView { AuditView(journal: "j", audit: JournalAudit(records), signatures: SignatureAudit(records)) }
        let whole = view(JournalRecords(journal: "j", records: [], heads: []))
        #expect(whole.status == .done && whole.human(.none) == "journal j: 0 events in 0 streams, the chain is whole")
        let cut = JournalRecords(journal: "j", records: [], heads: [.init(stream: "acme", revision: 2, hash: "h")])
        #expect(view(cut).status == .failed && view(cut).human(.none).contains("acme"))
        #expect(try view(cut).json().contains(#""revision" : 1"#))
    }

    @Test("the status command sees a step that nobody alive is carrying out as in doubt")
    func unattended() async throws {
        let journal = MemoryJournal()
        let transport = LampCatalog.transport()
        let mine = Engine(
            plan: engine.plan, fleet: engine.fleet, catalog: engine.catalog, journal: journal, time: ManualTime(), me: "ann",
            holder: LeaseHolder(name: "test", seconds: 15)
        ) { _ in transport }
        _ = try await mine.advance("acme")
        await journal.die(atAppend: 2, .before)
        _ = try? await mine.advance("acme")
        await journal.revive()
        let site = Wiring.Site(engine: mine, choice: TenantChoice(fleet: mine.fleet, plan: mine.plan))
        let view = try await StatusReader(site: site).view()
        #expect(view.report.tenants.map(\.state) == [.inDoubt])
        #expect(view.report.tenants.map(\.next) == ["cutoverctl why acme"])
        #expect(view.report.tenants.map(\.trouble) == [.unknown] && view.report.budget.failures == 1)
    }

    @Test("what was given up stands in status in so many words, and for programs")
    func abandoned() throws {
        let given = [
            Abandonment(step: nil, by: "ann", at: "2026-01-01T00:00:06.000Z", reason: "the disk\u{1B}[2J is gone"),
            Abandonment(step: "L0/lamp.wire", by: "ben", at: "2026-01-01T00:00:05.000Z", reason: "the log is gone"),
        ]
        let line = TenantStatus(
            tenant: "acme", wave: "all", milestone: "", phase: "L0", step: "lamp.wire", state: .held, since: "", held: "ann: abandoned: the disk is gone", next: "cutoverctl history acme",
            abandoned: given)
        let view = StatusView(report: StatusReport(plan: LampCatalog.plan(), fleet: LampCatalog.fleet("acme"), statuses: [line]) { _ in "all" }, strangers: [])
        let text = view.human(.none)
        #expect(text.contains("ABANDONED: acme by ann at 2026-01-01T00:00:06Z: the disk [2J is gone\n"))
        #expect(text.contains("ABANDONED: acme/L0/lamp.wire, its outcome by ben at 2026-01-01T00:00:05Z: the log is gone"))
        #expect(try view.jsonLine().contains(#""abandoned":[{"at":"2026-01-01T00:00:06.000Z","by":"ann""#))
    }
}
