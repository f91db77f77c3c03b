public import Cutover

/// A host's clocks at one moment, and the clock of the database that runs there.
public struct ClockFace: Sendable, Equatable {
    /// UTC by the host: it can be set, and drifts.
    public let wall: Timestamp
    /// Seconds since boot.
    public let monotonic: Double
    public let boot: String
    public let database: Timestamp
    public init(wall: Timestamp, monotonic: Double, boot: String, database: Timestamp) {
        self.wall = wall
        self.monotonic = monotonic
        self.boot = boot
        self.database = database
    }
}
