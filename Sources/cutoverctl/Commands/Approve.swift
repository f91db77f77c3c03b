import ArgumentParser
import Cutover
import Phases

struct Approve: Command {
    static let configuration = CommandConfiguration(
        abstract: "Records that you agree to a step, to a class of exceptions, or to a change of access.",
        usage: "cutoverctl approve (TENANT | --wave W) (STEP | --exceptions REASON | --access gains|losses [--up-to PAIRS] | --alerts | --blocker NAME | --changes KIND|all) --reason TEXT")

    @Argument(help: "The tenant (unless --wave names them), then the step.")
    var words: [String] = []
    @Option(help: "All tenants of this wave.")
    var wave: String?
    @Option(help: "A reason under which rows are listed as exceptions.")
    var exceptions: String?
    @Option(help: "gains or losses.")
    var access: AccessSide?
    @Option(help: "With --access: how many pairs there may come to be while agents go on writing. A tenth more than there are when not said.")
    var upTo: Int?
    @Option(help: "A class of changes of v2 since the freeze that explain nothing until somebody signed them: truncate, foreign-role, bulk-forget, or all.")
    var changes: String?
    @Option(help: "What cutoverctl attest --blocker records as well.")
    var blocker: String?
    @Flag(help: "What the watch found and does not pass by itself: a truncated table.")
    var alerts = false
    @Option(help: "Why; it is recorded.")
    var reason: String
    @Option(help: "The tenant (or wave) once more, for what can't be undone.")
    var confirm: String?
    @Option(help: "The key you sign with (or CUTOVER_KEY), where the plan names keys.")
    var key: String?
    @OptionGroup var inputs: InputOptions

    enum AccessSide: String, ExpressibleByArgument, Sendable { case gains, losses }

    func validate() throws {
        if upTo != nil, access == nil { throw ValidationError("--up-to belongs to --access") }
    }

    func carryOut(_ console: Console) async throws -> CommandExit {
        let wired = try await Wiring(inputs, console).site(ifMissing: .begin, asking: false)
        let (names, step) = try parts()
        let tenants = try wired.choice.tenants(names, wave: wave)
        for tenant in tenants { try await PlanGuard(journal: wired.journal, plan: wired.plan).requireSamePlan(tenant) }
        let site = try Signing(wired, key: key, wave: wave)
        if let step {
            try await approveStep(try site.site.choice.step(step), tenants, site, console)
        } else if let blocker {
            for tenant in tenants { try await site.attest(blocker: blocker, tenant, reason: reason, console) }
        } else {
            try await approveClass(tenants, site, console)
        }
        return .done
    }

    /// What was typed, as tenant and step. One subject has to be named, and only one.
    func parts() throws(CommandFailure) -> (tenants: [String], step: String?) {
        let tenants = wave == nil ? Array(words.prefix(1)) : []
        let rest = words.dropFirst(tenants.count)
        let subjects = rest.count + (exceptions == nil ? 0 : 1) + (access == nil ? 0 : 1) + (blocker == nil ? 0 : 1) + (alerts ? 1 : 0) + (changes == nil ? 0 : 1)
        guard subjects == 1, wave != nil || !tenants.isEmpty else {
            throw CommandFailure(
                "it is not clear what is approved", why: "name one tenant or --wave, and one step, --exceptions REASON, --access gains|losses, --changes KIND, --alerts or --blocker NAME",
                next: "cutoverctl approve TENANT STEP --reason TEXT", status: .usage)
        }
        return (tenants, rest.first)
    }

    private func approveStep(_ step: PlannedStep, _ tenants: [TenantID], _ site: Signing, _ console: Console) async throws {
        try judge(step, tenants, site)
        for tenant in tenants {
            try await site.approve(tenant, topic: step.place, reason: reason, facts: ["plan": site.plan.digest])
            console.note("\(tenant): \(site.engine.me) approved \(step.place)")
        }
    }

    /// An approval that could not count is refused here, so that nobody believes it was given.
    private func judge(_ step: PlannedStep, _ tenants: [TenantID], _ site: Signing) throws(CommandFailure) {
        if case .irreversible = Wiring.catalog.nature(of: step.spec.kind) {
            let subject = wave ?? tenants.map(\.text).joined(separator: ",")
            guard confirm == subject else {
                throw CommandFailure(
                    "\(step.place) can't be undone", why: "agreeing to it has to be confirmed by naming \(subject) once more",
                    next: "add --confirm \(subject)", status: .usage)
            }
        }
        if step.spec.risk == .high, site.plan.approvals.count > 0 { try site.requireMayDecide("approve \(step.place)") }
    }

