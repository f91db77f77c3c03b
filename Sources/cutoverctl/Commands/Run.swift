import ArgumentParser
import Cutover

struct Run: Command {
    static let configuration = CommandConfiguration(
        abstract: "The loop: advances what may advance, wave by wave, until everything is done or only people can help.")

    @Flag(name: .customLong("no-wait"), help: "Stop when only clocks are left to wait for.")
    var noWait = false
    @Option(help: "How many seconds to go on asking gates that nothing but time may open.")
    var patience = 60
    @OptionGroup var stream: StreamOptions
    @OptionGroup var inputs: InputOptions

    func validate() throws {
        if patience < 0 || patience > 86_400 { throw ValidationError("--patience is a number of seconds, at most a day") }
    }

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try await Wiring(inputs, console).site(ifMissing: .begin, asking: false)
        let chosen = try site.choice.tenants([], wave: nil)
        let abandoned = Set(try await site.journal.statuses().filter { $0.abandoned?.contains { $0.step == nil } ?? false }.map(\.tenant))
        let tenants = chosen.filter { !abandoned.contains($0) }
        for tenant in chosen where abandoned.contains(tenant) { console.note("\(tenant) was abandoned and is left out: cutoverctl why \(tenant)") }
        guard !tenants.isEmpty else {
            throw CommandFailure("no tenant is selected", why: "all in the plan's waves were abandoned", next: "cutoverctl status")
        }
        let outside = site.fleet.tenants.map(\.id).filter { !chosen.contains($0) }
        if !outside.isEmpty { console.note("in no wave of this plan: \(outside.map(\.text).joined(separator: ", "))") }
        try await PlanGuard(journal: site.journal, plan: site.plan).requireAdopted(tenants)
        let loop = Loop(site: site, console: console, jsonLines: stream.jsonLines, interrupts: Interrupts())
        let outcomes = try await loop.run(tenants, Loop.Terms(byWaves: true, waitForClocks: !noWait, patienceSeconds: patience))
        return loop.status(outcomes, of: tenants)
    }
}
