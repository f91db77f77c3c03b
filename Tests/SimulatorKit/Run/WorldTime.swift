public import Cutover
import Simulation
import Synchronization

/// The time of a simulated world. It stands still while anything is ready to run, and then jumps to the next moment that somebody waits for.
public final class WorldTime: TimeSource {
    private struct State {
        var now: Timestamp
        var agenda = Agenda<Int>()
        var sleepers: [Int: CheckedContinuation<Bool, Never>] = [:]
        var cancelled: Set<Int> = []
        var next = 0
        var isOver = false
    }

    private let state: Mutex<State>

    public init(_ start: Timestamp) { state = Mutex(State(now: start)) }

    public var now: Timestamp { state.withLock { $0.now } }

    public func sleep(milliseconds: Int) async throws(CancellationError) {
        try await sleep(until: Timestamp(milliseconds: now.milliseconds + Int64(max(0, milliseconds))))
    }

    public func sleep(seconds: Int) async throws(CancellationError) { try await sleep(milliseconds: seconds * 1000) }

    public func sleep(until moment: Timestamp) async throws(CancellationError) {
        if Task.isCancelled { throw CancellationError() }
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        let slept = await withTaskCancellationHandler {
            await withCheckedContinuation { enter(number, moment, $0) }
        } onCancel: {
            cancel(number)
        }
        if !slept { throw CancellationError() }
    }

    /// Goes to the next moment at which somebody wakes, and wakes him. False when nobody sleeps.
    func wakeNext() -> Bool {
        let sleeper = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            while let (at, number) = state.agenda.take() {
                guard let sleeper = state.sleepers.removeValue(forKey: number) else { continue }
                state.now = max(at, state.now)
                return sleeper
            }
            return nil
        }
        sleeper?.resume(returning: true)
        return sleeper != nil
    }

    /// The end of the world: nobody sleeps on, and nobody will.
    func end() {
        let sleepers = state.withLock { state in
            state.isOver = true
            defer { state.sleepers = [:] }
            return state.sleepers.sorted { $0.key < $1.key }.map(\.value)
        }
        for sleeper in sleepers { sleeper.resume(returning: false) }
    }

    private func enter(_ number: Int, _ moment: Timestamp, _ sleeper: CheckedContinuation<Bool, Never>) {
        let isLate = state.withLock { state in
            // The cancellation may have come before the sleeper lay down.
            if state.cancelled.remove(number) != nil || state.isOver { return true }
            state.sleepers[number] = sleeper
            state.agenda.add(number, at: max(moment, state.now))
            return false
        }
        if isLate { sleeper.resume(returning: false) }
    }

    private func cancel(_ number: Int) {
        let sleeper = state.withLock { state in
            let sleeper = state.sleepers.removeValue(forKey: number)
            if sleeper == nil { state.cancelled.insert(number) }
            return sleeper
        }
        sleeper?.resume(returning: false)
    }
}
