/// What can be wrong with a tenant, as the rollout's budget sees it.
public enum Trouble: String, Sendable, Codable, CaseIterable {
    /// A step or its way back failed.
    case failed
    /// The outcome of a step is not known.
    case unknown
    /// Nothing that was asked of its host was answered.
    case unreachable
    /// A gate is shut.
    case gated
    case quarantined

    /// Those that may stay behind within an allowance of their own.
    public static let straggling: Set<Trouble> = [.unreachable, .quarantined]
    public static let countedByDefault: Set<Trouble> = [.failed, .unknown]
}

/// How much of a rollout's allowances is spent at one moment.
public struct Spending: Sendable, Equatable {
    public let inMotion: Int
    /// Tenants between the step that exposes them and the one that ends it.
    public let exposed: Int
    /// Tenants whose trouble counts, and stragglers beyond their allowance.
    public let failures: Int
    public let stragglers: Int
    public let troubles: [Trouble: Int]

    public init(_ statuses: some Collection<TenantStatus>, under rollout: Rollout) {
        inMotion = statuses.count(where: \.isInMotion)
        exposed = statuses.count { $0.exposed == true }
        troubles = statuses.reduce(into: [:]) { counts, status in
            if let trouble = status.trouble { counts[trouble, default: 0] += 1 }
        }
        let (counted, straggling) = (rollout.counted, Trouble.straggling.subtracting(rollout.counted))
        stragglers = troubles.filter { straggling.contains($0.key) }.values.reduce(0, +)
        failures = troubles.filter { counted.contains($0.key) }.values.reduce(0, +) + max(0, stragglers - rollout.stragglers)
    }
}
