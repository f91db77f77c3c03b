import ArgumentParser
import Cutover
import Phases
import PlanFiles

struct Status: Command {
    static let configuration = CommandConfiguration(abstract: "Where every tenant is, and what to type next.")

    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions
    @Flag(name: [.short, .long], help: "Go on until Ctrl-C.")
    var watch = false

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try await Wiring(inputs, console).site(ifMissing: .standIn, asking: true)
        let reader = StatusReader(site: site)
        guard watch else {
            let view = try await reader.view()
            console.show(output.json ? try view.json() : view.human(console.paint))
            return .done
        }
        let interrupts = Interrupts()
        var shown = ""
        while !interrupts.isStopping {
            let view = try await reader.view(asking: true)
            let text = output.json ? try view.jsonLine() : view.human(console.paint)
            if text != shown {
                console.show((console.isTerminal && !output.json ? "\u{1B}[H\u{1B}[2J" : "") + text)
                shown = text
            }
            try? await Wiring.time.sleep(milliseconds: 1000)
        }
        return .done
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
