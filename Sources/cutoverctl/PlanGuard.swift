import Cutover

/// Whether a journal is of this plan. Tenants under way take up a changed plan only when somebody says so.
struct PlanGuard {
    let journal: any Journal
    let plan: Plan

    struct Adopted: Sendable, Equatable {
        let digest: String
        let name: String
        let revision: Int
    }

    func adopted(by tenant: TenantID) async throws(JournalError) -> Adopted? {
        let events = try await journal.events(in: StreamID(tenant), after: 0)
        return events.reversed().lazy.compactMap { event in
            if case .planAdopted(let digest, let name, let revision, _) = event.change { Adopted(digest: digest, name: name, revision: revision) } else { nil }
        }.first
    }

    /// Throws unless the journal is one of this plan, in whatever revision.
    func requireSamePlan(_ tenant: TenantID) async throws {
        if let adopted = try await adopted(by: tenant) { try requireSameName(adopted, tenant) }
    }

    /// The same for several: read only where no line tells.
    func requireSamePlan(_ tenants: [TenantID]) async throws {
        let current = tenants.count > 1 ? try await current() : []
        for tenant in tenants where !current.contains(tenant) { try await requireSamePlan(tenant) }
    }

    private func requireSameName(_ adopted: Adopted, _ tenant: TenantID) throws(CommandFailure) {
        if adopted.name == plan.name { return }
        throw CommandFailure(
            "this journal is of another plan", why: "\(tenant) has adopted \(adopted.name) revision \(adopted.revision), and the plan named is \(plan.name)",
            next: "name the plan that belongs to it with --plan, or another journal with --journal")
    }

    /// Throws unless those under way have adopted this very plan.
    func requireAdopted(_ tenants: [TenantID], next: String = "look first: cutoverctl adopt --preview; then cutoverctl adopt") async throws {
        guard let first = try await behind(tenants).first, let adopted = try await adopted(by: first) else { return }
        throw CommandFailure("the plan has changed since the tenant adopted it", why: change(adopted, first), next: next, status: .inTheWay)
    }

    private func change(_ adopted: Adopted, _ tenant: TenantID) -> String {
        "\(tenant) has adopted revision \(adopted.revision) (\(adopted.digest.prefix(12))), and this is revision \(plan.revision) (\(plan.digest.prefix(12)))"
    }

    /// Those of whom a line that counts says that they have adopted this very plan, or none: the others' streams are read.
    private func current() async throws(JournalError) -> Set<TenantID> {
        let lines = try await journal.lines(of: nil)
        return Set(lines.filter { line in line.stand(under: plan).map { $0.isOfPlan || !$0.hasBegun } ?? false }.map(\.status.tenant))
    }

    /// The tenants that have adopted an older revision of this plan. Throws where one has seen a newer one.
    func behind(_ tenants: [TenantID]) async throws -> [TenantID] {
        var behind: [TenantID] = []
        let current = try await current()
        for tenant in tenants where !current.contains(tenant) {
            guard let adopted = try await adopted(by: tenant) else { continue }
            try requireSameName(adopted, tenant)
            if adopted.digest == plan.digest { continue }
            let change = change(adopted, tenant)
            if adopted.revision > plan.revision {
                throw CommandFailure("the plan is older than the tenant's", why: change, next: "use revision \(adopted.revision) or a newer one", status: .inTheWay)
            }
            if adopted.revision == plan.revision {
                throw CommandFailure("the plan was changed without a new revision", why: change, next: "restore it, or write `revision: \(plan.revision + 1)` into it", status: .inTheWay)
            }
            behind.append(tenant)
        }
        return behind
    }
}
