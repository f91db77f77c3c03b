import ArgumentParser
import Cutover
import Foundation
import Simulation

struct Simulate: Command {
    static let configuration = CommandConfiguration(
        abstract: "Where a rollout would stop, and how long it would take: the real engine over simulated hosts, in simulated time.",
        discussion: """
            The fleet is the fleet file's; with --tenants, one made up for the plan's waves; with --from, it begins where an exported journal
            stands, at the pace that is recorded there. It opens no journal and reaches no host.

            Days are counted from the simulation's start. A spell is written @DAY, @DAY-DAY, or left out for the whole time:
              --fail acme/A1/backfill.copy     its copy fails; without a step, its first one
              --offline acme@3-5               nobody reaches it from day 3 to day 5
              --red A3/soak.wait@12            that wait's samples are red for a day, and the clock begins again; a step's gate is shut
              --red acme/A3/soak.wait@12-13    for that tenant only
              --hold acme@2-4                  somebody holds it
            """)

    @Option(help: "Make up a fleet of so many tenants.")
    var tenants: Int?
    @Option(help: "Begin where this export of a journal stands: cutoverctl journal export FILE.")
    var from: String?
    @Option(help: "How many days to simulate.")
    var days = 45
    @Option(help: "Draws of chance are the same for the same seed.")
    var seed: UInt64 = 1
    @Flag(help: "Let happen what happens to a fleet: failures, hosts that can't be reached, boots, reds, holds, joins and leaves.")
    var mishaps = false
    @Option(help: "TENANT[/STEP] fails, until somebody mends it.") var fail: [String] = []
    @Option(help: "TENANT[@DAY[-DAY]] can't be reached.") var offline: [String] = []
    @Option(help: "[TENANT/]STEP@DAY[-DAY] is red.") var red: [String] = []
    @Option(help: "TENANT@DAY[-DAY] is held; ALL for the whole fleet.") var hold: [String] = []
    @Option(name: .customLong("sign-within"), help: "How long people take to sign, or never.") var signWithin = "4h"
    @Option(name: .customLong("mend-within"), help: "How long people take to mend what failed, or never.") var mendWithin = "never"
    @Option(help: "STEP=DURATION, such as A1/backfill.copy=2h.") var took: [String] = []
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if !(1...3660).contains(days) { throw ValidationError("--days is a number of days, at most ten years") }
        if let tenants, !(1...10_000).contains(tenants) { throw ValidationError("--tenants is a number from 1 to 10000") }
        if tenants != nil, from != nil { throw ValidationError("--tenants makes a fleet up, and --from begins with a recorded one: only one of the two") }
    }

    func carryOut(_ console: Console) async throws -> CommandExit {
        let wiring = try Wiring(inputs, console)
        let recorded = try from.map { path throws(CommandFailure) in try RecordedJournal.read(path) }
        var fleet = tenants == nil ? try wiring.fleet() : Fleet(tenants: [])
        let plan = try wiring.plan(for: fleet)
        if let tenants { fleet = MadeUpFleet(plan.rollout, count: tenants).fleet }
        let terms = SimulationTerms(plan: plan, fleet: fleet)
        var scenario = Scenario(start: recorded?.end ?? Wiring.time.now, days: days, seed: seed)
        scenario.people.signSeconds = try terms.seconds(signWithin, "--sign-within")
        scenario.people.mendSeconds = try terms.seconds(mendWithin, "--mend-within")
        scenario.pace = recorded.map { Pace(recorded: $0.events) } ?? Pace()
        for text in took { try terms.add(pace: text, to: &scenario) }
        if mishaps { scenario.addMishaps(to: fleet, plan: plan, catalog: Wiring.catalog) }
        for text in fail { try terms.add(failure: text, to: &scenario) }
        for text in offline { try terms.add(offline: text, to: &scenario) }
        for text in red { try terms.add(red: text, to: &scenario) }
        for text in hold { try terms.add(hold: text, to: &scenario) }
        try terms.requireTenants()
        let simulation = FleetSimulation(plan: plan, fleet: fleet, catalog: Wiring.catalog, scenario: scenario, recorded: recorded?.opened)
        let began = ContinuousClock.now
        let report = try await simulation.run()
        let view = SimulationView(report: report)
        console.show(output.json ? try view.json() : view.human(console.paint))
        console.note("simulated in \(SimulationView.rounded(ContinuousClock.now - began))")
        return report.violations.isEmpty ? .done : .failed
    }
}

/// A journal's export, as where a simulation begins.
struct RecordedJournal {
    let opened: JournalRecords
    let events: [Event]
    var end: Timestamp? { events.map(\.at).max() }

    static func read(_ path: String) throws(CommandFailure) -> RecordedJournal {
        guard let bytes = FileManager.default.contents(atPath: path), let text = String(data: bytes, encoding: .utf8) else {
            throw CommandFailure("the export can't be read", why: "\(path) is not there, not readable or not text", next: "cutoverctl journal export FILE")
        }
        let opened: JournalRecords
        do { opened = try JournalExport.read(text) } catch {
            throw CommandFailure("the export is not whole", why: "\(path): \(error)", next: "export again: cutoverctl journal export FILE")
        }
        let flaws = JournalAudit(opened).flaws
        if let flaw = flaws.first {
            throw CommandFailure(
                "the export is not what was recorded", why: "\(flaw.stream) revision \(flaw.revision): \(flaw.what)", next: "cutoverctl journal verify --from \(path)")
        }
        let events = opened.records.compactMap { $0.event() }
        guard !events.isEmpty else {
            throw CommandFailure("the export holds no events", why: "\(path): nothing was begun yet", next: "leave --from out, or make a fleet up with --tenants N")
        }
        return RecordedJournal(opened: opened, events: events)
    }
}

/// Tenants for a plan's waves: the last selection has most of them, each other a fiftieth.
struct MadeUpFleet {
    let fleet: Fleet

    init(_ rollout: Rollout, count: Int) {
        var selections: [[String: String]] = []
        for wave in rollout.waves where !selections.contains(wave.select) { selections.append(wave.select) }
        let few = max(1, count / 50)
        fleet = Fleet(
            tenants: (0..<count).map { number in
                let selection = selections.isEmpty ? [:] : selections[min(number / few, selections.count - 1)]
                let name = "t\(String(number + 1).count < 5 ? String(repeating: "0", count: 5 - String(number + 1).count) : "")\(number + 1)"
                return TenantHost(id: TenantID(name), host: "\(name).test", transport: "simulated", labels: selection, env: "-", state: "/var/lib/cutover/\(name)")
            })
    }
}
