/// A named check that a named person has set aside, for a reason and for a while.
public struct Waiver: Sendable, Codable, Equatable {
    /// The step's place.
    public let step: String
    /// The claim of the gate.
    public let check: String
    public let by: OperatorID
    public let reason: String
    public let expires: String
    /// It lets one person decide what the plan wants several for.
    public let brokeGlass: Bool

    public static let expiresKey = "expires"
    public static let glassKey = "brokeGlass"

    /// Nil for a consent to anything else, or one without an end.
    init?(_ consent: Consent) {
        guard let step = Self.place(of: consent.topic), let expires = consent.facts[Self.expiresKey], Timestamp(expires) != nil else { return nil }
        self.step = step
        self.check = String(consent.topic.dropFirst(Self.prefix.count + step.count + 1))
        self.by = consent.by
        self.reason = consent.reason
        self.expires = expires
        self.brokeGlass = consent.facts[Self.glassKey] == "true"
    }

    private static let prefix = "waiver/"

    public static func topic(_ place: String, _ claim: String) -> String { "\(prefix)\(place)/\(claim)" }

    /// Nil where the topic is no waiver's. A place has two parts.
    static func place(of topic: String) -> String? {
        guard topic.hasPrefix(prefix) else { return nil }
        let parts = topic.dropFirst(prefix.count).split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        return parts.count == 3 ? "\(parts[0])/\(parts[1])" : nil
    }

    /// What is recorded in place of what the check would have said.
    func evidence(insteadOf verdict: Gate.Verdict) -> Evidence {
        Evidence(["waived by": by.text, "until": expires, "because": reason, "was": "\(verdict.answer): \(verdict.detail)"])
    }
}

/// Topics of what people attest.
public enum Attestation {
    public static let stages = ["A", "B", "C"]
    public static func stage(_ stage: String) -> String { "stage/\(stage)" }
    public static func blocker(_ name: String) -> String { "blocker/\(name)" }
}

extension Gate {
    var mayBeWaived: Bool { if case .never = waiving { false } else { true } }
}

extension Engine {
    /// The waivers that count now: not run out, by somebody the plan lets approve, and signed where it names keys.
    public func waivers(of tenant: TenantID) async throws(EngineError) -> [Waiver] { waivers(try await consents(try await standing(of: tenant)).valid) }

    /// What has been set aside of the step, whether it counts or not: not ended, and not gone with the step.
    public func recordedWaivers(of planned: PlannedStep, for tenant: TenantID) async throws(EngineError) -> [Waiver] {
        try await standing(of: tenant).consents.compactMap { Waiver($0) }.filter { $0.step == planned.place }
    }

    /// - Parameter consents: those that are signed as they should be.
    func waivers(_ consents: [Consent]) -> [Waiver] {
        consents.compactMap { Waiver($0) }.filter { waiver in
            let rule = plan.approvals
            let may = (rule.from.isEmpty || rule.from.contains(waiver.by)) && !(rule.notAuthor && waiver.by == plan.author)
            return may && Timestamp(waiver.expires).map { $0 > time.now } ?? false
        }
    }

    /// The checks of a step as a waiver would name them. A wait's samples are one, and never to be waived.
    public func checks(of planned: PlannedStep, for tenant: TenantID) async throws(EngineError) -> [(claim: String, waiving: Gate.Waiving)] {
        let (_, step) = try find(planned.ref(for: tenant))
        let gates = try await gates(of: step, planned, try await standing(of: tenant))
        let samples: [(String, Gate.Waiving)] = step.isWait ? [("the window is clean", .never(because: "its samples are the evidence that nothing was lost"))] : []
        let consent: [(String, Gate.Waiving)] = step.isReversible ? [] : [("a person consented to what can't be undone", .never(because: "nothing brings back what the step removes"))]
        return gates.map { ($0.claim, $0.waiving) } + samples + consent
    }
}
