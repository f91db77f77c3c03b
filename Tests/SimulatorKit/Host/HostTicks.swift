import Cutover

/// The clocks of a simulated host: they can be set, drift, and begin anew with a boot.
struct HostTicks: Sendable {
    private var bootedAt: Timestamp
    private var boots = 0
    /// How far the wall clock was off at `since`, in milliseconds, and how fast it runs away from there.
    private var offset: Int64 = 0
    private var partsPerMillion = 0
    private var since: Timestamp

    init(_ now: Timestamp) {
        // It has been up for a day.
        bootedAt = now.adding(seconds: -86_400)
        since = now
    }

    func read(_ now: Timestamp) -> ClockFace {
        let wall = Timestamp(milliseconds: now.milliseconds + off(now))
        return ClockFace(wall: wall, monotonic: now.seconds(since: bootedAt), boot: "boot-\(boots)", database: wall)
    }

    private func off(_ now: Timestamp) -> Int64 { offset + (now.milliseconds - since.milliseconds) * Int64(partsPerMillion) / 1_000_000 }

    /// Somebody sets the wall clock forward, or back.
    mutating func set(by seconds: Int, _ now: Timestamp) {
        offset = off(now) + Int64(seconds) * 1000
        since = now
    }

    mutating func drift(partsPerMillion: Int, _ now: Timestamp) {
        offset = off(now)
        since = now
        self.partsPerMillion = partsPerMillion
    }

    mutating func boot(_ now: Timestamp) {
        boots += 1
        bootedAt = now
    }
}
