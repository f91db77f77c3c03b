/// Lets so many through at a time, in the order they came.
actor Turnstile {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(atOnce: Int) { free = atOnce }

    /// Throws when the task was cancelled; then nobody needs to leave.
    func enter() async throws(CancellationError) {
        if free > 0 { free -= 1 } else { await withCheckedContinuation { waiting.append($0) } }
        if Task.isCancelled {
            leave()
            throw CancellationError()
        }
    }

    func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
