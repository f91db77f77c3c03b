/// Whether the copy may go on, and if not, which bound holds it. Pure: limits and readings in, a decision out.
public struct Throttle: Sendable, Equatable {
    public enum Bound: String, Sendable, Codable, CaseIterable { case hold, pauseFile, connections, replicationLag, doorP95 }

    /// A bound that holds, with what was read and what is allowed, as people read them.
    public struct Hold: Sendable, Codable, Equatable, CustomStringConvertible {
        public let bound: Bound
        public let value: String
        public let limit: String

        public init(_ bound: Bound, value: String, limit: String) {
            self.bound = bound
            self.value = value
            self.limit = limit
        }

        public var description: String {
            switch bound {
            case .hold: "held \(value)"
            case .pauseFile: "the pause file \(limit) is there"
            case .connections: "\(value) connections are at work, \(limit) are allowed"
            case .replicationLag: "replication is \(value) behind, \(limit) is allowed"
            case .doorP95: "the agents' door takes \(value) (p95), \(limit) is allowed"
            }
        }
    }

    /// Empty when the copy may go on. The first is the one to name.
    public let holds: [Hold]
    /// Limits whose reading could not be had.
    public let unknown: [Bound]
    /// How long to rest after a chunk, as a multiple of the time it took.
    public let copyRest: Double
    /// The same for looks at what agents changed. Nil: not even those.
    ///
    /// Load makes looks rest as long as they work, and no more: stopping them would only let the log grow, and the work is the same later.
    /// A pause file stops them, because a person asked; a hold of the tenant stops the copy alone.
    public let lookRest: Double?

    public var copies: Bool { holds.isEmpty }

    public static func decide(_ limits: ThrottleLimits, _ readings: ThrottleReadings) -> Throttle {
        var holds: [Hold] = []
        var unknown: [Bound] = []
        if let by = readings.heldBy { holds.append(Hold(.hold, value: by, limit: "nobody holds it")) }
        if let path = limits.pauseFile, !path.isEmpty, readings.pauseFileIsThere { holds.append(Hold(.pauseFile, value: "there", limit: path)) }
        func judge(_ bound: Bound, _ gauge: ThrottleReadings.Gauge, _ limit: Int?, _ unit: String) {
            guard let limit, limit > 0 else { return }
            switch gauge {
            case .nothing: break
            case .unknown: unknown.append(bound)
            case .value(let value): if value > limit { holds.append(Hold(bound, value: "\(value)\(unit)", limit: "\(limit)\(unit)")) }
            }
        }
        judge(.connections, readings.connections, limits.connections, "")
        judge(.replicationLag, readings.replicationLagMilliseconds, limits.replicationLagMilliseconds, " ms")
        judge(.doorP95, readings.doorP95Milliseconds, limits.doorP95Milliseconds, " ms")
        let nice = max(0, limits.nice ?? 0)
        let loaded = holds.contains { [.connections, .replicationLag, .doorP95].contains($0.bound) }
        // What can't be read slows down and does not stop: a role without the right to see sessions must not keep a tenant from ever moving.
        return Throttle(
            holds: holds, unknown: unknown, copyRest: unknown.isEmpty ? nice : max(nice, 1),
            lookRest: holds.contains { $0.bound == .pauseFile } ? nil : loaded || !unknown.isEmpty ? 1 : 0)
    }

    /// Nothing is limited.
    public static let open = decide(ThrottleLimits(), ThrottleReadings())
}
