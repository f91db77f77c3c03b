import ArgumentParser
import Cutover

struct Adopt: Command {
    static let configuration = CommandConfiguration(
        abstract: "Lets tenants under way take up a newer revision of the plan, or takes in one that is quarantined or abandoned.",
        discussion: """
            Nothing is done to any host: what the next steps are, and who must agree to them, follows the new revision from then on. It is refused
            for a tenant with a step in doubt, for one that is held, and for a revision that is older than the tenant's.

            --preview -o FILE saves what was shown, and --from FILE takes up exactly that: the plan has to be the one of the preview, and every
            tenant has to stand where it was shown. What has changed is told tenant by tenant and nobody takes it up (exit code 3), unless
            --valid-only goes on with the tenants that are as they were (4 then).

            A quarantined tenant's host, database and journal do not remember the same: one of them was put back to an older state. Named with
            --reason and --confirm, every finished step of it is looked at; then the three begin anew with the same memory, and what is no longer
            in place is open again, for the next advance to do behind its gates. With --preview it is only looked at. An abandoned tenant whose
            host is back is taken in by the same.
            """)

    @OptionGroup var chosen: TenantOptions
    @Flag(help: "Only tell what would change; changes nothing.")
    var preview = false
    @Option(name: .shortAndLong, help: "With --preview: also save what is shown, for --from FILE.")
    var out: String?
    @Option(help: "Take up exactly what this file shows; it names the tenants.")
    var from: String?
    @Flag(name: .customLong("valid-only"), help: "With --from: go on with the tenants that still stand as they were shown.")
    var validOnly = false
    @Option(help: "For a quarantined or abandoned tenant: why it may go on; it is recorded.")
    var reason: String?
    @Option(help: "For a quarantined or abandoned tenant: its name once more.")
    var confirm: String?
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if out != nil, !preview { throw ValidationError("-o saves what --preview shows: add --preview") }
        if from != nil, preview || !chosen.tenants.isEmpty || chosen.wave != nil { throw ValidationError("--from FILE names the tenants, and is no preview") }
        if from != nil, reason != nil || confirm != nil { throw ValidationError("--reason and --confirm take in one tenant, and --from FILE takes up a plan") }
        if validOnly, from == nil { throw ValidationError("--valid-only goes with --from FILE") }
    }

    func carryOut(_ console: Console) async throws -> CommandExit {
        let saved = try from.map { path throws(CommandFailure) in try SavedAdoptionFile.read(path) }
        let site = try await Wiring(inputs, console).site(ifMissing: .refuse, asking: preview)
        if let saved { return try await adopt(saved, site, console) }
        let tenants = try site.choice.tenants(chosen.tenants, wave: chosen.wave)
        let takingIn = TakingIn(site: site, console: console, output: output, reason: reason, confirm: confirm)
        if chosen.tenants.count == 1, try await takingIn.concerns(tenants[0]) { return try await takingIn.carryOut(tenants[0], preview: preview) }
        try takingIn.requireNone(among: tenants)
        let behind = try await PlanGuard(journal: site.journal, plan: site.plan).behind(tenants)
        var shown: [ShownAdoption] = []
        for tenant in behind {
            if let adoption = try await site.engine.shownAdoption(of: tenant) { shown.append(adoption) }
        }
        let view = AdoptionView(adoptions: shown.map(\.adoption))
        console.show(output.json ? try view.json() : view.human(console.paint))
        if let out {
            try SavedAdoptionFile.write(SavedAdoption(at: Wiring.time.now, plan: site.plan, shown: shown), to: out)
            console.note("saved: to take up exactly this: cutoverctl adopt --from \(out)")
        }
        if preview { return view.isRefused ? .inTheWay : .done }
        return .worst(of: try await adopt(shown.map { ($0.adoption.tenant, $0.stand) }, site, console))
    }

    /// Exactly what was shown.
    private func adopt(_ saved: SavedAdoption, _ site: Wiring.Site, _ console: Console) async throws -> CommandExit {
        guard saved.planDigest == site.plan.digest else {
            throw CommandFailure(
                "the preview is of another plan",
                why: "it shows \(saved.planName) revision \(saved.planRevision) (\(saved.planDigest.prefix(12))), and the plan named is \(site.plan.name) revision \(site.plan.revision) (\(site.plan.digest.prefix(12)))",
                next: "name the plan that was previewed with --plan, or preview again: cutoverctl adopt --preview -o FILE", status: .inTheWay)
        }
        guard !saved.adoptions.isEmpty else {
            throw CommandFailure("no tenant is selected", why: "the preview shows nobody who would take the plan up", next: "cutoverctl adopt --preview -o FILE")
        }
        var standing: [(TenantID, SavedPreview.Stand)] = []
        for tenant in saved.adoptions.map(\.tenant) {
            let changes = try await site.engine.changes(of: tenant, since: saved)
            if changes.isEmpty, let stand = saved.standings[tenant.text] {
                standing.append((tenant, stand))
            } else {
                console.show(ChangedView(tenant: tenant, changes: changes).human(console.paint))
            }
        }
        let count = saved.adoptions.count - standing.count
        guard count == 0 || (validOnly && !standing.isEmpty) else {
            throw CommandFailure(
                "nobody took it up", why: "\(count) of \(saved.adoptions.count) tenants \(count == 1 ? "has" : "have") changed since the preview of \(saved.at), or may not",
                next: standing.isEmpty ? "cutoverctl adopt --preview -o FILE" : "cutoverctl adopt --preview -o FILE, or add --valid-only for the \(standing.count) that have not", status: .inTheWay)
        }
        return .worst(of: try await adopt(standing, site, console) + (count == 0 ? [] : [.partlyDone]))
    }

    private func adopt(_ tenants: [(TenantID, SavedPreview.Stand)], _ site: Wiring.Site, _ console: Console) async throws -> [CommandExit] {
        try await site.engine.keepPlan()
        var statuses: [CommandExit] = []
        for (tenant, stand) in tenants {
            let why = try await site.engine.adopt(tenant, shownAt: stand)
            statuses.append(why == nil ? .done : .inTheWay)
            console.note(why.map { "\(tenant): not adopted: \($0)" } ?? "\(tenant): adopted plan \(site.plan.name) revision \(site.plan.revision)")
        }
        return statuses.contains(.done) && statuses.contains(.inTheWay) ? statuses + [.partlyDone] : statuses
    }
}
