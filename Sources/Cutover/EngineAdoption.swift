/// Taking up a changed plan under way: an act of its own, with a preview of its own.
extension Engine {
    /// Keeps the plan in the fleet's stream, so that what a later revision changes can be told. Once for each plan.
    public func keepPlan() async throws(EngineError) {
        if try await fleetStanding().plans[plan.digest] != nil { return }
        let text: String
        do { text = try CanonicalJSON.text(plan) } catch { throw .defect("the plan can't be written down: \(error)") }
        try await decidingForFleet { (fleet, lease) async throws(EngineError) in
            if fleet.plans[plan.digest] != nil { return }
            try await tell(.planKept(digest: plan.digest, text: text), after: fleet, under: lease)
        }
    }

    /// What taking up this plan would mean for the tenant. Nil for one that has not begun, or has taken it up.
    public func adoption(of tenant: TenantID) async throws(EngineError) -> Adoption? {
        let standing = try await standing(of: tenant)
        guard let digest = standing.planDigest, digest != plan.digest else { return nil }
        let old = try await fleetStanding().plan(digest)
        return Adoption(
            tenant: tenant, fromRevision: standing.planRevision ?? 0, fromDigest: digest, toRevision: plan.revision, toDigest: plan.digest,
            changes: old.map { plan.differences(from: $0) } ?? ["what the adopted revision said was not kept, so what changes can't be told"],
            effects: old.map { effects(standing, $0) } ?? [], refused: try await obstacle(toAdopting: standing))
    }

    /// Lets the tenant take up this plan, and does nothing else. Answers why it did not; nil when it did.
    /// - Parameter shown: where it stood when somebody was shown what that means: it is refused when anything was recorded since.
    public func adopt(_ tenant: TenantID, shownAt shown: SavedPreview.Stand? = nil) async throws(EngineError) -> String? {
        let ledger = try await open(tenant, holder: holder)
        do {
            var why = try await obstacle(toAdopting: await ledger.standing)
            if why == nil, let shown { why = try await moved(await ledger.standing, since: shown) }
            if why == nil {
                let change = Event.Change.planAdopted(digest: plan.digest, name: plan.name, revision: plan.revision, wave: try await waveName(of: tenant))
                // A note that came in meanwhile may be a hold.
                if try await begin([change], ledger) == nil { why = "something was recorded about it at this moment" }
            }
            await ledger.close()
            return why
        } catch {
            await ledger.close()
            throw error
        }
    }

    /// Nil where nothing keeps the tenant from it.
    func obstacle(toAdopting standing: Standing) async throws(EngineError) -> String? {
        if let why = refusal(standing) { return why }
        return try await holdOverAll(standing.tenant).map { "it is held by \($0.by): \($0.reason)" }
    }

    private func refusal(_ standing: Standing) -> String? {
        switch standing.decide(under: plan, catalog: catalog) {
        case .adoptPlan: standing.planDigest == nil ? "it has not begun" : nil
        case .stop(.held(let by, let reason)): "it is held by \(by): \(reason)"
        case .stop(.abandoned(let by, let why)): "it was abandoned by \(by): \(why)"
        case .stop(.quarantined(let why)): "it is quarantined: \(why)"
        case .stop(.newerPlan(let adopted)): "it has adopted revision \(adopted), and this is \(plan.revision)"
        case .stop(.planChanged): "a step of it is in doubt, and its outcome has to be looked at under the plan it was begun with"
        default: "it has taken up this plan"
        }
    }

    /// What follows for what is in place, and for what comes next.
    private func effects(_ standing: Standing, _ old: Plan) -> [String] {
        func isThere(_ step: StepID) -> Bool {
            switch standing.position(of: step) {
            case .pending, .reverted: false
            default: true
            }
        }
        var effects: [String] = []
        for step in old.steps where isThere(step.id) {
            guard let now = plan.steps.first(where: { $0.id == step.id }) else {
                effects.append("\(step.place) has been done, and nothing in the new plan takes it back")
                continue
            }
            if !now.differences(from: step).isEmpty { effects.append("\(now.place) has been done as the old plan said; it is not done again") }
        }
        if let last = plan.steps.lastIndex(where: { isThere($0.id) }) {
            for step in plan.steps[..<last] where !isThere(step.id) { effects.append("\(step.place) comes next, though later steps have been done") }
        }
        let signed = plan.approvals.keys.isEmpty ? 0 : standing.consents.count
        if signed > 0 { effects.append("\(signed) signatures were given to the old plan and count no longer") }
        return effects
    }
}

/// What it would mean for one tenant to take up another plan.
public struct Adoption: Sendable, Codable, Equatable {
    public let tenant: TenantID
    public let fromRevision: Int
    public let fromDigest: String
    public let toRevision: Int
    public let toDigest: String
    /// What the plan says otherwise.
    public let changes: [String]
    /// What follows for this tenant.
    public let effects: [String]
    /// Why it can't take it up now; nil where it can.
    public let refused: String?
}
