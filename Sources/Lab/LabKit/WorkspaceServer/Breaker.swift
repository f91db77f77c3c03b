/// Opens for 60 seconds after three failures in a row; any success in between starts the count anew.
struct Breaker: Sendable {
    static let failuresToOpen = 3
    static let openSeconds = 60.0

    private var failures = 0
    private var openUntil = 0.0

    init() {}

    func isOpen(at seconds: Double) -> Bool { seconds < openUntil }

    mutating func succeeded() { failures = 0 }

    mutating func failed(at seconds: Double) {
        failures += 1
        guard failures >= Self.failuresToOpen else { return }
        failures = 0
        openUntil = seconds + Self.openSeconds
    }
}
