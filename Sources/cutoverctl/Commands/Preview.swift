import ArgumentParser
import Cutover
import Foundation

struct PreviewCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "preview", abstract: "What would happen to each tenant, with live gate answers. Changes nothing anywhere.", aliases: ["plan"])

    @OptionGroup var chosen: TenantOptions
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions
    @Option(name: .shortAndLong, help: "Also save the preview, bound to plan, standings and gate answers.")
    var out: String?
    @Flag(name: .customLong("detailed-exitcode"), help: "Exit with 2 when something is left to do.")
    var detailedExitCode = false

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try await Wiring(inputs, console).site(ifMissing: .standIn, asking: true)
        let tenants = try site.choice.tenants(chosen.tenants, wave: chosen.wave)
        for tenant in tenants { try await PlanGuard(journal: site.journal, plan: site.plan).requireSamePlan(tenant) }
        let engine = site.engine
        let previews = try await eachTenant(tenants) { tenant in (try await engine.preview(tenant), try await engine.standing(of: tenant).head) }
        let view = PreviewView(planDigest: site.plan.digest, tenants: previews.map(\.0))
        if let out { try save(try view.saved(heads: Dictionary(uniqueKeysWithValues: previews.map { ($0.0.tenant, $0.1) })), to: out) }
        console.show(output.json ? try view.json() : view.human(console.paint))
        return detailedExitCode && view.tenants.contains { !$0.steps.isEmpty } ? .changesPending : .done
    }

    private func save(_ text: String, to path: String) throws(CommandFailure) {
        do { try Data((text + "\n").utf8).write(to: URL(filePath: path), options: .atomic) } catch {
            throw CommandFailure("the preview can't be saved", why: "\(path): \(error.localizedDescription)", next: "name a file in a folder that is yours with -o FILE")
        }
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
