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
        guard let adopted = try await adopted(by: tenant), adopted.name != plan.name else { return }
        throw CommandFailure(
            "this journal is of another plan", why: "\(tenant) has adopted \(adopted.name) revision \(adopted.revision), and the plan named is \(plan.name)",
            next: "name the plan that belongs to it with --plan, or another journal with --journal")
    }

    /// Throws when one of the tenants has adopted this plan in another form, unless `adopting`.
    func requireAdopted(_ tenants: [TenantID], adopting: Bool, next: String) async throws {
        for tenant in tenants {
            try await requireSamePlan(tenant)
            guard let adopted = try await adopted(by: tenant), adopted.digest != plan.digest else { continue }
            let change = "\(tenant) has adopted revision \(adopted.revision) (\(adopted.digest.prefix(12))), and this is revision \(plan.revision) (\(plan.digest.prefix(12)))"
            if adopted.revision > plan.revision {
                throw CommandFailure("the plan is older than the tenant's", why: change, next: "use revision \(adopted.revision) or a newer one", status: .inTheWay)
            }
            if adopted.revision == plan.revision {
                throw CommandFailure("the plan was changed without a new revision", why: change, next: "restore it, or write `revision: \(plan.revision + 1)` into it", status: .inTheWay)
            }
            guard adopting else {
                throw CommandFailure("the plan has changed since the tenant adopted it", why: change, next: next, status: .inTheWay)
            }
        }
    }
}
