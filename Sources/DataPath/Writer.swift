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
        /// The copy has looked at every row of v1.
        public var copyFinished = false
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
        guard var layout else { throw DataPathError.notInstalled("the writer, which was not started,") }
        var step = Step()
        let control = try await Control.read(connection, settings)
        guard control.fence == fence else { throw DataPathError.fenced(found: control.fence) }
        step.copyFinished = control.copyDone
        guard control.mode == .sync || control.mode == .copy else { return step }
        if let seal, try await !seal.holds(connection, settings) {
            // Put in place anew, the tables may be others; else this throws.
            self.seal = try await CaptureSeal.mark(connection, settings)
            layout = try await Layout.complete(connection, settings)
            self.layout = layout
        }
        let look = Look(layout: layout, variant: variant)
        if try await Markers.visible(connection, settings) {
            (step.markersExpanded, step.truncated) = try await expandMarkers(layout)
        }
        let ids = try await pick(control.chunkRows)
        if !ids.isEmpty { try await settle(ids, look, &step.looks) }
        if copying, control.mode == .copy, !control.copyDone {
            try await copyChunk(control, look, &step)
        }
        step.idle = step.looks.looked == 0 && step.markersExpanded == 0 && step.copied == 0
        return step
    }

    // MARK: - Non public

    private func pick(_ rows: Int) async throws -> [UUID] {
        let now = ContinuousClock.now
        postponed = postponed.filter { $0.value > now }
        let above = variant == .cursorBySequence ? cursor : 0
        let picked = try await connection.query(
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
        } catch let error where Self.isTroubleOfRows(error) {
            if ids.count > 1 {
                try await settle(Array(ids[..<(ids.count / 2)]), look, &counts)
                try await settle(Array(ids[(ids.count / 2)...]), look, &counts)
                return
            }
            do {
                if Self.isCollision(error) { throw error }
                try await settleOnce(ids, look, .isListed, &counts)
            } catch let error where Self.isCollision(error) {
                postpone(ids)
                counts.postponed += 1
            }
        }
    }

    private func settleOnce(_ ids: [UUID], _ look: Look, _ failure: Look.Failure, _ counts: inout LookCounts) async throws {
        let started = ContinuousClock.now
        let outcome = try await transaction(look.sql.layout) { connection in
            if try await Markers.visible(connection, settings) { throw MarkerAppeared() }
            return try await look.look(at: ids, connection, failure: failure)
        }
        pace.took(ContinuousClock.now - started)
        postpone(outcome.busy)
        counts.add(outcome.counts)
    }

    private func postpone(_ ids: some Sequence<UUID>) {
        for id in ids { postponed[id] = ContinuousClock.now + .milliseconds(30) }
    }

    private func expandMarkers(_ layout: Layout) async throws -> (count: Int, truncated: [Int]) {
        do {
            return try await transaction(layout, alone: true) { try await Markers(layout: layout).expand($0) }
        } catch let error where Self.isCollision(error) {
            return (0, [])
        }
    }

    /// A collision rolls the whole chunk back and makes the next one smaller.
    private func copyChunk(_ control: Control, _ look: Look, _ step: inout Step) async throws {
        if variant == .copyInsertsIfAbsent {
            var chunk = staleChunk
            step.copied = try await chunk.step(connection, look.sql.layout, rows: control.chunkRows)
            staleChunk = chunk
            return
        }
        let rows = pace.copyRows(atMost: control.chunkRows)
        let failure: Look.Failure = rows == 1 && pace.lastCopyRowWasRefused ? .isListed : .isThrown
        do {
            let started = ContinuousClock.now
            let outcome = try await transaction(look.sql.layout) { connection in
                if try await Markers.visible(connection, settings) { throw MarkerAppeared() }
                return try await CopyChunk(look: look, rows: rows).carryOut(connection, failure: failure)
            }
            pace.copyTook(ContinuousClock.now - started)
            step.looks.add(outcome.counts)
            step.copied = outcome.rows
            step.copyFinished = outcome.finished
        } catch let error where Self.isTroubleOfRows(error) {
            pace.copyCollided(rows: rows, refused: !Self.isCollision(error))
            step.looks.postponed += 1
        }
    }

    /// A transaction of the writer: short waits, marked as ours, under the fence.
    private func transaction<Result: Sendable>(
        _ layout: Layout, alone: Bool = false, _ body: @Sendable (PostgresConnection) async throws -> Result
    ) async throws -> Result {
        let naive = variant == .digestCheckWithoutLock || variant == .readThenConsume
        let fence = fence
        let settings = settings
        let seal = seal
        return try await connection.transaction(naive ? .readCommitted : .repeatableRead) { connection in
            try await Look.begin(connection, layout, alone: alone)
            try await Control.checkFence(fence, connection, settings)
            let result = try await body(connection)
            // After the body: its statements hold the tables they read, so what stands under their names now is what they read.
            if let seal { try await seal.require(connection, settings) }
            return result
        }
    }

    private static func isCollision(_ error: any Error) -> Bool {
        if error is MarkerAppeared { return true }
        return (error as? PostgresError)?.isCollision ?? false
    }

    /// The rows are to blame or their holders, not the connection and not a newer operation.
    private static func isTroubleOfRows(_ error: any Error) -> Bool {
        if isCollision(error) { return true }
        switch error {
        case let error as PostgresError: return error.kind == .refused && !error.sqlState.hasPrefix("57")
        case DataPathError.readBackDiffers, DataPathError.unexpectedCount: return true
        default: return false
        }
    }
}

/// A marker became visible after the batch was picked; it must be expanded first.
struct MarkerAppeared: Error {}
