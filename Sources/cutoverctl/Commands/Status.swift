import ArgumentParser
import Cutover
import Phases
import PlanFiles

struct Status: Command {
    static let configuration = CommandConfiguration(
        abstract: "Where every tenant is, and what to type next; with --at, where it was.",
        discussion: """
            --at tells the fleet as the journal had it at a moment: each tenant folded from what was recorded by then, under the plan it had adopted. No host is
            asked, and whether a process was alive then is not on record: a step under way is told as running.
            """)

    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: ListOptions
    @Flag(name: [.short, .long], help: "Go on until Ctrl-C.")
    var watch = false
    @Option(help: "As it was at this moment: \(Moment.forms).", transform: Moment.read)
    var at: Moment?

    func validate() throws {
        if watch, at != nil { throw ValidationError("--watch tells what is now, and --at what was") }
        if watch, output.form == .csv || output.form == .jsonl { throw ValidationError("--watch goes with text or with --json, which is one document a line then") }
    }

    func carryOut(_ console: Console) async throws -> CommandExit {
        let moment = try at?.past("--at", now: Wiring.time.now)
        let site = try await Wiring(inputs, console).site(ifMissing: .standIn, asking: true)
        let reader = StatusReader(site: site)
        guard watch else {
            let view = if let moment { try await PastStatus(site: site, moment: moment).view() } else { try await reader.view() }
            try show(view, console)
            return .done
        }
        try await keepShowing(reader, console)
        return .done
    }

    private func show(_ view: StatusView, _ console: Console) throws {
        switch output.form {
        case .text: console.show(view.human(console.paint))
        case .json: console.show(try view.json())
        case .jsonl: for line in try view.lines() { console.show(line) }
        case .csv: for line in view.csv() { console.show(line) }
        }
    }

    private func keepShowing(_ reader: StatusReader, _ console: Console) async throws {
        let interrupts = Interrupts()
        let isJSON = output.form == .json
        var shown = ""
        while !interrupts.isStopping {
            let view = try await reader.view(asking: true)
            let text = isJSON ? try view.jsonLine() : view.human(console.paint)
            if text != shown {
                console.show((console.isTerminal && !isJSON ? "\u{1B}[H\u{1B}[2J" : "") + text)
                shown = text
            }
            try? await Wiring.time.sleep(milliseconds: 1000)
        }
    }
}

/// Reads the journal's projection into one report.
struct StatusReader {
    let site: Wiring.Site

    /// - Parameter asking: hosts on which something is under way are asked how far it is; else the journal's last checkpoint is shown.
    func view(asking: Bool = false) async throws -> StatusView {
        var statuses = try await site.journal.statuses()
        if let first = statuses.first { try await PlanGuard(journal: site.journal, plan: site.plan).requireSamePlan(first.tenant) }
        for index in statuses.indices where [.running, .reverting].contains(statuses[index].state) {
            statuses[index] = try await unattended(statuses[index]) ?? statuses[index]
        }
        let waves = site.choice.waves.flatMap { entry in entry.tenants.map { ($0, entry.wave.name) } }
        let names = Dictionary(waves, uniquingKeysWith: { first, _ in first })
        let report = StatusReport(
            plan: site.plan, fleet: site.fleet, statuses: statuses, holdOver: try await site.engine.holdsOverAll()) { names[$0] ?? "" }
        let known = Set(site.fleet.tenants.map(\.id))
        var live: [TenantID: String] = [:]
        if asking {
            let moving = report.tenants.filter { [.running, .reverting, .inDoubt].contains($0.state) }.map(\.tenant)
            let questions = MemoryQuestions(engine: site.engine)
            for (tenant, told) in zip(moving, try await eachTenant(moving) { await questions.progress(of: $0) }) {
                if let work = told?.work {
                    live[tenant] = work
                } else if let told, told.report?.copy.done == false { live[tenant] = WatchView(tenant: tenant, told: told).line }
            }
        }
        var waivers: [TenantID: [Waiver]] = [:]
        for tenant in report.tenants where tenant.waivers != nil { waivers[tenant.tenant] = try await site.engine.waivers(of: tenant.tenant) }
        return StatusView(report: report, live: live, waivers: waivers, strangers: statuses.map(\.tenant).filter { !known.contains($0) })
    }

    /// A step that was begun, while nobody alive holds the tenant's lease, is in doubt, whatever the projection says.
    private func unattended(_ status: TenantStatus) async throws -> TenantStatus? {
        let holder = try await site.journal.leaseHolder(of: StreamID(status.tenant), now: Wiring.time.now)
        if let holder, ProcessName(holder)?.isGone != true { return nil }
        switch try await site.engine.standing(of: status.tenant).position(of: StepID(status.step)) {
        case .inDoubt, .revertInDoubt: break
        default: return nil
        }
        return status.unattended()
    }
}
