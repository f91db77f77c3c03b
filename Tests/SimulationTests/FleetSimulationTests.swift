import Cutover
import CutoverTestKit
import Foundation
import Phases
import PlanFiles
import Simulation
import Testing

@Suite("a fleet in simulated time") struct FleetSimulationTests {
    private static let catalog = MemoryCatalog.catalog

    /// The default plan's steps and windows, under a rollout of its own.
    private static func plan(
        atOnce: Int = 10, exposed: Int = 20, budget: Int = 4, stragglers: Int = 2, bake: Int = 86_400, windowHours: Int? = nil, signatures: Int = 2
    ) throws -> Plan {
        let path = Repository.root.appending(path: "Plans/memory-ssot.yaml").path
        let read = try #require(PlanFile.read(path: path, catalog: catalog, fleet: nil).0)
        let waves = [
            Wave(name: "staging", select: ["env": "staging"], bakeSeconds: bake, after: "A3/legacy.freeze"),
            Wave(name: "canary", select: ["env": "production"], count: 1, bakeSeconds: bake, after: "A3/legacy.freeze"),
            Wave(name: "rest", select: ["env": "production"]),
        ]
        let phases = windowHours.map { hours in
            read.phases.map { phase in
                Phase(
                    id: phase.id,
                    steps: phase.steps.map { step in
                        var values = step.settings.values
                        if values["window"] != nil { values["window"] = .text("\(hours)h") }
                        return StepSpec(id: step.id, kind: step.kind, risk: step.risk, settings: Settings(values))
                    })
            }
        }
        let rule = read.approvals
        return Plan(
            name: read.name, revision: read.revision, author: read.author, digest: read.digest, decisions: read.decisions,
            approvals: Approvals(count: signatures, from: rule.from, notAuthor: rule.notAuthor),
            phases: phases ?? read.phases,
            rollout: Rollout(atOnce: atOnce, exposed: exposed, failureBudget: budget, stragglers: stragglers, waves: waves))
    }

    private static func fleet(_ count: Int) -> Fleet {
        Fleet(tenants: (0..<count).map { LampCatalog.host(TenantID("t\($0)"), labels: ["env": $0 < max(1, count / 50) ? "staging" : "production"]) })
    }

    private static func scenario(days: Int = 45, seed: UInt64 = 1) -> Scenario { Scenario(start: ManualTime.beginning, days: days, seed: seed) }

    private static func eventful(_ plan: Plan, _ fleet: Fleet, seed: UInt64) -> Scenario {
        var scenario = scenario(seed: seed)
        scenario.addMishaps(to: fleet, plan: plan, catalog: catalog)
        return scenario
    }

    private static func run(_ plan: Plan, _ fleet: Fleet, _ scenario: Scenario, judgedBy judged: Plan? = nil) async throws -> SimulationReport {
        try await FleetSimulation(plan: plan, fleet: fleet, catalog: catalog, scenario: scenario, judgedBy: judged).run()
    }

    @Test("forty-five days of failures, boots, unreachable hosts, reds, holds, joins and leaves break no promise", arguments: [UInt64.random(in: 1...1_000_000), 7])
    func everyPromise(seed: UInt64) async throws {
        let (plan, fleet) = (try Self.plan(), Self.fleet(60))
        let report = try await Self.run(plan, fleet, Self.eventful(plan, fleet, seed: seed))
        #expect(report.violations == [], "seed \(seed)")
        #expect(report.events > 2000 && report.done > 20, "seed \(seed): \(report)")
    }

    @Test("every window that was verified is recomputed from the export alone")
    func clocks() async throws {
        let (plan, fleet) = (try Self.plan(), Self.fleet(20))
        let journal = try await FleetSimulation(plan: plan, fleet: fleet, catalog: Self.catalog, scenario: Self.eventful(plan, fleet, seed: 11)).runRecording().journal
        let export = try JournalExport.read(try JournalExport.text(journal)).records.compactMap { $0.event() }
        var verified = 0
        for (stream, events) in Dictionary(grouping: export, by: \.stream) where stream != .fleet {
            for clock in ClockHistory(events).clocks {
                guard let recorded = clock.verified else { continue }
                verified += 1
                #expect(Int(clock.coveredMilliseconds / 1000) == recorded, "\(clock.step)")
            }
        }
        #expect(verified > 30)
    }