    /// One class of things that were found on a tenant: what is recorded, and as people read it.
    private struct Found: Sendable {
        let topic: String
        let facts: [String: String]
        let words: String
    }

    /// Every tenant is asked before anything is recorded. Of a wave those that have nothing of the class are passed over.
    private func approveClass(_ tenants: [TenantID], _ site: Signing, _ console: Console) async throws {
        var all: [(TenantID, [Found])] = []
        var lacking: CommandFailure?
        for tenant in tenants {
            do { all.append((tenant, try await found(on: tenant, site))) } catch let none as NoneFound {
                if wave == nil { throw none.failure }
                lacking = none.failure
                console.note(none.failure.what)
            }
        }
        if all.isEmpty, let lacking { throw lacking }
        for (tenant, found) in all {
            for one in found {
                try await site.approve(tenant, topic: one.topic, reason: reason, facts: one.facts)
                console.note("\(tenant): \(site.engine.me) approved \(one.words)")
            }
        }
    }

    /// The tenant has nothing of the class that was named.
    private struct NoneFound: Error { let failure: CommandFailure }

    private func found(on tenant: TenantID, _ site: Signing) async throws -> [Found] {
        if let exceptions { return [try await foundExceptions(exceptions, tenant, site)] }
        if let access { return [try await foundAccess(access, tenant, site)] }
        if let changes { return try await foundChanges(changes, tenant, site) }
        return [try await foundAlerts(tenant, site)]
    }

    private func foundExceptions(_ reason: String, _ tenant: TenantID, _ site: Signing) async throws -> Found {
        let report = try await MemoryQuestions(engine: site.engine).exceptions(of: tenant)
        let ids = report.ids(of: reason)
        guard !ids.isEmpty else {
            let open = report.counts.isEmpty ? "it has no open exceptions" : "its reasons are \(report.counts.keys.sorted().joined(separator: ", "))"
            throw NoneFound(failure: CommandFailure("\(tenant) has no exceptions called \(reason)", why: open, next: "cutoverctl exceptions \(tenant)"))
        }
        let facts = ["count": String(ids.count), "digest": Digest.sha256(ids.joined(separator: "\n"))]
        return Found(topic: "exceptions/\(reason)", facts: facts, words: "\(ids.count) exceptions \(reason)")
    }

    private func foundChanges(_ kind: String, _ tenant: TenantID, _ site: Signing) async throws -> [Found] {
        let red = try await MemoryQuestions(engine: site.engine).changes(of: tenant)
        let chosen = red.filter { kind == "all" || $0.kind == kind }
        guard !chosen.isEmpty else {
            let open = red.isEmpty ? "nothing but ordinary changes was made since the freeze" : "there are \(red.map(\.kind).joined(separator: ", "))"
            throw NoneFound(failure: CommandFailure("\(tenant) has no changes called \(kind)", why: open, next: "cutoverctl diff \(tenant)"))
        }
        return chosen.map { one in
            Found(topic: one.topic, facts: ["digest": one.digest, "transactions": String(one.transactions), "rows": String(one.rows)], words: one.words)
        }
    }

    private func foundAlerts(_ tenant: TenantID, _ site: Signing) async throws -> Found {
        let found = try await site.engine.ask(WatchFindings(table: LegacyTable.of(site.plan)[0]), of: tenant).get()
        guard !found.events.isEmpty else {
            throw NoneFound(
                failure: CommandFailure("\(tenant) has no alerts to sign", why: "what else the watch found passes when it is mended", next: "cutoverctl why \(tenant)"))
        }
        let words = found.events.map { "\($0.detail) at \($0.since)" }.joined(separator: "; ")
        return Found(topic: "alerts", facts: ["count": String(found.events.count), "digest": found.digest], words: words)
    }

    private func foundAccess(_ side: AccessSide, _ tenant: TenantID, _ site: Signing) async throws -> Found {
        let change = try await site.engine.ask(AccessChange(), of: tenant).get()
        let signed = SignedAccess(side == .gains ? .gains : .losses, of: change, upTo: upTo)
        guard signed.upTo >= signed.pairs else {
            throw CommandFailure("\(tenant) has \(signed.pairs) access \(side.rawValue)", why: "--up-to \(signed.upTo) is fewer", next: "cutoverctl diff \(tenant) --access", status: .inTheWay)
        }
        let words = "\(signed.pairs) access \(side.rawValue), up to \(signed.upTo) as agents go on writing, of these kinds: \(signed.kinds.joined(separator: ", "))"
        return Found(topic: "access/\(side.rawValue)", facts: signed.facts, words: words)
    }
}
