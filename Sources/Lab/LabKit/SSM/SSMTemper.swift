import Foundation
import Synchronization

/// The faults of the moment, the account's allowance, and what was called so far.
final class SSMTemper: Sendable {
    private struct State {
        var faults: LabSSMFaults
        var calls: [String: Int] = [:]
        var tokens: Double
        var filled = ContinuousClock.now
    }

    private let state: Mutex<State>

    init(_ faults: LabSSMFaults) { state = Mutex(State(faults: faults, tokens: faults.burst)) }

    var faults: LabSSMFaults { state.withLock { $0.faults } }
    /// By operation, throttled ones among them.
    var calls: [String: Int] { state.withLock { $0.calls } }

    func change(_ body: (inout LabSSMFaults) -> Void) {
        state.withLock { state in
            body(&state.faults)
            state.tokens = min(state.tokens, state.faults.burst)
        }
    }

    func state(_ instance: String) -> LabSSMFaults.HostState { faults.hosts[instance] ?? .online }

    func takesDuplicate() -> Bool { state.withLock { Self.takes(&$0.faults.duplicates) } }
    func takesRestart() -> Bool { state.withLock { Self.takes(&$0.faults.restarts) } }
    func losesReply(to operation: String) -> Bool { state.withLock { Self.takes(&$0.faults.loseReplies[operation, default: 0]) } }

    /// Counts a call, and throws when it is one too many or is to be refused.
    func admit(_ operation: String) throws(SSMProblem) {
        let problem: SSMProblem? = state.withLock { state in
            state.calls[operation, default: 0] += 1
            if state.faults.refusals[operation]?.isEmpty == false { return .named(state.faults.refusals[operation]?.removeFirst() ?? "") }
            guard let rate = state.faults.callsPerSecond else { return nil }
            let now = ContinuousClock.now
            state.tokens = min(state.faults.burst, state.tokens + (now - state.filled) / .seconds(1) * rate)
            state.filled = now
            guard state.tokens >= 1 else { return .throttled }
            state.tokens -= 1
            return nil
        }
        if let problem { throw problem }
    }

    /// Counts down; false when none was left.
    private static func takes(_ count: inout Int) -> Bool {
        guard count > 0 else { return false }
        count -= 1
        return true
    }
}
