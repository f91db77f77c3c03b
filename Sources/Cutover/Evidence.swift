/// Facts recorded about the world, by name. Never a secret: whatever stands here is journalled and shown.
public struct Evidence: Sendable, Codable, Equatable {
    public let facts: [String: String]
    public init(_ facts: [String: String] = [:]) { self.facts = facts }
    public func merging(_ other: Evidence) -> Evidence { Evidence(facts.merging(other.facts) { _, new in new }) }
}

/// What `verify` saw of a step's effect.
public enum Finding: Sendable, Equatable {
    /// Nothing of the effect is there.
    case absent(Evidence)
    /// Some of it is there: the step can be performed again or reverted.
    case partial(Evidence)
    case inPlace(Evidence)
    /// The world did not answer. Never folded into failure.
    case unknown(String)
}

/// Why a step stopped, what that left behind, and what to type next.
public struct StepFailure: Error, Sendable, Codable, Equatable {
    public enum Effect: String, Sendable, Codable {
        case nothingChanged, partlyChanged, unknown
        /// Begun, and it goes on by itself on the host: nothing failed but our watching it.
        case goesOn
    }
    public let what: String
    public let effect: Effect
    public let next: String
    public init(_ what: String, effect: Effect, next: String) {
        self.what = what
        self.effect = effect
        self.next = next
    }
}

/// A person's recorded agreement to a topic: a step's place, a class of exceptions, an access change.
/// Only the fold of the journal makes one.
public struct Consent: Sendable, Equatable {
    public let by: OperatorID
    public let topic: String
    public let reason: String
    public let at: Timestamp
    public let facts: [String: String]
    init(by: OperatorID, topic: String, reason: String, at: Timestamp, facts: [String: String]) {
        self.by = by
        self.topic = topic
        self.reason = reason
        self.at = at
        self.facts = facts
    }
}
