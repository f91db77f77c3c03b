/// What may hold the copy back. A limit that is nil is not set; 0, or an empty path, says that there is none.
public struct ThrottleLimits: Sendable, Codable, Equatable {
    /// Sessions at work in the tenant's cluster, ours left out.
    public var connections: Int?
    public var replicationLagMilliseconds: Int?
    /// The 95th percentile of what a recall through the agents' own door takes.
    public var doorP95Milliseconds: Int?
    /// Rest after each chunk, as a multiple of the time it took.
    public var nice: Double?
    /// While this file is there, nothing is copied and nothing looked at.
    public var pauseFile: String?

    public init(
        connections: Int? = nil, replicationLagMilliseconds: Int? = nil, doorP95Milliseconds: Int? = nil, nice: Double? = nil, pauseFile: String? = nil
    ) {
        self.connections = connections
        self.replicationLagMilliseconds = replicationLagMilliseconds
        self.doorP95Milliseconds = doorP95Milliseconds
        self.nice = nice
        self.pauseFile = pauseFile
    }

    /// These limits, where `changes` does not set others.
    public func overlaid(by changes: ThrottleLimits) -> ThrottleLimits {
        ThrottleLimits(
            connections: changes.connections ?? connections,
            replicationLagMilliseconds: changes.replicationLagMilliseconds ?? replicationLagMilliseconds,
            doorP95Milliseconds: changes.doorP95Milliseconds ?? doorP95Milliseconds, nice: changes.nice ?? nice,
            pauseFile: changes.pauseFile ?? pauseFile)
    }
}

/// What was measured last.
public struct ThrottleReadings: Sendable, Equatable {
    public enum Gauge: Sendable, Equatable {
        /// There is nothing of the kind: no standby, no sample wanted.
        case nothing
        /// It could not be read, and why.
        case unknown(String)
        case value(Int)
    }

    public var connections: Gauge
    public var replicationLagMilliseconds: Gauge
    public var doorP95Milliseconds: Gauge
    public var pauseFileIsThere: Bool
    /// Who holds the copy, and why.
    public var heldBy: String?

    public init(
        connections: Gauge = .nothing, replicationLagMilliseconds: Gauge = .nothing, doorP95Milliseconds: Gauge = .nothing,
        pauseFileIsThere: Bool = false, heldBy: String? = nil
    ) {
        self.connections = connections
        self.replicationLagMilliseconds = replicationLagMilliseconds
        self.doorP95Milliseconds = doorP95Milliseconds
        self.pauseFileIsThere = pauseFileIsThere
        self.heldBy = heldBy
    }
}
