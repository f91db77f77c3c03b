import Synchronization

/// Wakes the one who rests. Rung while nobody rests, it wakes the next one at once.
public final class Bell: Sendable {
    private struct State {
        var isRung = false
        var sleeper: CheckedContinuation<Void, Never>?
    }
    private let state = Mutex(State())

    public init() {}

    public func ring() {
        let sleeper = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.isRung = state.sleeper == nil
            defer { state.sleeper = nil }
            return state.sleeper
        }
        sleeper?.resume()
    }

    /// Returns when it is rung, or the task is cancelled. For one at a time.
    func rung() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { sleeper in
                let isLate = state.withLock { state in
                    if state.isRung || Task.isCancelled {
                        state.isRung = false
                        return true
                    }
                    state.sleeper = sleeper
                    return false
                }
                if isLate { sleeper.resume() }
            }
        } onCancel: {
            ring()
        }
    }

    /// Returns after that time, or sooner when it is rung.
    package func rest(milliseconds: Int, _ time: any TimeSource) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await time.sleep(milliseconds: milliseconds) }
            group.addTask { await self.rung() }
            await group.next()
            group.cancelAll()
        }
    }
}
