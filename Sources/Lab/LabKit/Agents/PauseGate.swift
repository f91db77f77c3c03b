import Foundation
import Synchronization

/// Lets agents act, or holds them; knows whether an act is in flight.
final class PauseGate: Sendable {
    private struct State: Sendable {
        var held = false
        var stopping = false
        var inFlight = 0
    }

    private let state = Mutex(State())

    /// Runs the act unless held or stopping; waits while held. False when stopping.
    func pass(_ act: () -> Void) -> Bool {
        while true {
            let answer = state.withLock { state -> Bool? in
                if state.stopping { return false }
                if state.held { return nil }
                state.inFlight += 1
                return true
            }
            switch answer {
            case false: return false
            case true:
                act()
                state.withLock { $0.inFlight -= 1 }
                return true
            case nil: usleep(20_000)
            }
        }
    }

    var isStopping: Bool { state.withLock { $0.stopping } }
    var isQuiet: Bool { state.withLock { $0.held && $0.inFlight == 0 } }
    func hold(_ held: Bool) { state.withLock { $0.held = held } }
    func stop() { state.withLock { $0.stopping = true } }
}
