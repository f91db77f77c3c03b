/// A name that cannot be mistaken for another kind of name: a `TenantID` does not fit where a `StepID` is wanted.
public struct Name<Of>: Hashable, Comparable, Sendable, Codable, ExpressibleByStringLiteral, CustomStringConvertible {
    public let text: String

    public init(_ text: String) { self.text = text }
    public init(stringLiteral value: String) { self.text = value }

    public init(from decoder: any Decoder) throws {
        self.text = try decoder.singleValueContainer().decode(String.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    public var description: String { text }
    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

public enum TenantName {}
public enum PhaseName {}
public enum StepName {}
public enum StepKindName {}
public enum StreamName {}
public enum OperatorName {}
public enum OperationName {}
public enum OperationKindName {}
public enum JournalName {}

public typealias TenantID = Name<TenantName>
public typealias PhaseID = Name<PhaseName>
public typealias StepID = Name<StepName>
public typealias StepKind = Name<StepKindName>
public typealias StreamID = Name<StreamName>
public typealias OperatorID = Name<OperatorName>
public typealias OperationID = Name<OperationName>
public typealias OperationKind = Name<OperationKindName>
public typealias JournalID = Name<JournalName>

extension StreamID {
    /// The stream of what concerns no single tenant: waves, and holds of the fleet.
    public static let fleet: StreamID = "@fleet"
    public init(_ tenant: TenantID) { self.init(tenant.text) }
}

/// One step of one tenant, printed `acme/A1/backfill.copy` everywhere.
public struct StepRef: Hashable, Sendable, CustomStringConvertible {
    public let tenant: TenantID
    public let phase: PhaseID
    public let step: StepID

    public init(tenant: TenantID, phase: PhaseID, step: StepID) {
        self.tenant = tenant
        self.phase = phase
        self.step = step
    }

    /// Nil unless `text` has exactly three parts.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        self.init(tenant: TenantID(parts[0]), phase: PhaseID(parts[1]), step: StepID(parts[2]))
    }

    public var description: String { "\(tenant)/\(phase)/\(step)" }
    /// The part that is the same for all tenants: `A1/backfill.copy`.
    public var place: String { "\(phase)/\(step)" }
}
