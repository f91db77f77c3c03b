/// How many ids a transaction takes: fewer after it took long or collided, more while all goes well.
///
/// A transaction of the writer should end within 300 ms; with its waits it then stays below the server's `deadlock_timeout`,
/// so that an agent is not chosen as a deadlock's victim.
struct Pace: Sendable {
    private var batch = 500
    private var chunk = 500
    private(set) var lastCopyRowWasRefused = false

    func rows(atMost limit: Int) -> Int { max(1, min(batch, limit)) }
    func copyRows(atMost limit: Int) -> Int { max(1, min(chunk, limit)) }

    mutating func took(_ time: Duration) {
        batch = Self.next(batch, time, atMost: 1000)
    }

    mutating func copyTook(_ time: Duration) {
        chunk = Self.next(chunk, time, atMost: 1500)
        lastCopyRowWasRefused = false
    }

    /// `refused`: no agent stood in the way, the row itself did.
    mutating func copyCollided(rows: Int, refused: Bool) {
        lastCopyRowWasRefused = refused && rows == 1
        chunk = max(1, rows / 2)
    }

    private static func next(_ size: Int, _ time: Duration, atMost limit: Int) -> Int {
        // Below this many the time goes into the statements themselves: fewer ids would only make the writer fall behind.
        if time > .milliseconds(250) { return min(size, max(32, size / 2)) }
        return time > .milliseconds(150) ? size : min(limit, size + max(1, size / 4))
    }
}
