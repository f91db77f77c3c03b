import ArgumentParser
import Cutover

struct Abandon: Command {
    static let configuration = CommandConfiguration(
        abstract: "Gives up, in your name, the outcome of a step that nobody will ever know, or a tenant whose host is gone for good.",
        usage: "cutoverctl abandon TENANT [STEP] --reason TEXT --confirm TENANT [--key FILE]",
        discussion: """
            With a step that is in doubt, whose host was asked and could not tell: it counts as failed from then on, and what it did or did not do
            there stays unknown. advance does it anew over whatever is there, revert takes it back.

            Without a step: nothing more is asked of the tenant or done to it, it spends no budget, and no wave waits for it. Its memories are where
            they are. If its host comes back, adopt takes it in again.

            Either stands in status, and in the history for ever. Where the plan names keys, it is signed.
            """)

    @Argument(help: "The tenant, then the step, if only that is given up.")
    var words: [String] = []
    @Option(help: "Why; it is recorded.")
    var reason: String
    @Option(help: "The tenant once more.")
    var confirm: String?
    @Option(help: "The key you sign with (or CUTOVER_KEY), where the plan names keys.")
    var key: String?
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if !(1...2).contains(words.count) { throw ValidationError("name one tenant, and at most one step") }
        if reason.allSatisfy(\.isWhitespace) { throw ValidationError("--reason has to say something") }
    }

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try await Wiring(inputs, console).site(ifMissing: .begin, asking: false)
        let tenant = try site.choice.tenant(words[0])
        let step = words.count > 1 ? try site.choice.step(words[1]) : nil
        try await PlanGuard(journal: site.journal, plan: site.plan).requireSamePlan(tenant)
        let what = step.map { "the outcome of \($0.place)" } ?? "\(tenant)"
        guard confirm == tenant.text else {
            throw CommandFailure(
                "\(what) is given up for good", why: "nobody looks after it again of itself, so it has to be confirmed by naming \(tenant) once more",
                next: "add --confirm \(tenant)", status: .usage)
        }
        let signing = try Signing(site, key: key, wave: nil)
        try signing.requireMayDecide("abandon \(what)")
        // What is signed can be held against the plan for ever.
        try await site.engine.keepPlan()
        let given = try await signing.abandon(tenant, step, reason: reason)
        if output.json { console.show(try JSONText.document(Document(tenant: tenant, step: given.step, by: given.by, at: given.at, reason: given.reason))) }
        console.note("\(tenant): \(given.by) abandoned \(what); next: cutoverctl why \(tenant)")
        return .done
    }

    private struct Document: Encodable {
        enum Key: String, CodingKey { case formatVersion, tenant, step, by, at, reason }
        let tenant: TenantID
        let step: String?
        let by: OperatorID
        let at: String
        let reason: String

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(1, forKey: .formatVersion)
            try container.encode(tenant, forKey: .tenant)
            try container.encode(step, forKey: .step)
            try container.encode(by, forKey: .by)
            try container.encode(at, forKey: .at)
            try container.encode(reason, forKey: .reason)
        }
    }
}
