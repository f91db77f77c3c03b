import ArgumentParser
import Cutover

struct JournalRebuildCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "rebuild", abstract: "After the controller's disk was lost: begins a new journal with what the tenants' hosts know.",
        discussion: """
            Restore the newest backup instead where there is one, and take in what it lacks: cutoverctl adopt. Without one, each tenant's steps are looked at on
            its host; what is in place stands as verified in the new journal, the wait whose samples the host records goes on under the id that it has, and the
            host belongs to the new journal from then on, under a fence above any it has seen. The plan and the fleet file have to be those that the fleet was
            moved by. A tenant of which the journal knows something already is left alone, so the same may be typed again until every host has answered.

            No host knows what people signed and said: approvals, exceptions, changes of access, waivers, holds, who did what before and when, and when
            waves opened. It has to be given again where it is asked for.
            """)

    @Flag(name: .customLong("from-hosts"), help: "Take it from the tenants' hosts; there is nothing else to take it from.")
    var fromHosts = false
    @OptionGroup var chosen: TenantOptions
    @Option(help: "What happened; it is recorded.")
    var reason: String
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if !fromHosts { throw ValidationError("add --from-hosts: a journal is rebuilt from what the hosts know; a backup is named with --journal") }
        if reason.allSatisfy(\.isWhitespace) { throw ValidationError("--reason says what happened to the journal") }
    }

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try await Wiring(inputs, console).site(ifMissing: .begin, asking: false)
        let all = chosen.tenants.isEmpty && chosen.wave == nil
        let tenants = all ? site.fleet.tenants.map(\.id) : try site.choice.tenants(chosen.tenants, wave: chosen.wave)
        try await site.engine.keepPlan()
        let view = RebuildView(tenants: try await rebuild(tenants, site.engine))
        console.show(output.json ? try view.json() : view.human(console.paint))
        console.note(RebuildView.lost)
        return view.status
    }

    /// So many at a time: each is asked a dozen questions, and hosts can be slow.
    private static let atOnce = 16

    private func rebuild(_ tenants: [TenantID], _ engine: Engine) async throws -> [RebuildView.Tenant] {
        try await withThrowingTaskGroup(of: RebuildView.Tenant.self) { group in
            var (waiting, found) = (tenants[...], [RebuildView.Tenant]())
            while true {
                while let tenant = waiting.first, tenants.count - waiting.count < found.count + Self.atOnce {
                    waiting = waiting.dropFirst()
                    group.addTask { RebuildView.Tenant(tenant, try await engine.rebuild(tenant, reason: reason)) }
                }
                guard let one = try await group.next() else { return found.sorted { $0.tenant < $1.tenant } }
                found.append(one)
            }
        }
    }
}
