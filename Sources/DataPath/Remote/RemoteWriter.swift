import Foundation
public import Postgres

/// Keeps a store that is reached by words alone in step with v1: entries, and the copy, oldest first.
///
/// Between the two transactions in which it sees v1 and records what was placed lie requests, so what it sends it notes before, in
/// `sent`: killed at any moment, whatever may have landed is looked at again once nothing can land any more. Errands of one namespace
/// follow one another; namespaces go side by side.
public actor RemoteWriter {
    private let connection: PostgresConnection
    private let settings: DataPathSettings
    private let store: any RecordStore
    private let fence: Int64
    private let role: Role
    private var sql: RemoteSQL?
    /// Errands under way, by id; an id is in the air once at most.
    private var flying: Set<UUID> = []
    private var queues: [String: [Errand]] = [:]
    private var working: [String: Task<Void, Never>] = [:]
    private var ended: [Errandry] = []
    private var postponed: [UUID: ContinuousClock.Instant] = [:]
    private var lastSettled = ContinuousClock.now
    private var lastAsked = ContinuousClock.now
    private var resting = false
    private var trouble: String?
    /// What an earlier writer left in the air may land until then.
    private var quietUntil = ContinuousClock.now

    /// `connection` belongs to the writer from here on; it must be outside a transaction.
    public init(
        _ connection: PostgresConnection, settings: DataPathSettings = DataPathSettings(lane: .http), store: any RecordStore, fence: Int64
    ) {
        self.init(connection, settings: settings, store: store, fence: fence, role: .resident)
    }

    enum Role: Sendable {
        /// Does what the control row says, and gives up its turn when somebody waits for it.
        case resident
        /// Works for a barrier that has the turn already: entries only, whatever the control row says.
        case barrier
    }

    init(_ connection: PostgresConnection, settings: DataPathSettings, store: any RecordStore, fence: Int64, role: Role) {
        self.connection = connection
        self.settings = settings
        self.store = store
        self.fence = fence
        self.role = role
    }

    /// Takes the lock, waiting for another writer's end at most `waitSeconds`. Throws `.writerRunning`, `.fenced`, `.notInstalled`.
    public func start(waitSeconds: Double = 30) async throws {
        let sql = RemoteSQL(layout: try await Layout.complete(connection, settings))
        self.sql = sql
        let found = try await Control.read(connection, settings).fence
        guard found == fence else { throw DataPathError.fenced(found: found) }
        if role == .resident { try await RemoteTurn.take(connection, settings, waitSeconds: waitSeconds) }
        try await noteLeftovers(sql)
    }

    /// Gives up what is under way and closes the connection; what was sent and not proven stays noted.
    public func stop() async {
        for task in working.values { task.cancel() }
        for task in working.values { await task.value }
        await connection.close()
    }

    /// One round: markers, entries, a chunk of the copy, and what the errands under way have come to.
    ///
    /// Without `looking` nothing is set out anew, without `copying` no chunk of the copy; what is under way is brought to its end.
    /// Throws `.fenced` when a newer operation has taken over and `PostgresError` with `connectionLost` when a new writer is needed.
    public func step(looking: Bool = true, copying: Bool = true) async throws -> Writer.Step {
        guard let sql else { throw DataPathError.notInstalled("the writer, which was not started,") }
        var step = Writer.Step()
        let control = try await Control.read(connection, settings)
        guard control.fence == fence else { throw DataPathError.fenced(found: control.fence) }
        step.copyFinished = control.copyDone
        let isAsked = role == .barrier || control.mode == .sync || control.mode == .copy
        if role == .resident, ContinuousClock.now - lastAsked > .milliseconds(100) {
            lastAsked = ContinuousClock.now
            if try await RemoteTurn.isWanted(connection, settings) { resting = true }
        }
        if isAsked, looking, !resting, ContinuousClock.now >= quietUntil { try await begin(control, sql, copying: copying, &step) }
        try await settleSome(sql, &step)
        if resting, flying.isEmpty { try await rest(sql) }
        step.trouble = store.trouble ?? trouble
        step.idle = step.looks.looked == 0 && step.markersExpanded == 0 && step.copied == 0 && flying.isEmpty
        if !flying.isEmpty, step.looks.looked == 0, step.copied == 0 { try await Task.sleep(for: .milliseconds(8)) }
        return step
    }

    /// True when nothing waits: no entry, no marker, nothing in the air.
    public func isSettled() async throws -> Bool {
        guard flying.isEmpty, ended.isEmpty, let schema = sql?.schema else { return false }
        return try await connection.query(
            """
            SELECT NOT EXISTS (SELECT FROM \(schema).change_log) AND NOT EXISTS (SELECT FROM \(schema).marker)
                AND NOT EXISTS (SELECT FROM \(schema).sent WHERE state = 'flying') AS settled
            """)[0].bool("settled")
    }

    // MARK: - Non public

    private static let batch = 64

    /// What an earlier writer sent and did not prove may still land: nothing is looked at before that time is over.
    private func noteLeftovers(_ sql: RemoteSQL) async throws {
        let left = try await connection.query("SELECT EXISTS (SELECT FROM \(sql.schema).sent WHERE state = 'flying') AS some")[0].bool("some")
        quietUntil = ContinuousClock.now + .seconds(left ? store.lateSeconds : 0)
    }

    /// Lets somebody else have the turn, and waits to get it back.
    private func rest(_ sql: RemoteSQL) async throws {
        try await RemoteTurn.give(connection, settings)
        try await Task.sleep(for: .milliseconds(50))
        try await RemoteTurn.take(connection, settings, waitSeconds: 600)
        resting = false
        try await noteLeftovers(sql)
    }

    private func begin(_ control: Control, _ sql: RemoteSQL, copying: Bool, _ step: inout Writer.Step) async throws {
        let rows = max(64, control.chunkRows)
        if try await Markers.visible(connection, settings) { (step.markersExpanded, step.truncated) = try await expandMarkers(sql) }
        guard flying.count < 4 * rows else { return }
        let now = ContinuousClock.now
        postponed = postponed.filter { $0.value > now }
        let taken = Array(flying) + Array(postponed.keys)
        let ids = try await connection.prepared(sql.pick, [.int(rows), .uuids(taken)]).map { try $0.uuid("id") }
        if !ids.isEmpty { try await set(out: ids, sql, &step, copied: nil) }
        // What has to be tried again goes first: later rows of its namespace must not overtake it.
        guard copying, role == .resident, control.mode == .copy, !control.copyDone, postponed.isEmpty, ids.count < rows else { return }
        if control.copied == 0 { try await orderCopy(sql) }
        let keys = try await connection.prepared(
            "SELECT n, id FROM \(sql.schema).copy_order WHERE n > $1 ORDER BY n LIMIT $2", [.int(control.copied), .int(rows)])
        let next = try keys.map { try $0.uuid("id") }
        // An id that is in the air for its entry is looked at by that errand.
        try await set(out: next.filter { !flying.contains($0) && postponed[$0] == nil }, sql, &step, copied: (next.last, next.count, next.count < rows))
        step.copied = next.count
        step.copyFinished = next.count < rows
    }

    private func orderCopy(_ sql: RemoteSQL) async throws {
        try await transaction { connection in
            try await connection.execute("DELETE FROM \(sql.schema).copy_order")
            try await connection.execute(sql.orderCopy)
        }
    }

    private func expandMarkers(_ sql: RemoteSQL) async throws -> (count: Int, truncated: [Int]) {
        try await transaction { connection in
            let expanded = try await Markers(layout: sql.layout).expand(connection)
            try await connection.execute(
                "INSERT INTO \(sql.schema).change_log (id, side, del) SELECT id, 1, true FROM \(sql.schema).sent WHERE state = 'unproven'")
            return expanded
        }
    }

    /// The first transaction: what v1 has, what is to be sent noted, everything else settled at once.
    private func set(out ids: [UUID], _ sql: RemoteSQL, _ step: inout Writer.Step, copied: (last: UUID?, rows: Int, finished: Bool)?) async throws {
        let plan = try await transaction { connection in
            let plan = ids.isEmpty ? [] : try await connection.prepared(sql.plan, [.uuids(ids)]).map { try RemotePlan($0) }
            try await RemoteSettling(sql: sql).note(plan, connection)
            if let copied {
                try await connection.prepared(
                    "UPDATE \(sql.schema).copy_range SET last = coalesce($1::uuid, last), copied = copied + $2::int, done = $3::boolean",
                    [copied.last.map { .uuid($0) }, .int(copied.rows), .bool(copied.finished)])
                if copied.finished { try await connection.execute("DELETE FROM \(sql.schema).copy_order") }
            }
            return plan
        }
        for errand in plan.compactMap(\.errand) {
            flying.insert(errand.id)
            queues[errand.queue, default: []].append(errand)
        }
        let atOnce = plan.filter { $0.errand == nil }
        step.looks.looked += atOnce.count
        step.looks.exceptions += atOnce.count { $0.reason != nil && !$0.isProbe }
        startWork()
    }

    private func startWork() {
        for (name, waiting) in queues where working[name] == nil && !waiting.isEmpty {
            working[name] = Task { await self.work(name) }
        }
    }

    private func work(_ name: String) async {
        let errands = NamespaceErrands(store: store)
        while !Task.isCancelled {
            let some = Array((queues[name] ?? []).prefix(Self.batch))
            queues[name]?.removeFirst(some.count)
            if some.isEmpty { break }
            await errands.run(some, behind: queues[name]?.count ?? 0) { await self.hear($0) }
            if postponed.keys.contains(where: { id in some.contains { $0.id == id } }) { putBack(name) }
        }
        queues[name] = queues[name]?.isEmpty == true ? nil : queues[name]
        working[name] = nil
    }

    /// What stands behind an errand that has to be tried again must not overtake it.
    private func putBack(_ name: String) {
        let behind = queues.removeValue(forKey: name) ?? []
        ended += behind.map { Errandry(errand: $0, end: .notNow("one before it has to be tried again")) }
        postpone(behind.map(\.id))
    }

    private func hear(_ news: [Errandry]) {
        ended += news
        for one in news {
            switch one.end {
            case .proven: trouble = nil
            case .notNow(let why): trouble = why
            case .conflict, .excepted: break
            }
        }
        postpone(news.compactMap { if case .notNow = $0.end { $0.errand.id } else { nil } })
    }

    private func postpone(_ ids: [UUID]) {
        for id in ids { postponed[id] = ContinuousClock.now + .milliseconds(500) }
    }

    /// The second transaction, for many at a time.
    private func settleSome(_ sql: RemoteSQL, _ step: inout Writer.Step) async throws {
        let pressing = ended.count >= 256 || ContinuousClock.now - lastSettled > .milliseconds(100) || flying.count == ended.count
        guard !ended.isEmpty, pressing else { return }
        let some = ended
        step.looks.add(try await transaction(waits: role == .barrier) { try await RemoteSettling(sql: sql).settle(some, $0) })
        // Only now: had the transaction failed, they would be settled with the next.
        ended.removeFirst(some.count)
        flying.subtract(some.map(\.errand.id))
        lastSettled = ContinuousClock.now
        startWork()
    }

    private func transaction<Result: Sendable>(waits: Bool = true, _ body: @Sendable (PostgresConnection) async throws -> Result) async throws -> Result {
        try await RemoteTransaction.run(connection, settings, fence: fence, waits: waits, body)
    }
}

