/// What a person gave up: the outcome of a step that nobody will ever know, or a tenant whose host is gone for good.
public struct Abandonment: Sendable, Codable, Equatable {
    /// The step's place; nil for all of the tenant.
    public let step: String?
    public let by: OperatorID
    public let at: String
    public let reason: String

    public static func topic(_ step: PlannedStep?) -> String { topic(at: step?.place) }
    static func topic(at place: String?) -> String { place.map { "abandon/\($0)" } ?? "abandon" }

    /// What is said of the attempt, or of how often the tenant was given up before, and signed with the reason: it counts for no later time.
    public static func facts(of step: PlannedStep?, _ standing: Standing) -> [String: String] { facts(of: step?.id, standing) }
    static func facts(of step: StepID?, _ standing: Standing) -> [String: String] {
        step.map { ["attempt": String(standing.attempts(of: $0))] } ?? ["before": String(standing.timesAbandoned)]
    }
}

extension Engine {
    /// Gives up the outcome of a step in doubt, which has failed from then on, with everything that it may have done there or not; or, without
    /// one, the tenant, of which nothing more is asked and which holds nobody up. Under the tenant's lease: never while somebody is at work on it.
    ///
    /// Not done to a step that is not in doubt, or of which its host has not been asked since. Where the plan names keys, `facts` must be signed.
    /// - Parameter facts: those of `Abandonment.facts`, signed over `Abandonment.topic`.
    public func abandon(_ tenant: TenantID, _ step: PlannedStep?, reason: String, facts: [String: String]) async throws(EngineError) -> Errand<Abandonment> {
        guard fleet.host(of: tenant) != nil else { throw .unknownTenant(tenant) }
        let ledger = try await open(tenant, holder: holder)
        do {
            let outcome = try await abandon(step, reason, facts, ledger)
            await ledger.close()
            return outcome
        } catch {
            await ledger.close()
            throw error
        }
    }

    // MARK: - Non public

    private func abandon(_ step: PlannedStep?, _ reason: String, _ facts: [String: String], _ ledger: Ledger) async throws(EngineError) -> Errand<Abandonment> {
        let standing = await ledger.standing
        let tenant = standing.tenant
        if let stop = unfit(step, standing) { return .stopped(why: stop.why, next: stop.next) }
        if let flaw = flaw(in: facts, of: step, reason, standing) {
            return .stopped(why: "what \(me) said \(flaw.rawValue)", next: "cutoverctl abandon \(tenant)\(step.map { " \($0.place)" } ?? "") --as PERSON --key FILE --reason TEXT --confirm \(tenant)")
        }
        let events = try await record(.abandoned(step?.ref(for: tenant), reason: reason, facts: facts), ledger)
        return .done(Abandonment(step: step?.place, by: me, at: events.last?.at.description ?? "", reason: reason))
    }

    private func unfit(_ step: PlannedStep?, _ standing: Standing) -> (why: String, next: String)? {
        let tenant = standing.tenant
        if let gone = standing.abandonment { return ("\(tenant) was abandoned by \(gone.by): \(gone.reason)", "cutoverctl history \(tenant)") }
        guard let step else { return nil }
        switch standing.position(of: step.id) {
        case .inDoubt, .revertInDoubt: break
        default: return ("\(step.place) is not in doubt", "cutoverctl why \(tenant)")
        }
        if standing.unknown(of: step.id) == nil { return ("its host has not been asked for the outcome of \(step.place), and may know it", "cutoverctl advance \(tenant)") }
        return nil
    }

    private func flaw(in facts: [String: String], of step: PlannedStep?, _ reason: String, _ standing: Standing) -> Approval.Flaw? {
        if plan.approvals.keys.isEmpty { return nil }
        let consent = Consent(by: me, topic: Abandonment.topic(step), reason: reason, at: time.now, facts: facts)
        let setting = Approval.Setting(plan: plan, attempt: 0, tenants: [Approval.digest(of: [standing.tenant])], evidence: "", now: time.now)
        guard Abandonment.facts(of: step, standing).allSatisfy({ facts[$0.key] == $0.value }) else { return .otherAttempt }
        return Approval.flaw(of: consent, in: setting)
    }
}
