import ArgumentParser
import Cutover
import Phases

struct Why: Command {
    static let configuration = CommandConfiguration(abstract: "What keeps a tenant from going on, since when, and who can clear it.")

    @Argument(help: "The tenant.")
    var tenant: String
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try await Wiring(inputs, console).site(ifMissing: .standIn, asking: true)
        let tenant = try site.choice.tenant(tenant)
        try await PlanGuard(journal: site.journal, plan: site.plan).requireSamePlan(tenant)
        let reason = try await site.engine.why(tenant)
        let clocks = ClockHistory(try await site.journal.events(in: StreamID(tenant), after: 0)).clocks
        let clock = clocks.last { $0.step.place == reason.step && !$0.stretches.isEmpty }
        let view = WhyView(reason: reason, watch: try await watch(tenant, site), clock: clock)
        console.show(output.json ? try view.json() : view.human(console.paint))
        return .done
    }

    /// What the watch is at and what it found, while change capture should be in place and the host answers.
    private func watch(_ tenant: TenantID, _ site: Wiring.Site) async throws -> WhyView.Watch? {
        let standing = try await site.engine.standing(of: tenant)
        guard site.plan.steps.contains(where: { $0.spec.kind == "mirror.install" && standing.position(of: $0.id) == .verified }) else { return nil }
        let questions = MemoryQuestions(engine: site.engine)
        async let told = questions.progress(of: tenant)
        async let found = questions.findings(of: tenant)
        guard let told = await told else { return nil }
        let findings = await found.map { ($0.standing + $0.events).map { "\($0.detail), since \(PlainText.moment($0.since))" } }
        return WhyView.Watch(line: WatchView(tenant: tenant, told: told).line, findings: findings ?? [])
    }
}
