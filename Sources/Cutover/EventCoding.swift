/// The one table between `Event.Change` and its stored words.
extension Event.Change {
    public var kind: String {
        switch self {
        case .planAdopted: "planAdopted"
        case .gateAssessed: "gateAssessed"
        case .approved: "approved"
        case .waived: "waived"
        case .waiverEnded: "waiverEnded"
        case .started: "started"
        case .checkpointed: "checkpointed"
        case .setAside: "setAside"
        case .performed: "performed"
        case .verified: "verified"
        case .failed: "failed"
        case .becameUnknown: "becameUnknown"
        case .waitBegan: "waitBegan"
        case .waitResumed: "waitResumed"
        case .tended: "tended"
        case .clockRead: "clockRead"
        case .rechecked: "rechecked"
        case .revertRequested: "revertRequested"
        case .revertStarted: "revertStarted"
        case .reverted: "reverted"
        case .reopened: "reopened"
        case .held: "held"
        case .released: "released"
        case .quarantined: "quarantined"
        case .recovered: "recovered"
        case .abandoned: "abandoned"
        case .waveOpened: "waveOpened"
        case .planKept: "planKept"
        case .fleetHeld: "fleetHeld"
        case .fleetReleased: "fleetReleased"
        case .previewUsed: "previewUsed"
        case .errandBegan: "errandBegan"
        case .errandEnded: "errandEnded"
        case .errandFailed: "errandFailed"
        case .adjustmentAsked: "adjustmentAsked"
        case .adjustmentAnswered: "adjustmentAnswered"
        }
    }

    /// Every word that `kind` can be.
    public static let kinds = [
        "planAdopted", "gateAssessed", "approved", "waived", "waiverEnded", "started", "checkpointed", "setAside", "performed", "verified", "failed",
        "becameUnknown", "waitBegan", "waitResumed", "tended", "clockRead", "rechecked", "revertRequested", "revertStarted", "reverted", "reopened", "held", "released",
        "quarantined", "recovered", "abandoned", "waveOpened", "planKept", "fleetHeld", "fleetReleased", "previewUsed", "errandBegan", "errandEnded",
        "errandFailed", "adjustmentAsked", "adjustmentAnswered",
    ]

    public var ref: StepRef? {
        switch self {
        case .gateAssessed(let ref, _, _), .waived(let ref, _, _, _), .waiverEnded(let ref, _, _), .started(let ref, _), .checkpointed(let ref, _), .setAside(let ref, _, _), .performed(let ref, _),
            .verified(let ref, _), .failed(let ref, _), .becameUnknown(let ref, _), .waitBegan(let ref), .waitResumed(let ref, _, _), .tended(let ref, _), .clockRead(let ref, _, _, _),
            .revertStarted(let ref, _), .reverted(let ref, _), .rechecked(let ref, _):
            ref
        case .abandoned(let ref, _, _): ref
        case .planAdopted, .approved, .revertRequested, .reopened, .held, .released, .quarantined, .recovered, .waveOpened, .fleetHeld, .fleetReleased, .planKept, .previewUsed, .errandBegan, .errandEnded,
            .errandFailed, .adjustmentAsked, .adjustmentAnswered:
            nil
        }
    }

    /// Notes of people, which need no lease: they only ask, and the holder of the lease acts on them.
    public var isNote: Bool {
        switch self {
        case .approved, .waived, .waiverEnded, .revertRequested, .reopened, .held, .released, .fleetHeld, .fleetReleased, .adjustmentAsked, .adjustmentAnswered: true
        default: false
        }
    }