    @Test("the same seed goes the same way")
    func sameSeed() async throws {
        let (plan, fleet) = (try Self.plan(), Self.fleet(20))
        let scenario = Self.eventful(plan, fleet, seed: 3)
        let one = try await FleetSimulation(plan: plan, fleet: fleet, catalog: Self.catalog, scenario: scenario).runRecording()
        let two = try await FleetSimulation(plan: plan, fleet: fleet, catalog: Self.catalog, scenario: scenario).runRecording()
        #expect(one.report == two.report)
        #expect(one.journal == two.journal)
    }

    enum Guard: String, CaseIterable { case atOnce, exposed, budget, bake, window, signatures, veto, fences, lock }

    @Test("a guard that is switched off is found out", arguments: Guard.allCases)
    func guardOff(_ off: Guard) async throws {
        let judged = try Self.plan(budget: off == .budget ? 1 : 4)
        let plan =
            switch off {
            case .atOnce: try Self.plan(atOnce: 30, exposed: 20)
            case .exposed: try Self.plan(exposed: 60)
            case .budget: try Self.plan(budget: 60)
            case .bake: try Self.plan(bake: 3600)
            case .window: try Self.plan(windowHours: 20)
            case .signatures: try Self.plan(signatures: 1)
            case .veto, .fences, .lock: judged
            }
        // What concerns a single tenant shows in few.
        let isAlone = [.signatures, .veto, .fences, .lock].contains(off)
        let fleet = Self.fleet(isAlone ? 3 : 60)
        var scenario = Self.scenario(days: isAlone ? 12 : 45)
        if off == .budget { for tenant in ["t3", "t7", "t11"] as [TenantID] { scenario.fates[tenant, default: Fate()].failures["A0/host.prepare"] = 99 } }
        switch off {
        case .veto:
            scenario.heeded.remove(.vetoes)
            scenario.fates["t0", default: Fate()].vetoes = [Spell(from: scenario.start, until: scenario.day(2))]
        case .fences:
            scenario.heeded.remove(.fences)
            scenario.pauses = [Scenario.Pause("t0", at: scenario.start, seconds: 5000, hasSent: false)]
        case .lock:
            scenario.heeded.remove(.lock)
            // Awake again just before its lease runs out, and still at work when the next one comes.
            scenario.pauses = [Scenario.Pause("t0", at: scenario.start, seconds: 650, hasSent: false)]
        default: break
        }
        let report = try await Self.run(plan, fleet, scenario, judgedBy: judged)
        let promise =
            switch off {
            case .atOnce: "never more in motion than allowed"
            case .exposed: "never more exposed than allowed"
            case .budget: "past the failure budget nothing new starts"
            case .bake: "waves bake"
            case .window: "no evidence is not green"
            case .signatures: "no step of high risk without its signatures"
            case .veto: "no step begins under a host's veto"
            case .fences, .lock: "never two hands on a tenant"
            }
        #expect(report.violations.contains { $0.hasPrefix(promise) }, "\(report.violations.prefix(3))")
    }

