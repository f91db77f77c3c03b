import Cutover
import Synchronization

/// A controller's process: everything that it does goes through here, and it can die, or fall asleep, at any of these moments.
final class ControllerProcess: Sendable {
    private struct State {
        var isDead = false
        var moments = 0
        var diesAt: Int?
        var sleeps: (at: Int, minutes: Int)?
        var sleepsUntil: Timestamp?
    }

    private let state: Mutex<State>
    private let time: WorldTime
    private let begun: Timestamp

    init(_ time: WorldTime, diesAt: Int? = nil, sleeps: (at: Int, minutes: Int)? = nil) {
        self.time = time
        begun = time.now
        state = Mutex(State(diesAt: diesAt, sleeps: sleeps))
    }

    var isDead: Bool { state.withLock { $0.isDead } }
    func kill() { state.withLock { $0.isDead = true } }

    /// One of its moments. Answers false when it is dead.
    func lives() async -> Bool {
        let now = time.now
        let until = state.withLock { state -> Timestamp? in
            state.moments += 1
            if let last = state.diesAt, state.moments >= last { state.isDead = true }
            if let nap = state.sleeps, state.moments >= nap.at {
                state.sleeps = nil
                state.sleepsUntil = now.adding(seconds: nap.minutes * 60)
            }
            return state.sleepsUntil
        }
        // Asleep is the whole process, whatever else it has under way.
        if let until, until > now { try? await time.sleep(until: until) }
        return !isDead
    }
}

/// The clock as a process has it: one that died waits for nothing any more.
struct ProcessTime: TimeSource {
    let time: WorldTime
    let process: ControllerProcess
    var now: Timestamp { time.now }
    func sleep(milliseconds: Int) async throws(CancellationError) {
        try await time.sleep(milliseconds: milliseconds)
        guard await process.lives() else { throw CancellationError() }
    }
}
