import HTTP

/// Lets as many requests through at once as the flight limit says, and tells it what became of them.
actor FlightGate {
    enum Fate {
        case answered
        case refused(retryAfter: Double?)
        /// Says nothing about how much the server can take.
        case neither
    }

    private var limit: FlightLimit
    private var inFlight = 0
    private var waiting: [(behind: Int, continuation: CheckedContinuation<Void, Never>)] = []
    private let began = ContinuousClock.now
    private let chance: @Sendable () -> Double

    init(_ bounds: FlightLimit.Bounds, chance: @escaping @Sendable () -> Double) {
        limit = FlightLimit(bounds)
        self.chance = chance
    }

    private var now: Double { Self.seconds(ContinuousClock.now - began) }
    var present: Int { limit.limit }
    var isWaitedFor: Int { waiting.count }

    /// Returns when a request may be sent: the moment, to be handed back with its fate. Throws when the task was cancelled.
    /// - Parameter behind: how many wait for this one to end. Of those that wait who has most behind him goes first.
    func enter(behind: Int = .max) async throws -> Double {
        do { return try await enterUnlessCancelled(behind) } catch {
            // Who was woken and goes away instead has to wake the next: nobody else may come this way.
            if inFlight == 0 { wakeNext() }
            throw error
        }
    }

    private func wakeNext() {
        guard let next = waiting.indices.max(by: { waiting[$0].behind < waiting[$1].behind }) else { return }
        waiting.remove(at: next).continuation.resume()
    }

    private func enterUnlessCancelled(_ behind: Int) async throws -> Double {
        while true {
            try Task.checkCancellation()
            let now = now
            if limit.mayBegin(inFlight: inFlight, at: now) {
                inFlight += 1
                return now
            }
            if now < limit.quietUntil {
                // In pieces, so that a cancelled task does not sit out an hour that the server asked for.
                try await Task.sleep(for: .seconds(min(0.2, limit.quietUntil - now + 0.001)))
            } else {
                // Somebody is in flight and will leave: each request has a timeout.
                await withCheckedContinuation { waiting.append((behind, $0)) }
            }
        }
    }

    func leave(_ entered: Double, _ fate: Fate) {
        inFlight -= 1
        switch fate {
        case .answered: limit.answered(began: entered, at: now)
        case .refused(let seconds): limit.refused(began: entered, at: now, retryAfter: seconds, chance: chance())
        case .neither: break
        }
        // When nobody is in flight any more, nobody will come this way again: one at least has to be woken.
        let room = max(limit.limit - inFlight, inFlight == 0 ? 1 : 0)
        for _ in 0..<max(0, min(room, waiting.count)) { wakeNext() }
    }

    private static func seconds(_ time: Duration) -> Double {
        Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
    }
}
