import ArgumentParser
import Cutover
import PlanFiles

struct Waive: Command {
    static let configuration = CommandConfiguration(
        abstract: "Sets a named check of a step aside, in your name, for a reason and for a while; --end lets it count again.",
        usage: """
            cutoverctl waive (TENANT | --wave W) STEP --check CLAIM --for 4h --reason TEXT [--break-glass --confirm TENANT] [--key FILE]
                   cutoverctl waive (TENANT | --wave W) STEP --check CLAIM --end --reason TEXT
            """,
        discussion: """
            What keeps memories from being lost is never set aside. What keeps one person from deciding alone is, with --break-glass and the tenant
            (or the wave) named once more. A waiver stands in status until it runs out, and in the history for ever.

            --end lets the check count again at once, whoever set it aside. Anybody may, and it wants no signature: it only makes the step stricter.
            """)

    /// Longer than this nobody remembers what was set aside.
    private static let longestSeconds = 7 * 86_400

    @Argument(help: "The tenant (unless --wave names them), then the step.")
    var words: [String] = []
    @Option(help: "All tenants of this wave.")
    var wave: String?
    @Option(help: "The check, as preview and why spell it.")
    var check: String
    @Option(name: .customLong("for"), help: "How long, such as 30m, 4h or 2d; at most 7d.")
    var duration: String?
    @Flag(help: "Let the check count again, before its time is over.")
    var end = false
    @Option(help: "Why; it is recorded.")
    var reason: String
    @Flag(name: .customLong("break-glass"), help: "Decide alone what the plan wants several people for.")
    var breakGlass = false
    @Option(help: "With --break-glass: the tenant (or wave) once more.")
    var confirm: String?
    @Option(help: "The key you sign with (or CUTOVER_KEY), where the plan names keys.")
    var key: String?
    @OptionGroup var inputs: InputOptions

    private var seconds: Int { duration.flatMap { Duration(shortForm: $0) }.map { Int($0.components.seconds) } ?? 0 }

    func validate() throws {
        if end {
            guard duration == nil, !breakGlass, confirm == nil, key == nil else { throw ValidationError("--end goes with --check and --reason alone") }
        } else if duration == nil {
            throw ValidationError("say how long with --for, such as 4h; or --end")
        }
        guard end || (1...Self.longestSeconds).contains(seconds) else { throw ValidationError("--for wants a whole number and a unit, s, m, h or d, up to 7d") }
        if words.count != (wave == nil ? 2 : 1) { throw ValidationError("name one tenant or --wave, and one step") }
        if reason.allSatisfy(\.isWhitespace) { throw ValidationError("--reason has to say something") }
    }

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try await Wiring(inputs, console).site(ifMissing: .begin, asking: false)
        let tenants = try site.choice.tenants(wave == nil ? [words[0]] : [], wave: wave)
        let step = try site.choice.step(words[words.count - 1])
        for tenant in tenants {
            try await PlanGuard(journal: site.journal, plan: site.plan).requireSamePlan(tenant)
        }
        if end { return try await letCount(step, tenants, site, console) }
        for tenant in tenants {
            try judge(try await site.engine.checks(of: step, for: tenant), of: step, tenant)
        }
        let signing = try Signing(site, key: key, wave: wave)
        try signing.requireMayDecide("waive anything of \(step.place)")
        for tenant in tenants {
            try await signing.waive(tenant, step, check: check, reason: reason, facts: breakGlass ? [Waiver.glassKey: "true"] : [:], seconds: seconds)
            console.note("\(tenant): \(site.engine.me) \(breakGlass ? "broke the glass over" : "set aside") “\(check)” of \(step.place) for \(duration ?? "")")
        }
        return .done
    }

    /// Lets the check of the step count again for those for whom somebody set it aside.
    private func letCount(_ step: PlannedStep, _ tenants: [TenantID], _ site: Wiring.Site, _ console: Console) async throws -> CommandExit {
        var ended = 0
        var others: Set<String> = []
        for tenant in tenants {
            let waivers = try await site.engine.recordedWaivers(of: step, for: tenant)
            let named = waivers.filter { $0.check == check }
            others.formUnion(waivers.map(\.check).filter { $0 != check })
            guard let last = named.last else {
                console.note("\(tenant): nobody has set “\(check)” of \(step.place) aside")
                continue
            }
            try await site.engine.endWaivers(tenant, step, claim: check, reason: reason)
            ended += 1
            console.note("\(tenant): “\(check)” of \(step.place) counts again; \(last.by) had set it aside until \(PlainText.moment(last.expires))")
        }
        if ended > 0 { return .done }
        let meant = Spelling.nearest(to: check, among: others.sorted()).map { "did you mean “\($0)”?" }
        throw CommandFailure(
            "nothing was ended", why: meant ?? (others.isEmpty ? "nothing of \(step.place) is set aside" : "set aside are: \(others.sorted().joined(separator: "; "))"),
            next: "cutoverctl status, which lists what is set aside")
    }

    private func judge(_ checks: [(claim: String, waiving: Gate.Waiving)], of step: PlannedStep, _ tenant: TenantID) throws(CommandFailure) {
        guard let found = checks.first(where: { $0.claim == check }) else {
            let claims = checks.map(\.claim)
            let meant = Spelling.nearest(to: check, among: claims).map { "did you mean “\($0)”?" }
            throw CommandFailure(
                "\(step.place) has no check “\(check)”", why: meant ?? (claims.isEmpty ? "it has none" : "its checks are: \(claims.joined(separator: "; "))"),
                next: "cutoverctl preview \(tenant)")
        }
        switch found.waiving {
        case .never(let why): throw CommandFailure("“\(check)” can't be waived", why: why, next: "cutoverctl why \(tenant)", status: .inTheWay)
        case .allowed:
            guard !breakGlass else {
                throw CommandFailure("“\(check)” stands behind no glass", why: "one person may set it aside", next: "leave --break-glass out", status: .usage)
            }
        case .byBreakingGlass:
            let subject = wave ?? tenant.text
            guard breakGlass, confirm == subject else {
                throw CommandFailure(
                    "“\(check)” is set aside by breaking the glass only", why: "it keeps one person from deciding alone; whoever does so all the same is named in status and history",
                    next: "add --break-glass --confirm \(subject)", status: .usage)
            }
        }
    }
}
