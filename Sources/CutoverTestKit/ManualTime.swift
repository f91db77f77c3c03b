public import Cutover
import Synchronization

/// A clock that stands still until a test moves it. Sleepers wake when it has been advanced past their moment;
/// sleeps no longer than `hurriesUpTo` advance it themselves and return at once.
public final class ManualTime: TimeSource {
    private struct Sleeper {
        let due: Timestamp
        let wake: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var now: Timestamp
        var next = 0
        var sleepers: [Int: Sleeper] = [:]
        var cancelled: Set<Int> = []
        var onSleep: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>
    private let hurriesUpTo: Int

    /// - Parameter hurriesUpTo: in milliseconds; 0 never hurries. Keep it below the heartbeat of the leases, or these would drive the clock.
    public init(_ start: Timestamp = ManualTime.beginning, hurriesUpTo: Int = 0) {
        self.state = Mutex(State(now: start))
        self.hurriesUpTo = hurriesUpTo
    }

    /// 2026-01-01T00:00:00.000Z.
    public static let beginning = Timestamp(milliseconds: 1_767_225_600_000)

    public var now: Timestamp { state.withLock { $0.now } }

    public var sleepers: Int { state.withLock { $0.sleepers.count } }

    public func advance(seconds: Int) { advance(milliseconds: seconds * 1000) }

    public func advance(milliseconds: Int) {
        let due = state.withLock { state in
            state.now = Timestamp(milliseconds: state.now.milliseconds + Int64(milliseconds))
            let due = state.sleepers.filter { $0.value.due <= state.now }.sorted { $0.key < $1.key }
            for (id, _) in due { state.sleepers[id] = nil }
            return due.map(\.value.wake)
        }
        for wake in due { wake.resume(returning: true) }
    }

    public func sleep(milliseconds: Int) async throws(CancellationError) {
        if Task.isCancelled { throw CancellationError() }
        if milliseconds <= hurriesUpTo {
            advance(milliseconds: milliseconds)
            await Task.yield()
            return
        }
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        let slept = await withTaskCancellationHandler {
            await withCheckedContinuation { enter(id, milliseconds, $0) }
        } onCancel: {
            cancel(id)
        }
        if !slept { throw CancellationError() }
    }

    /// Returns as soon as somebody sleeps: the moment to advance.
    public func someoneSleeps() async {
        await withCheckedContinuation { waiter in
            let already = state.withLock { state in
                if state.sleepers.isEmpty { state.onSleep.append(waiter) }
                return !state.sleepers.isEmpty
            }
            if already { waiter.resume() }
        }
    }

    private func enter(_ id: Int, _ milliseconds: Int, _ wake: CheckedContinuation<Bool, Never>) {
        let (entered, waiters) = state.withLock { state -> (Bool, [CheckedContinuation<Void, Never>]) in
            // The cancellation may have come before the sleeper lay down.
            if state.cancelled.remove(id) != nil { return (false, []) }
            state.sleepers[id] = Sleeper(due: Timestamp(milliseconds: state.now.milliseconds + Int64(milliseconds)), wake: wake)
            defer { state.onSleep = [] }
            return (true, state.onSleep)
        }
        if !entered { wake.resume(returning: false) }
        for waiter in waiters { waiter.resume() }
    }

    private func cancel(_ id: Int) {
        let sleeper = state.withLock { state in
            let sleeper = state.sleepers.removeValue(forKey: id)
            if sleeper == nil { state.cancelled.insert(id) }
            return sleeper
        }
        sleeper?.wake.resume(returning: false)
    }
}
