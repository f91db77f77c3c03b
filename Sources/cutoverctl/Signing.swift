import Cutover
import Foundation

/// The site, and the hand that signs there: whatever people agree to goes through it.
struct Signing {
    let site: Wiring.Site
    /// Nil where the plan names no keys: then a recorded word is enough.
    let key: SigningKey?
    let wave: String?
    var engine: Engine { site.engine }
    var plan: Plan { site.plan }

    /// - Parameter path: the key file; else CUTOVER_KEY names it.
    init(_ site: Wiring.Site, key path: String?, wave: String?) throws(CommandFailure) {
        self.site = site
        self.wave = wave
        self.key = try Self.key(site, path)
    }

    func approve(_ tenant: TenantID, topic: String, reason: String, facts: [String: String] = [:]) async throws {
        try await engine.approve(tenant, topic: topic, reason: reason, facts: try await signed(tenant, topic, reason, facts, seconds: plan.approvals.validSeconds))
    }

    func waive(_ tenant: TenantID, _ step: PlannedStep, check: String, reason: String, facts: [String: String], seconds: Int) async throws {
        let topic = Waiver.topic(step.place, check)
        // Without keys there is no signature that carries the expiry.
        let own = key == nil ? facts.merging([Waiver.expiresKey: Wiring.time.now.adding(seconds: seconds).description]) { _, new in new } : facts
        try await engine.waive(tenant, step, claim: check, reason: reason, facts: try await signed(tenant, topic, reason, own, seconds: seconds))
    }

    func abandon(_ tenant: TenantID, _ step: PlannedStep?, reason: String) async throws -> Abandonment {
        let facts = Abandonment.facts(of: step, try await engine.standing(of: tenant))
        let own = try await signed(tenant, Abandonment.topic(step), reason, facts, seconds: plan.approvals.validSeconds)
        return try await engine.abandon(tenant, step, reason: reason, facts: own).get()
    }

    func attest(blocker: String, _ tenant: TenantID, reason: String, _ console: Console) async throws {
        let named = plan.steps.flatMap { $0.spec.settings.list("blockers") }.compactMap { entry -> (name: String, asked: Bool)? in
            guard case .map(let fields) = entry, case .text(let name)? = fields["name"] else { return nil }
            if case .map? = fields["closedWhen"] { return (name, true) }
            return (name, false)
        }
        guard let known = named.first(where: { $0.name == blocker }) else {
            let known = named.isEmpty ? "it names none" : "it names \(named.map(\.name).joined(separator: ", "))"
            throw CommandFailure("the plan has no blocker called \(blocker)", why: known, next: "cutoverctl why \(tenant)")
        }
        guard !known.asked else {
            throw CommandFailure(
                "nobody attests that \(blocker) is closed", why: "the plan asks where it is kept", next: "close it there; or set the check aside for a while: cutoverctl waive", status: .inTheWay)
        }
        try await approve(tenant, topic: Attestation.blocker(blocker), reason: reason)
        console.note("\(tenant): \(engine.me) attested that \(blocker) is closed")
    }

    /// Refuses whoever the plan does not let decide: what they said could not count.
    func requireMayDecide(_ what: String) throws(CommandFailure) {
        let (me, rule) = (engine.me, plan.approvals)
        if rule.notAuthor, me == plan.author {
            throw CommandFailure("\(me) can't \(what)", why: "\(me) is the author of the plan", next: "ask \(rule.from.map(\.text).joined(separator: " or "))", status: .inTheWay)
        }
        if !rule.from.isEmpty, !rule.from.contains(me) {
            throw CommandFailure("\(me) can't \(what)", why: "the plan lets \(rule.from.map(\.text).joined(separator: ", ")) approve", next: "ask one of them, or say who you are with --as NAME", status: .inTheWay)
        }
    }

    private func signed(_ tenant: TenantID, _ topic: String, _ reason: String, _ facts: [String: String], seconds: Int) async throws -> [String: String] {
        guard let key else { return facts }
        let expires = Wiring.time.now.adding(seconds: seconds)
        return try await engine.approval(of: topic, for: tenant, wave: wave, expires: expires, reason: reason, facts: facts).signed(with: key)
    }

    private static func key(_ site: Wiring.Site, _ path: String?) throws(CommandFailure) -> SigningKey? {
        let me = site.engine.me
        guard !site.plan.approvals.keys.isEmpty else { return nil }
        guard let path = path ?? ProcessInfo.processInfo.environment["CUTOVER_KEY"], !path.isEmpty else {
            throw CommandFailure("this plan wants signatures", why: "it names keys, and no key to sign with was given", next: "add --key FILE, or set CUTOVER_KEY")
        }
        let signing = try KeyFile.read(path)
        guard let person = site.plan.approvals.keys.first(where: { $0.name == me }) else {
            throw CommandFailure("\(me) can't sign", why: "the plan's keys have nobody of that name", next: "say who you are with --as NAME", status: .inTheWay)
        }
        guard person.keys.contains(signing.verifying) else {
            throw CommandFailure("\(me) can't sign with \(path)", why: "the plan's keys have another key for \(me)", next: "name your own key with --key FILE", status: .inTheWay)
        }
        return signing
    }
}
