import Cutover

/// What `adopt` does with a tenant that is quarantined or abandoned.
struct TakingIn {
    let site: Wiring.Site
    let console: Console
    let output: OutputOptions
    let reason: String?
    let confirm: String?

    func concerns(_ tenant: TenantID) async throws -> Bool {
        let standing = try await site.engine.standing(of: tenant)
        return standing.quarantine != nil || standing.abandonment != nil
    }

    /// Refuses words that are for somebody who is to be taken in, where nobody is.
    func requireNone(among tenants: [TenantID]) throws(CommandFailure) {
        if reason == nil, confirm == nil { return }
        throw CommandFailure(
            "nobody is taken in", why: "--reason and --confirm are for one tenant that is quarantined or abandoned, and \(tenants.count == 1 ? "\(tenants[0]) is not" : "none or several are named")",
            next: "cutoverctl status", status: .usage)
    }

    func carryOut(_ tenant: TenantID, preview: Bool) async throws -> CommandExit {
        try await PlanGuard(journal: site.journal, plan: site.plan).requireAdopted([tenant], next: "use the adopted revision")
        if preview {
            let view = CheckView(tenants: [CheckView.Tenant(tenant: tenant, steps: try await site.engine.check(tenant))])
            show(view, try view.json())
            return view.status
        }
        guard let reason, !reason.allSatisfy(\.isWhitespace), confirm == tenant.text else {
            throw CommandFailure(
                "\(tenant) is not taken in by itself", why: "it needs a reason, which is recorded, and its name once more",
                next: "cutoverctl adopt \(tenant) --reason TEXT --confirm \(tenant)", status: .usage)
        }
        let view = CheckView(tenants: [CheckView.Tenant(tenant: tenant, steps: try await site.engine.takeIn(tenant, reason: reason).get())])
        show(view, try view.json())
        console.note("\(tenant): taken in again; next: cutoverctl why \(tenant)")
        return .done
    }

    private func show(_ view: CheckView, _ json: String) { console.show(output.json ? json : view.human(console.paint)) }
}
