import Foundation

/// How many calls a second there may be, for all who make any: tokens that come at a rate. A refusal halves the rate, answers bring it back.
actor CallBudget {
    private let most: Double
    private let burst: Double
    private(set) var rate: Double
    private var tokens: Double
    private var counted = ContinuousClock.now

    init(perSecond: Double, burst: Double) {
        (most, rate, self.burst, tokens) = (perSecond, perSecond, burst, burst)
    }

    /// Waits for its turn. Throws when the task was cancelled; then nothing was taken.
    func take() async throws(CancellationError) {
        let now = ContinuousClock.now
        tokens = min(burst, tokens + Self.seconds(now - counted) * rate) - 1
        counted = now
        guard tokens < 0 else { return }
        do { try await Task.sleep(for: .seconds(-tokens / rate)) } catch {
            tokens += 1
            throw CancellationError()
        }
    }

    func refused() {
        rate = max(most / 64, rate / 2)
        tokens = min(tokens, 0)
    }

    func answered() { rate = min(most, rate + most / 100) }

    private static func seconds(_ duration: Duration) -> Double { Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18 }
}

/// The pause before another attempt: anything between nothing and a bound that doubles, so that those who were refused together do not come
/// back together.
enum FullJitter {
    static let longestSeconds = 20.0

    /// - Parameters:
    ///   - attempt: 0 for the first pause.
    ///   - chance: 0..<1.
    static func pauseSeconds(attempt: Int, first: Double, chance: Double) -> Double { chance * min(longestSeconds, first * Double(1 << min(attempt, 20))) }
}