    @Test("an operator who is paused in a step, with or without its act sent, and woken when its lease has run out, does nothing twice", arguments: [300, 650, 5000], [false, true])
    func paused(seconds: Int, hasSent: Bool) async throws {
        let (plan, fleet) = (try Self.plan(), Self.fleet(2))
        var scenario = Self.scenario(days: 60)
        // One in each of the first steps, and one later.
        scenario.pauses = [0, 0, 0, 0.1, 2].map { Scenario.Pause("t0", at: scenario.day($0), seconds: seconds, hasSent: hasSent) }
        let (report, journal) = try await FleetSimulation(plan: plan, fleet: fleet, catalog: Self.catalog, scenario: scenario).runRecording()
        #expect(report.done == 2 && report.violations == [], "\(report.stands)")
        let theirs = journal.records.filter { $0.by == "second" }
        #expect(theirs.contains { $0.kind == "started" })
        // Who was not overtaken records what came of it; who was, nothing.
        #expect(theirs.contains { $0.kind == "performed" } == (seconds == 300), "\(theirs.map(\.kind))")
    }

    @Test("an act that arrives when the next operator has looked and may not go on is not carried out")
    func late() async throws {
        let (plan, fleet) = (try Self.plan(), Self.fleet(2))
        var scenario = Self.scenario(days: 60)
        scenario.pauses = [Scenario.Pause("t0", at: scenario.start, seconds: 5000, hasSent: false)]
        // From when it fell asleep on, nothing may begin there.
        scenario.fates["t0", default: Fate()].vetoes = [Spell(from: scenario.start.adding(seconds: 100), until: scenario.day(1))]
        let (report, journal) = try await FleetSimulation(plan: plan, fleet: fleet, catalog: Self.catalog, scenario: scenario).runRecording()
        let verified = journal.records.filter { $0.stream == "t0" && $0.kind == "verified" }
        #expect(verified.first?.facts["finding"] == "absent" && report.done == 2 && report.violations == [], "\(report.violations) \(report.stands)")
    }

    @Test("while its host says \"not now\" no step of a tenant begins, and then it goes on")
    func vetoed() async throws {
        let (plan, fleet) = (try Self.plan(), Self.fleet(2))
        var scenario = Self.scenario(days: 60)
        let spell = Spell(from: scenario.start, until: scenario.day(3))
        scenario.fates["t0", default: Fate()].vetoes = [spell]
        let (report, journal) = try await FleetSimulation(plan: plan, fleet: fleet, catalog: Self.catalog, scenario: scenario).runRecording()
        let begun = journal.records.first { $0.stream == "t0" && $0.kind == "started" }.flatMap { Timestamp($0.at) }
        #expect(begun.map { $0 >= scenario.day(3) && $0 < scenario.day(3.1) } == true, "\(String(describing: begun))")
        #expect(report.done == 2 && report.violations == [] && report.mishaps["vetoes"] == 1)
    }

    @Test("where too few sign, or the author and a stranger do, a step of high risk waits until they have")
    func shortSignatures() async throws {
        let (plan, fleet) = (try Self.plan(), Self.fleet(2))
        let quick = try await Self.run(plan, fleet, Self.scenario(days: 60))
        var scenario = Self.scenario(days: 60)
        scenario.people.signSeconds = 86_400
        for tenant in ["t0", "t1"] as [TenantID] { scenario.fates[tenant, default: Fate()].shortSignatures = 3 }
        let (report, journal) = try await FleetSimulation(plan: plan, fleet: fleet, catalog: Self.catalog, scenario: scenario).runRecording()
        #expect(report.done == 2 && report.violations == [], "\(report.stands)")
        #expect(report.lastEventDay >= quick.lastEventDay + 3, "\(quick.lastEventDay) and \(report.lastEventDay)")
        let (signed, began) = (journal.records.filter { $0.stream == "t0" && $0.kind == "approved" }, "A3/fallback.remove")
        #expect(signed.filter { $0.facts["topic"] == began }.map(\.by).contains("a stranger"))
    }

    @Test("one failure more than allowed, and nobody else begins")
    func stops() async throws {
        let (plan, fleet) = (try Self.plan(budget: 1), Self.fleet(40))
        var scenario = Self.scenario(days: 20)
        for tenant in ["t5", "t6"] as [TenantID] { scenario.fates[tenant, default: Fate()].failures["A1/backfill.copy"] = 99 }
        let report = try await Self.run(plan, fleet, scenario)
        #expect(report.violations == [])
        let kept = report.stands.filter { $0.why.contains("1 may") }.map(\.tenants).reduce(0, +)
        #expect(kept > 20, "\(report.stands)")
        #expect(report.stands.contains { $0.state == "failed" && $0.named == ["t5", "t6"] }, "\(report.stands)")
    }

