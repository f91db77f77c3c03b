import Foundation
public import Postgres

/// Keeps both stores in step: a look at what changed, a look at a chunk of v1, again and again.
///
/// It owns one connection and holds a session lock on it, so that two writers do not do the same work. Correctness does not rest
/// on that lock: killed at any moment, or doubled, it loses nothing.
public actor Writer {
    /// What one `step` did.
    public struct Step: Sendable, Equatable, Codable {
        public var looks = LookCounts()
        public var markersExpanded = 0
        /// The sides of which a TRUNCATE was looked at.
        public var truncated: [Int] = []
        /// Rows of v1 the copy looked at in this step.
        public var copied = 0
        /// Every row of v1, or of the range, has been looked at by the copy.
        public var copyFinished = false
        /// The longest transaction of this step.
        public var longest = Duration.zero
        /// Key ranges the copy is divided into, as the control row says now.
        public var ranges = 1
        /// Over HTTP: why the last errand that has to be tried again was not carried out; nil once one was.
        public var trouble: String?
        /// There was nothing to do: wait before the next step.
        public var idle = true
        public init() {}
    }

    private let connection: PostgresConnection
    private let settings: DataPathSettings
    private let fence: Int64
    let variant: LookVariant
    private let takesLock: Bool
    private var layout: Layout?
    private var seal: CaptureSeal.Mark?
    private var pace = Pace()
    private var postponed: [UUID: ContinuousClock.Instant] = [:]
    private var cursor = 0
    private var longest = Duration.zero
    private var copy = RangeCopy(range: 1)
    private var staleChunk = StaleChunk()

    /// `connection` belongs to the writer from here on; it must be outside a transaction.
    public init(_ connection: PostgresConnection, settings: DataPathSettings = DataPathSettings(), fence: Int64) {
        self.init(connection, settings: settings, fence: fence, variant: .lawful, takesLock: true)
    }

    package init(
        _ connection: PostgresConnection, settings: DataPathSettings, fence: Int64, variant: LookVariant, takesLock: Bool
    ) {
        self.connection = connection
        self.settings = settings
        self.fence = fence
        self.variant = variant
        self.takesLock = takesLock
    }

    /// Takes the lock, waiting for another writer's end at most `waitSeconds`. Throws `.writerRunning`, `.fenced`, `.notInstalled`, `.captureBroken`.
    public func start(waitSeconds: Double = 30) async throws {
        layout = try await Layout.complete(connection, settings)
        seal = try await CaptureSeal.mark(connection, settings)
        let found = try await Control.read(connection, settings).fence
        guard found == fence else { throw DataPathError.fenced(found: found) }
        if !takesLock { return }
        let deadline = ContinuousClock.now + .seconds(waitSeconds)
        while true {
            // Outside any transaction: waiting inside one would look with a snapshot from before the wait.
            let got = try await connection.query(
                "SELECT pg_try_advisory_lock(\(Locks.writer(settings))) AS got")[0].bool("got")
            if got { return }
            guard ContinuousClock.now < deadline else { throw DataPathError.writerRunning }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Lets the lock go and closes the connection.
    public func stop() async {
        await connection.close()
    }

    /// One round: markers, a batch of entries, a chunk of the copy.
    ///
    /// Collisions with agents are retried or postponed within. Throws `.fenced` when a newer operation has taken over and
    /// `PostgresError` with `connectionLost` when a new writer is needed.
    /// - Parameters:
    ///   - copying: false leaves the copy where it is.
    public func step(copying: Bool = true) async throws -> Step {
        do {
            return try await round(copying)
        } catch DataPathError.captureBroken {
            try await sealAnew()
            return try await round(copying)
        }
    }

    // MARK: - Non public

    /// Put in place anew, the tables may be others; else this throws `.captureBroken`.
    private func sealAnew() async throws {
        seal = try await CaptureSeal.mark(connection, settings)
        layout = try await Layout.complete(connection, settings)
    }

    private func round(_ copying: Bool) async throws -> Step {
        guard let layout else { throw DataPathError.notInstalled("the writer, which was not started,") }
        var step = Step()
        let control = try await Control.read(connection, settings)
        guard control.fence == fence else { throw DataPathError.fenced(found: control.fence) }
        step.copyFinished = control.copyDone
        step.ranges = control.ranges
        guard control.mode == .sync || control.mode == .copy else { return step }
        let look = Look(layout: layout, variant: variant)
        // No more than the next batches take in: entries of both stores are to have their turn.
        _ = try await (connection.partner as? SecondDatabase)?.relay(connection, atMost: max(1, pace.rows(atMost: control.chunkRows) / 2))
        if try await Markers.visible(connection, settings) {
            (step.markersExpanded, step.truncated) = try await expandMarkers(layout)
        }
        let ids = try await pick(control.chunkRows)
        if !ids.isEmpty { try await settle(ids, look, &step.looks) }
        if copying, control.mode == .copy, !control.copyDone {
            try await copyChunk(control, look, &step)
        }
        step.longest = max(step.longest, longest)
        longest = .zero
        step.idle = step.looks.looked == 0 && step.markersExpanded == 0 && step.copied == 0
        // Every look has asked about the seal; where there was none, nobody has.
        if step.idle, let seal, try await !seal.holds(connection, settings) { try await sealAnew() }
        return step
    }

    private func pick(_ rows: Int) async throws -> [UUID] {
        let now = ContinuousClock.now
        postponed = postponed.filter { $0.value > now }
        let above = variant == .cursorBySequence ? cursor : Int.min
        let picked = try await connection.prepared(
            """
            SELECT id, max(seq) AS seq FROM (
                SELECT id, seq FROM \(settings.schema).change_log WHERE seq > $3 AND id <> ALL ($1::uuid[]) ORDER BY seq LIMIT $2) x
            GROUP BY id
            """, [.uuids(Array(postponed.keys)), .int(pace.rows(atMost: rows)), .int(above)])
        if variant == .cursorBySequence { cursor = max(cursor, try picked.map { try $0.int("seq") }.max() ?? 0) }
        return try picked.map { try $0.uuid("id") }
    }

    /// Looks at the ids in one transaction; after a collision in two of half the size, down to one id, which is postponed.
    private func settle(_ ids: [UUID], _ look: Look, _ counts: inout LookCounts) async throws {
        do {
            try await settleOnce(ids, look, .isThrown, &counts)
        } catch is MarkerAppeared {
            // The next step expands it first.
        } catch let error where LookTransactions.isTroubleOfRows(error) {
            if ids.count > 1 {
                try await settle(Array(ids[..<(ids.count / 2)]), look, &counts)
                try await settle(Array(ids[(ids.count / 2)...]), look, &counts)
                return
            }
            do {
                if LookTransactions.isCollision(error) { throw error }
                try await settleOnce(ids, look, .isListed, &counts)
            } catch let error where LookTransactions.isCollision(error) {
                postpone(ids)
                counts.postponed += 1
            }
        }
    }

    private func settleOnce(_ ids: [UUID], _ look: Look, _ failure: Look.Failure, _ counts: inout LookCounts) async throws {
        let started = ContinuousClock.now
        let outcome = try await transactions.run(look.sql.layout) { try await look.look(at: ids, $0, failure: failure) }
        let time = ContinuousClock.now - started
        pace.took(time)
        longest = max(longest, time)
        postpone(outcome.busy)
        counts.add(outcome.counts)
    }

    private func postpone(_ ids: some Sequence<UUID>) {
        for id in ids { postponed[id] = ContinuousClock.now + .milliseconds(30) }
    }

    private func expandMarkers(_ layout: Layout) async throws -> (count: Int, truncated: [Int]) {
        do {
            return try await transactions.run(layout, alone: true) { try await Markers(layout: layout).expand($0) }
        } catch let error where LookTransactions.isCollision(error) {
            return (0, [])
        }
    }

    private func copyChunk(_ control: Control, _ look: Look, _ step: inout Step) async throws {
        if variant == .copyInsertsIfAbsent {
            var chunk = staleChunk
            step.copied = try await chunk.step(connection, look.sql.layout, rows: control.chunkRows)
            staleChunk = chunk
            return
        }
        var copy = copy
        try await copy.step(control, look, transactions, &step)
        self.copy = copy
    }

    private var transactions: LookTransactions {
        let naive = variant == .digestCheckWithoutLock || variant == .readThenConsume
        return LookTransactions(
            connection: connection, settings: settings, fence: fence, isolation: naive ? .readCommitted : .repeatableRead, seal: seal)
    }
}
