import ArgumentParser
import Cutover

struct PreviewCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "preview", abstract: "What would happen to each tenant, with live gate answers. Changes nothing anywhere.", aliases: ["plan"])

    @OptionGroup var chosen: TenantOptions
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions
    @Option(name: .shortAndLong, help: "Also save the preview, bound to plan, standings and gate answers, for cutoverctl apply FILE.")
    var out: String?
    @Option(help: "Only as far as this step, or the last of this phase: A2/backfill.verify, or A1.")
    var to: String?
    @Flag(name: .customLong("detailed-exitcode"), help: "Exit with 2 when something is left to do.")
    var detailedExitCode = false

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try await Wiring(inputs, console).site(ifMissing: .standIn, asking: true)
        let tenants = try site.choice.tenants(chosen.tenants, wave: chosen.wave)
        try await PlanGuard(journal: site.journal, plan: site.plan).requireSamePlan(tenants)
        let engine = site.engine
        let target = try to.map { text throws(CommandFailure) in try site.choice.step(text) }
        let previews = try await eachTenant(tenants) { tenant in
            // The standing first: what comes in while gates are asked is a change that apply finds.
            let stand = try await engine.stand(of: tenant)
            return (try await engine.preview(tenant).upTo(target, of: engine.plan), stand)
        }
        let view = PreviewView(planDigest: site.plan.digest, tenants: previews.map(\.0))
        if let out {
            let saved = engine.saved(previews, byWaves: chosen.tenants.isEmpty, to: target, random: Wiring.random)
            try SavedPreviewFile.write(saved, to: out)
            console.note("saved: to carry out exactly this, once: cutoverctl apply \(out)")
        }
        console.show(output.json ? try view.json() : view.human(console.paint))
        return detailedExitCode && view.tenants.contains { !$0.steps.isEmpty } ? .changesPending : .done
    }

}

/// Asks about several tenants at once, a bounded number at a time, and answers in their order.
func eachTenant<Answer: Sendable>(
    _ tenants: [TenantID], atOnce: Int = 8, _ ask: @escaping @Sendable (TenantID) async throws -> Answer
) async throws -> [Answer] {
    try await withThrowingTaskGroup(of: (Int, Answer).self) { group in
        var answers: [Int: Answer] = [:]
        for (index, tenant) in tenants.enumerated() {
            if index >= atOnce, let (done, answer) = try await group.next() { answers[done] = answer }
            group.addTask { (index, try await ask(tenant)) }
        }
        for try await (done, answer) in group { answers[done] = answer }
        return tenants.indices.compactMap { answers[$0] }
    }
}