    public var facts: [String: String] {
        switch self {
        case .planAdopted(let digest, let name, let revision, let wave):
            ["digest": digest, "name": name, "revision": String(revision), "wave": wave]
        case .gateAssessed(_, let claim, let verdict): Self.facts(claim: claim, verdict)
        case .approved(let topic, let reason, let facts):
            Self.prefixed("about.", facts).merging(["topic": topic, "reason": reason]) { _, new in new }
        case .abandoned(_, let reason, let facts): Self.prefixed("about.", facts).merging(["reason": reason]) { _, new in new }
        case .waived(_, let claim, let reason, let facts):
            Self.prefixed("about.", facts).merging(["claim": claim, "reason": reason]) { _, new in new }
        case .waiverEnded(_, let claim, let reason): ["claim": claim, "reason": reason]
        case .started(_, let attempt), .revertStarted(_, let attempt): ["attempt": String(attempt)]
        case .checkpointed(_, let evidence), .performed(_, let evidence), .reverted(_, let evidence): evidence.facts
        case .setAside(_, let until, let evidence): Self.prefixed("fact.", evidence.facts).merging(["until": until.description]) { _, new in new }
        case .verified(_, let finding), .rechecked(_, let finding): Self.facts(finding)
        case .failed(_, let failure): Self.facts(failure)
        case .becameUnknown(_, let detail): ["detail": detail]
        case .waitBegan: [:]
        case .waitResumed(_, let began, let since): ["began": began.text, "since": since.description]
        case .clockRead(_, let from, let stretches, let skew):
            Dictionary(uniqueKeysWithValues: stretches.enumerated().map { ("stretch.\(from + $0.offset)", $0.element.text) })
                .merging(["from": String(from)]) { _, new in new }.merging(skew.map { ["skew": $0.text] } ?? [:]) { _, new in new }
        case .tended(_, let reason), .reopened(let reason), .held(let reason), .released(let reason), .quarantined(let reason):
            ["reason": reason]
        case .revertRequested(let step, let reason): ["to": step?.text ?? "start", "reason": reason]
        case .fleetHeld(let wave, let reason), .fleetReleased(let wave, let reason): ["wave": wave ?? "", "reason": reason]
        case .recovered(let reason, let evidence): Self.prefixed("fact.", evidence.facts).merging(["reason": reason]) { _, new in new }
        case .waveOpened(let name, let tenants): ["name": name, "tenants": tenants.map(\.text).joined(separator: " ")]
        case .planKept(let digest, let text): ["digest": digest, "plan": text]
        case .previewUsed(let preview, let plan, let tenants):
            ["preview": preview, "plan": plan, "tenants": tenants.map(\.text).joined(separator: " ")]
        case .errandBegan(let kind, let reason, let intent), .adjustmentAsked(let kind, let reason, let intent):
            Self.prefixed("fact.", intent.facts).merging(["operation": kind.text, "reason": reason]) { _, new in new }
        case .errandEnded(let kind, let evidence): Self.prefixed("fact.", evidence.facts).merging(["operation": kind.text]) { _, new in new }
        case .adjustmentAnswered(let kind, let outcome): ["operation": kind.text, "outcome": outcome]
        case .errandFailed(let kind, let failure): Self.facts(failure).merging(["operation": kind.text]) { _, new in new }
        }
    }

    /// Nil when `kind` is not known or a fact it needs is missing.
    public init?(kind: String, step: StepRef?, facts: [String: String]) {
        if let ref = step, let change = Self.ofStep(kind, ref, facts) {
            self = change
        } else if step == nil, let change = Self.ofTenant(kind, facts) {
            self = change
        } else {
            return nil
        }
    }

    private static func ofStep(_ kind: String, _ ref: StepRef, _ facts: [String: String]) -> Self? {
        let attempt = facts["attempt"].flatMap(Int.init)
        switch kind {
        case "gateAssessed": return facts["claim"].flatMap { claim in verdict(facts).map { .gateAssessed(ref, claim: claim, $0) } }
        case "waived":
            guard let claim = facts["claim"], let reason = facts["reason"] else { return nil }
            return .waived(ref, claim: claim, reason: reason, facts: unprefixed("about.", facts))
        case "waiverEnded":
            guard let claim = facts["claim"], let reason = facts["reason"] else { return nil }
            return .waiverEnded(ref, claim: claim, reason: reason)
        case "abandoned": return facts["reason"].map { .abandoned(ref, reason: $0, facts: unprefixed("about.", facts)) }
        case "started": return attempt.map { .started(ref, attempt: $0) }
        case "checkpointed": return .checkpointed(ref, Evidence(facts))
        case "setAside":
            return facts["until"].flatMap(Timestamp.init).map { .setAside(ref, until: $0, Evidence(unprefixed("fact.", facts))) }
        case "performed": return .performed(ref, Evidence(facts))
        case "verified": return finding(facts).map { .verified(ref, $0) }
        case "rechecked": return finding(facts).map { .rechecked(ref, $0) }
        case "failed": return failure(facts).map { .failed(ref, $0) }
        case "becameUnknown": return facts["detail"].map { .becameUnknown(ref, detail: $0) }
        case "waitBegan": return .waitBegan(ref)
        case "waitResumed":
            guard let began = facts["began"], let since = facts["since"].flatMap(Timestamp.init) else { return nil }
            return .waitResumed(ref, began: OperationID(began), since: since)
        case "tended": return facts["reason"].map { .tended(ref, reason: $0) }
        case "clockRead":
            guard let from = facts["from"].flatMap({ Int($0) }), (0...1_000_000_000).contains(from) else { return nil }
            let skew = facts["skew"].flatMap { ClockSkew($0) }
            guard (skew == nil) == (facts["skew"] == nil) else { return nil }
            let lines = (from..<from + facts.count - (skew == nil ? 1 : 2)).map { facts["stretch.\($0)"].flatMap { Stretch($0) } }
            return lines.contains { $0 == nil } ? nil : .clockRead(ref, from: from, lines.compactMap { $0 }, skew: skew)
        case "revertStarted": return attempt.map { .revertStarted(ref, attempt: $0) }
        case "reverted": return .reverted(ref, Evidence(facts))
        default: return nil
        }
    }