/// Whose turn it is to send: one writer at a time, for what one sends late would overwrite what the other proved.
enum RemoteTurn {
    static func take(_ connection: PostgresConnection, _ settings: DataPathSettings, waitSeconds: Double) async throws {
        // Waits in line, where the one who has the turn sees it.
        try await connection.execute("SET lock_timeout = \(max(1, Int(waitSeconds * 1000)))")
        do {
            try await connection.query("SELECT pg_advisory_lock(\(Locks.writer(settings)))")
        } catch {
            try? await connection.execute("SET lock_timeout = 0")
            if error.sqlState == "55P03" { throw DataPathError.writerRunning }
            throw error
        }
        try await connection.execute("SET lock_timeout = 0")
    }

    static func give(_ connection: PostgresConnection, _ settings: DataPathSettings) async throws {
        try await connection.query("SELECT pg_advisory_unlock(\(Locks.writer(settings)))")
    }

    static func isWanted(_ connection: PostgresConnection, _ settings: DataPathSettings) async throws -> Bool {
        try await connection.query(
            """
            SELECT EXISTS (SELECT FROM pg_locks w JOIN pg_locks h USING (locktype, database, classid, objid, objsubid)
                WHERE w.locktype = 'advisory' AND NOT w.granted AND h.granted AND h.pid = pg_backend_pid()) AS wanted
            """)[0].bool("wanted")
    }
}