    @Test("unreachable tenants stay behind within their allowance, and beyond it keep the next wave closed", arguments: [2, 1])
    func unreachable(stragglers: Int) async throws {
        let (plan, fleet) = (try Self.plan(stragglers: stragglers), Fleet(tenants: Self.fleet(150).tenants))
        var scenario = Self.scenario(days: 10)
        for tenant in ["t0", "t1"] as [TenantID] { scenario.fates[tenant, default: Fate()].offline = [Spell(from: scenario.start)] }
        let report = try await Self.run(plan, fleet, scenario)
        #expect(report.violations == [])
        #expect(report.waves.map(\.name).contains("canary") == (stragglers == 2))
    }

    @Test("a soak that turns red on day 12 begins again: what took 35 days takes 13 more")
    func red() async throws {
        let (plan, fleet) = (try Self.plan(), Self.fleet(2))
        let undisturbed = try await Self.run(plan, fleet, Self.scenario(days: 90))
        var scenario = Self.scenario(days: 90)
        let spell = Spell(from: scenario.day(12), until: scenario.day(13))
        for tenant in ["t0", "t1"] as [TenantID] { scenario.fates[tenant, default: Fate()].reds = [Fate.Red(place: "A3/soak.wait", spell: spell, verdict: .safety)] }
        let disturbed = try await Self.run(plan, fleet, scenario)
        #expect(undisturbed.done == 2 && disturbed.done == 2 && disturbed.violations == [])
        #expect((7.0...14.0).contains(disturbed.lastEventDay - undisturbed.lastEventDay), "\(undisturbed.lastEventDay) and \(disturbed.lastEventDay)")
    }

    @Test("a fleet goes on from where a recorded journal stands")
    func recorded() async throws {
        let (plan, fleet) = (try Self.plan(), Self.fleet(10))
        let half = try await FleetSimulation(plan: plan, fleet: fleet, catalog: Self.catalog, scenario: Self.scenario(days: 15)).runRecording()
        let read = try JournalExport.read(try JournalExport.text(half.journal))
        let later = Scenario(start: Self.scenario().day(15), days: 60)
        let (report, journal) = try await FleetSimulation(plan: plan, fleet: fleet, catalog: Self.catalog, scenario: later, recorded: read).runRecording()
        #expect(report.done == 10 && report.violations == [], "\(report.stands)")
        #expect(Array(journal.records.prefix(read.records.count)) == read.records)
        #expect(JournalAudit(journal).flaws.isEmpty)
    }

    @Test("a pace is read out of a journal")
    func pace() async throws {
        let (plan, fleet) = (try Self.plan(), Self.fleet(3))
        var scenario = Self.scenario(days: 10)
        scenario.pace.seconds["A1/backfill.copy"] = 7200
        scenario.pace.ofTenant["t1"] = ["A1/backfill.copy": 60]
        let journal = try await FleetSimulation(plan: plan, fleet: fleet, catalog: Self.catalog, scenario: scenario).runRecording().journal
        let pace = Pace(recorded: journal.records.compactMap { $0.event() })
        #expect(pace.seconds["A1/backfill.copy"] == 7200 && pace.ofTenant["t1"]?["A1/backfill.copy"] == 60)
    }
}

@Suite("the simulation's journal") struct SimulatedJournalTests {
    /// Nothing edits what lies in this memory.
    @Test("passes the exam of every journal", arguments: JournalExam.questions)
    func exam(question: JournalExam.Question) async throws {
        let journal = SimulatedJournal()
        try await question.ask(journal, journal)
    }
}

enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}
