import Synchronization

/// The sessions that nobody is at, by where they lead to. They end when nobody has asked for them for a while, when there are too many,
/// and with their owner.
final class SSHSessions: Sendable {
    /// A connection carries ten sessions as servers are set by default, and other invocations of this program have some of them.
    private static let mostOfOne = 3

    private struct Idle {
        let session: SSHSession
        let destination: String
        let since: ContinuousClock.Instant
    }

    private struct State {
        /// The longest idle one first.
        var idle: [Idle] = []
        /// Those that somebody is at.
        var taken = 0
        var isSwept = false

        mutating func removeOldest(where isMeant: (Idle) -> Bool = { _ in true }) -> [SSHSession] {
            idle.firstIndex(where: isMeant).map { [idle.remove(at: $0).session] } ?? []
        }
    }

    private let state = Mutex(State())
    private let most: Int
    private let idleTime: Duration

    /// - Parameter most: of all, those that somebody is at among them.
    init(most: Int, idleSeconds: Int) {
        self.most = most
        idleTime = .seconds(idleSeconds)
    }

    deinit { state.withLock { $0.idle }.forEach { $0.session.end() } }

    /// Makes room for one that the caller will be at, until it says `leave`.
    ///
    /// - Returns: one that is there already, if any is.
    func enter(_ destination: String) async -> SSHSession? {
        state.withLock { $0.taken += 1 }
        while let session = take(destination) {
            if await session.comesToRest() { return session }
            await session.stop()
        }
        let surplus = state.withLock { $0.idle.count + $0.taken > most ? $0.removeOldest() : [] }
        for session in surplus { await session.stop() }
        return nil
    }

    /// - Parameter session: to be kept for whoever comes next, nil if there is none that could be.
    func leave(_ destination: String, keeping session: SSHSession?) {
        let (surplus, isSwept) = state.withLock { state -> ([SSHSession], Bool) in
            state.taken -= 1
            guard let session else { return ([], true) }
            state.idle.append(Idle(session: session, destination: destination, since: .now))
            defer { state.isSwept = true }
            let isTooMany = state.idle.count { $0.destination == destination } > Self.mostOfOne
            return (isTooMany ? state.removeOldest { $0.destination == destination } : [], state.isSwept)
        }
        surplus.forEach { $0.end() }
        guard !isSwept else { return }
        Task { [weak self] in
            while let due = self?.sweep() { try? await Task.sleep(until: due) }
        }
    }

    /// Those that go over a connection that has failed somebody.
    func drop(_ destination: String) {
        let dropped = state.withLock { state in
            defer { state.idle.removeAll { $0.destination == destination } }
            return state.idle.filter { $0.destination == destination }
        }
        dropped.forEach { $0.session.end() }
    }

    // MARK: - Non public

    private func take(_ destination: String) -> SSHSession? {
        state.withLock { state in
            state.idle.lastIndex { $0.destination == destination }.map { state.idle.remove(at: $0).session }
        }
    }

    /// - Returns: when to come again; nil where nothing is idle.
    private func sweep() -> ContinuousClock.Instant? {
        let now = ContinuousClock.now
        let (over, next) = state.withLock { state -> ([SSHSession], ContinuousClock.Instant?) in
            let over = state.idle.prefix { $0.since + idleTime <= now }.map(\.session)
            state.idle.removeFirst(over.count)
            state.isSwept = !state.idle.isEmpty
            return (over, state.idle.first.map { $0.since + idleTime })
        }
        over.forEach { $0.end() }
        return next
    }
}
