/// Somebody who may sign, with the public halves of their keys.
public struct Approver: Sendable, Codable, Equatable {
    public let name: OperatorID
    public let keys: [VerifyingKey]
    public init(name: OperatorID, keys: [VerifyingKey]) {
        self.name = name
        self.keys = keys
    }
}

/// All that an approval binds to, so that it counts for nothing else.
public struct Approval: Sendable, Equatable {
    /// The plan's digest.
    public let plan: String
    public let topic: String
    /// The attempt at the step that it is for; 0 where the topic is no step.
    public let attempt: Int
    /// The tenant alone, or the frozen list of its wave, as a digest.
    public let tenants: String
    /// Of the evidence that the step rests on, where it destroys something; empty otherwise.
    public let evidence: String
    public let expires: Timestamp
    public let reason: String
    /// What of the topic was agreed to: how many, which.
    public let facts: [String: String]

    /// The facts under which an approval's own parts stand beside those of its topic.
    private enum Key {
        static let attempt = "signedAttempt", tenants = "signedTenants", evidence = "signedEvidence", expires = "expires"
        static let key = "key", signature = "signature"
        static let all: Set<String> = [attempt, tenants, evidence, expires, key, signature]
    }

    public init(plan: String, topic: String, attempt: Int, tenants: String, evidence: String, expires: Timestamp, reason: String, facts: [String: String]) {
        self.plan = plan
        self.topic = topic
        self.attempt = attempt
        self.tenants = tenants
        self.evidence = evidence
        self.expires = expires
        self.reason = reason
        self.facts = facts
    }

    public static func digest(of tenants: [TenantID]) -> String { Digest.sha256(tenants.map(\.text).sorted().joined(separator: "\n")) }

    /// What is signed. Each part carries its length, so that no two approvals spell the same text.
    public var text: String {
        var parts = ["cutover approval 1", plan, topic, String(attempt), tenants, evidence, expires.description, reason]
        for (key, value) in facts.sorted(by: { $0.key < $1.key }) { parts += [key, value] }
        return parts.map { "\($0.utf8.count):\($0)" }.joined(separator: "\n")
    }

    /// What the journal records of it.
    public func signed(with key: SigningKey) throws -> [String: String] {
        let own = [
            Key.attempt: String(attempt), Key.tenants: tenants, Key.evidence: evidence, Key.expires: expires.description,
            Key.key: key.verifying.fingerprint, Key.signature: try key.sign(text),
        ]
        return facts.merging(own) { _, own in own }
    }

    /// Why a recorded approval does not count.
    public enum Flaw: String, Error, Sendable {
        case unsigned = "is not signed"
        case stranger = "is by somebody without a key in the plan's keys"
        case otherKey = "is signed with a key that is not theirs"
        case forged = "bears a signature that is not over this plan and these words"
        case expired = "has expired"
        case otherAttempt = "is for another attempt"
        case otherTenants = "is for other tenants"
        case otherEvidence = "is over other evidence"
        case unkept = "is under a plan that the journal does not keep"
    }

    /// What a consent must fit to count now.
    public struct Setting: Sendable {
        public let plan: Plan
        public let attempt: Int
        /// Digests of the lists of tenants that it may be signed over.
        public let tenants: Set<String>
        public let evidence: String
        public let now: Timestamp
    }

    static func isSigned(_ consent: Consent) -> Bool { consent.facts[Key.signature] != nil }

    /// The digest of the evidence it was signed over, by its own word.
    static func evidence(in consent: Consent) -> String { consent.facts[Key.evidence] ?? "" }

    static func flaw(of consent: Consent, in setting: Setting) -> Flaw? {
        do throws(Flaw) {
            try examine(consent, in: setting)
            return nil
        } catch { return error }
    }

    /// Throws what is wrong with the consent as an approval in this setting.
    static func examine(_ consent: Consent, in setting: Setting) throws(Flaw) {
        guard let signature = consent.facts[Key.signature], let attempt = consent.facts[Key.attempt].flatMap({ Int($0) }),
            let expires = consent.facts[Key.expires].flatMap({ Timestamp($0) })
        else { throw .unsigned }
        guard let person = setting.plan.approvals.keys.first(where: { $0.name == consent.by }) else { throw .stranger }
        guard let key = person.keys.first(where: { $0.fingerprint == consent.facts[Key.key] }) else { throw .otherKey }
        let approval = Approval(
            plan: setting.plan.digest, topic: consent.topic, attempt: attempt, tenants: consent.facts[Key.tenants] ?? "",
            evidence: consent.facts[Key.evidence] ?? "", expires: expires, reason: consent.reason,
            facts: consent.facts.filter { !Key.all.contains($0.key) })
        guard key.isValid(signature, over: approval.text) else { throw .forged }
        if expires <= setting.now { throw .expired }
        if approval.attempt != setting.attempt { throw .otherAttempt }
        if !setting.tenants.contains(approval.tenants) { throw .otherTenants }
        if approval.evidence != setting.evidence { throw .otherEvidence }
    }
}