    private static func ofTenant(_ kind: String, _ facts: [String: String]) -> Self? {
        let reason = facts["reason"]
        switch kind {
        case "planAdopted":
            guard let digest = facts["digest"], let name = facts["name"], let wave = facts["wave"],
                let revision = facts["revision"].flatMap(Int.init)
            else { return nil }
            return .planAdopted(digest: digest, name: name, revision: revision, wave: wave)
        case "approved":
            guard let topic = facts["topic"], let reason else { return nil }
            return .approved(topic: topic, reason: reason, facts: unprefixed("about.", facts))
        case "revertRequested":
            guard let to = facts["to"], let reason else { return nil }
            return .revertRequested(to: to == "start" ? nil : StepID(to), reason: reason)
        case "reopened": return reason.map { .reopened(reason: $0) }
        case "held": return reason.map { .held(reason: $0) }
        case "released": return reason.map { .released(reason: $0) }
        case "quarantined": return reason.map { .quarantined(reason: $0) }
        case "abandoned": return reason.map { .abandoned(nil, reason: $0, facts: unprefixed("about.", facts)) }
        case "recovered": return reason.map { .recovered(reason: $0, Evidence(unprefixed("fact.", facts))) }
        case "fleetHeld", "fleetReleased":
            guard let wave = facts["wave"], let reason else { return nil }
            let scope = wave.isEmpty ? nil : wave
            return kind == "fleetHeld" ? .fleetHeld(wave: scope, reason: reason) : .fleetReleased(wave: scope, reason: reason)
        case "waveOpened":
            guard let name = facts["name"], let tenants = facts["tenants"] else { return nil }
            return .waveOpened(name: name, tenants: tenants.split(separator: " ").map { TenantID(String($0)) })
        case "planKept":
            guard let digest = facts["digest"], let text = facts["plan"] else { return nil }
            return .planKept(digest: digest, text: text)
        case "previewUsed":
            guard let preview = facts["preview"], let plan = facts["plan"], let tenants = facts["tenants"] else { return nil }
            return .previewUsed(preview, plan: plan, tenants: tenants.split(separator: " ").map { TenantID(String($0)) })
        default: return ofErrand(kind, facts)
        }
    }

    private static func ofErrand(_ kind: String, _ facts: [String: String]) -> Self? {
        guard let operation = facts["operation"].map({ OperationKind($0) }) else { return nil }
        let evidence = Evidence(unprefixed("fact.", facts))
        switch kind {
        case "errandBegan": return facts["reason"].map { .errandBegan(operation, reason: $0, evidence) }
        case "errandEnded": return .errandEnded(operation, evidence)
        case "adjustmentAsked": return facts["reason"].map { .adjustmentAsked(operation, reason: $0, evidence) }
        case "adjustmentAnswered": return facts["outcome"].map { .adjustmentAnswered(operation, outcome: $0) }
        case "errandFailed": return failure(facts).map { .errandFailed(operation, $0) }
        default: return nil
        }
    }

    private static func facts(_ failure: StepFailure) -> [String: String] {
        ["what": failure.what, "effect": failure.effect.rawValue, "next": failure.next]
    }

    private static func failure(_ facts: [String: String]) -> StepFailure? {
        guard let what = facts["what"], let next = facts["next"], let effect = facts["effect"].flatMap(StepFailure.Effect.init(rawValue:))
        else { return nil }
        return StepFailure(what, effect: effect, next: next)
    }

    private static func prefixed(_ prefix: String, _ facts: [String: String]) -> [String: String] {
        Dictionary(uniqueKeysWithValues: facts.map { (prefix + $0.key, $0.value) })
    }

    private static func unprefixed(_ prefix: String, _ facts: [String: String]) -> [String: String] {
        Dictionary(uniqueKeysWithValues: facts.filter { $0.key.hasPrefix(prefix) }.map { (String($0.key.dropFirst(prefix.count)), $0.value) })
    }

    private static func facts(claim: String, _ verdict: Gate.Verdict) -> [String: String] {
        let base = ["claim": claim, "answer": verdict.answer]
        switch verdict {
        case .open(let evidence): return prefixed("fact.", evidence.facts).merging(base) { _, new in new }
        case .shut(let why), .unknown(let why): return base.merging(["detail": why]) { _, new in new }
        }
    }

    private static func verdict(_ facts: [String: String]) -> Gate.Verdict? {
        switch facts["answer"] {
        case "open": .open(Evidence(unprefixed("fact.", facts)))
        case "shut": facts["detail"].map { .shut($0) }
        case "unknown": facts["detail"].map { .unknown($0) }
        default: nil
        }
    }

    private static func facts(_ finding: Finding) -> [String: String] {
        let (word, evidence): (String, Evidence) =
            switch finding {
            case .absent(let evidence): ("absent", evidence)
            case .partial(let evidence): ("partial", evidence)
            case .inPlace(let evidence): ("inPlace", evidence)
            case .unknown(let detail): ("unknown", Evidence(["detail": detail]))
            }
        return prefixed("fact.", evidence.facts).merging(["finding": word]) { _, new in new }
    }

    private static func finding(_ facts: [String: String]) -> Finding? {
        let evidence = Evidence(unprefixed("fact.", facts))
        return switch facts["finding"] {
        case "absent": .absent(evidence)
        case "partial": .partial(evidence)
        case "inPlace": .inPlace(evidence)
        case "unknown": .unknown(evidence.facts["detail"] ?? "")
        default: nil
        }
    }
}
