/// The lease of the fleet's stream, taken once for all of this process who want a place at about the same time: many tenants share the wait for it.
actor SharedLease {
    private let most: Int
    private var current: Task<Result<Lease, EngineError>, Never>?
    private var users = 0
    private var joined = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// - Parameter most: how many share one at most; those behind them wait for the next, so that others get their turn in between.
    init(most: Int = 256) { self.most = most }

    /// Whoever joins also leaves, whatever came of it.
    /// - Parameter begin: takes the lease, for the first who joins.
    func join(_ begin: @escaping @Sendable () async -> Result<Lease, EngineError>) async -> Result<Lease, EngineError> {
        while current != nil, joined >= most { await withCheckedContinuation { waiting.append($0) } }
        if current == nil {
            current = Task { await begin() }
            joined = 0
        }
        users += 1
        joined += 1
        return await current?.value ?? .failure(.defect("a lease was left before it was joined"))
    }

    /// Answers the lease to the last who leaves, for him to give it back.
    func leave() async -> Lease? {
        users -= 1
        guard users == 0, let ended = current else { return nil }
        current = nil
        for one in waiting { one.resume() }
        waiting = []
        return try? await ended.value.get()
    }
}
