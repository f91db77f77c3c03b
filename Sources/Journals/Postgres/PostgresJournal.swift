public import Cutover
import Postgres

/// A journal in a PostgreSQL database, for a team: any number of workers on any machines write to it, each stream one at a time.
/// Every commit is durable when its call returns, as far as the server keeps its word; a lost connection is made anew, and what was under way is
/// looked for before it is written again. The database makes no time of its own: leases run by the clocks of those who take them.
public struct PostgresJournal: Journal {
    private let database: PostgresDatabase
    private let writer: PostgresWriter

    /// Connects when it is first used. Where there is no journal in the database, `newIdentity` is asked for the identity of a new one;
    /// nil makes none, and every call throws `.unreachable`.
    public init(url: String, newIdentity: (@Sendable () -> JournalID)?) {
        self.init(url: url, ladder: PostgresLadder.ladder, patience: PostgresPatience(), newIdentity: newIdentity)
    }

    init(url: String, ladder: SchemaLadder, patience: PostgresPatience, newIdentity: (@Sendable () -> JournalID)?) {
        database = PostgresDatabase(url: url, ladder: ladder, patience: patience, newIdentity: newIdentity)
        writer = PostgresWriter(database)
    }

    /// Whether the database holds a journal.
    public func isBegun() async throws(JournalError) -> Bool { try await database.isBegun() }

    public func identity() async throws(JournalError) -> JournalID { try await uncancelled { [database] in try await database.identity() } }

    public func append(_ events: [Event], status: TenantStatus?, under lease: Lease?, on footing: Footing?) async throws(JournalError) {
        if events.isEmpty, status == nil, lease == nil { return }
        try await writer.carryOut(.append(events, status, under: lease, on: footing))
    }

    public func lease(
        _ stream: StreamID, to holder: String, until: Timestamp, now: Timestamp, gone: @escaping @Sendable (String) -> Bool
    ) async throws(JournalError) -> Lease {
        guard let lease = try await writer.carryOut(.grant(stream, to: holder, until: until, now: now, gone: gone)) else {
            throw .unreachable("the journal in PostgreSQL granted nothing: this is a defect of cutoverctl")
        }
        return lease
    }

    public func raise(_ stream: StreamID, above fence: Int) async throws(JournalError) { try await writer.carryOut(.raise(stream, above: fence)) }

    public func giveBack(_ lease: Lease) async throws(JournalError) { try await writer.carryOut(.giveBack(lease)) }

    public func events(in stream: StreamID, after revision: Int) async throws(JournalError) -> [Event] {
        let identity = try await identity()
        // The row at `revision` comes along: it is what the first event after it must continue.
        let records = try await read { connection -> [EventRecord] in
            // Mostly nothing is new, and a row of the fleet's stream can hold ten thousand names.
            if revision > 0 {
                let head = try await connection.prepared("SELECT revision FROM cutover_journal.streams WHERE stream = $1", [.text(stream.text)]).first
                if try head?.int("revision") ?? 0 <= revision { return [] }
            }
            return try await connection.prepared(
                "SELECT \(StreamRows.columns) FROM cutover_journal.events WHERE stream = $1 AND revision >= $2 ORDER BY revision", [.text(stream.text), .int(revision)]
            ).map { try StreamRows.record($0) }
        }
        if revision > 0 {
            guard let anchor = records.first, anchor.revision == revision else { return [] }
            let before = JournalRecords.Head(stream: stream, revision: revision - 1, hash: anchor.previous)
            return Array(try before.replay(records).dropFirst())
        }
        return try JournalRecords.Head.genesis(of: stream, in: identity).replay(records)
    }

    public func streams() async throws(JournalError) -> [StreamID] {
        try await read { connection in
            try await connection.prepared("SELECT stream FROM cutover_journal.streams WHERE revision > 0 ORDER BY stream").map { StreamID(try $0.string("stream")) }
        }
    }

    public func news(since mark: JournalMark?) async throws(JournalError) -> JournalNews {
        try await read { connection in
            // Before the events: what is committed in between is named twice, and nothing never.
            let horizon = try await PostgresMark.horizon(connection)
            let mark = mark.flatMap { PostgresMark($0, horizon) }
            let streams = try await connection.prepared(
                mark == nil
                    ? "SELECT stream FROM cutover_journal.streams WHERE revision > 0 AND $1::text IS NOT NULL"
                    : "SELECT DISTINCT stream FROM cutover_journal.events WHERE xid >= $1::text::xid8", [.text(String(mark?.transaction ?? 0))])
            return JournalNews(streams: Set(try streams.map { StreamID(try $0.string("stream")) }), mark: PostgresMark(transaction: horizon.oldest).mark, isAll: mark == nil)
        }
    }

    public func appended(since mark: JournalMark?, limit: Int) async throws(JournalError) -> (events: [EventRecord], mark: JournalMark) {
        try await read { connection in
            let horizon = try await PostgresMark.horizon(connection)
            let from = mark.flatMap { PostgresMark($0, horizon) } ?? PostgresMark(transaction: 0)
            let rows = try await connection.prepared(
                """
                SELECT xid::text AS transaction, position, \(StreamRows.columns) FROM cutover_journal.events
                WHERE xid < $1::text::xid8 AND (xid, position) > ($2::text::xid8, $3::bigint) ORDER BY xid, position LIMIT $4
                """, [.text(String(horizon.oldest)), .text(String(from.transaction)), .int(from.position), .int(limit)])
            let last = try rows.last.map { PostgresMark(transaction: UInt64(try $0.string("transaction")) ?? 0, position: try $0.int("position")) } ?? from
            return (try rows.map { try StreamRows.record($0) }, last.mark)
        }
    }

    public func leaseHolder(of stream: StreamID, now: Timestamp) async throws(JournalError) -> String? {
        try await read { connection in
            try await connection.prepared("SELECT stream, holder, fence, until FROM cutover_journal.streams WHERE stream = $1", [.text(stream.text)])
                .first.flatMap { try StreamRows.lease($0).holder(at: now) }
        }
    }

    public func statuses() async throws(JournalError) -> [TenantStatus] {
        try await read { connection in
            try await connection.prepared("SELECT tenant, status FROM cutover_journal.statuses ORDER BY tenant").map { try StreamRows.status($0) }
        }
    }

    public func lines(of tenants: Set<TenantID>?) async throws(JournalError) -> [TenantLine] {
        try await read { connection in
            try await connection.prepared(
                """
                SELECT tenant, status, s.stream, s.revision, s.hash FROM cutover_journal.statuses JOIN cutover_journal.streams AS s ON s.stream = tenant
                WHERE s.revision > 0 AND ($1::bigint = 1 OR tenant = ANY($2::text[]))
                """, [.int(tenants == nil ? 1 : 0), .texts((tenants ?? []).map(\.text))]
            ).compactMap { row in
                guard let head = try StreamRows.head(row), let status = try? StreamRows.status(row) else { return nil }
                return TenantLine(status: status, head: head)
            }
        }
    }

    public func replaceStatuses(_ statuses: [TenantStatus]) async throws(JournalError) {
        let (names, lines): ([String], [String])
        do { (names, lines) = (statuses.map(\.tenant.text), try statuses.map { try CanonicalJSON.text($0) }) } catch { throw .unreachable("a status can't be written down: \(error)") }
        _ = try await uncancelled { [database] in try await database.ready() }
        try await attempt { connection in
            try await connection.transaction { connection in
                try await connection.execute("DELETE FROM cutover_journal.statuses")
                try await connection.query(
                    """
                    INSERT INTO cutover_journal.statuses (tenant, status) SELECT * FROM unnest($1::text[], $2::text[])
                    ON CONFLICT (tenant) DO UPDATE SET status = excluded.status
                    """, [.texts(names), .texts(lines)])
            }
        }
    }

    public func records() async throws(JournalError) -> JournalRecords {
        try await whole().records
    }

    /// All that the journal holds, as it is at one moment.
    func whole() async throws(JournalError) -> WholeJournal {
        let identity = try await identity()
        return try await attempt { connection in
            try await connection.transaction(.repeatableRead, readOnly: true) { connection in
                let streams = try await connection.query("SELECT stream, revision, hash, holder, fence, until FROM cutover_journal.streams ORDER BY stream")
                let counted = try await connection.query("SELECT sum(events)::bigint AS sum FROM cutover_journal.counts")[0].optionalInt("sum")
                let statuses = try await connection.query("SELECT tenant, status FROM cutover_journal.statuses ORDER BY tenant").map { try StreamRows.status($0) }
                let records = JournalRecords(
                    journal: identity, records: try await Self.allRecords(connection), heads: try streams.compactMap { try StreamRows.head($0) }, counted: counted ?? 0)
                return WholeJournal(records: records, leases: try streams.map { try StreamRows.lease($0) }.filter { $0.fence > 0 }, statuses: statuses)
            }
        }
    }

    /// Takes the journal to another schema, forward or back. What stands in it stays as it is.
    func move(to schema: Int) async throws(JournalError) {
        _ = try await identity()
        let ladder = database.ladder
        try await attempt { try await PostgresUpgrade(ladder: ladder, connection: $0).move(to: schema) }
    }

    func schema() async throws(JournalError) -> Int {
        _ = try await identity()
        let ladder = database.ladder
        return try await attempt { try await PostgresUpgrade(ladder: ladder, connection: $0).read().schema }
    }

    // MARK: - Non public

    private static let pageRows = 10_000

    private static func allRecords(_ connection: PostgresConnection) async throws -> [EventRecord] {
        var records: [EventRecord] = []
        var position = Int.min
        while true {
            let page = try await connection.prepared(
                "SELECT position, \(StreamRows.columns) FROM cutover_journal.events WHERE position > $1 ORDER BY position LIMIT \(pageRows)", [.int(position)])
            guard let last = page.last else { return records }
            position = try last.int("position")
            for row in page { records.append(try StreamRows.record(row)) }
        }
    }

    private func read<Value: Sendable>(_ body: @escaping @Sendable (PostgresConnection) async throws -> Value) async throws(JournalError) -> Value {
        _ = try await identity()
        return try await attempt(body)
    }

    private func attempt<Value: Sendable>(_ body: @escaping @Sendable (PostgresConnection) async throws -> Value) async throws(JournalError) -> Value {
        try await uncancelled { [database] in try await database.attempt { (connection, _) in try await body(connection) } }
    }

    /// What has been done to a tenant must be recorded, and read again, although the task of whoever asks was cancelled.
    private func uncancelled<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws(JournalError) -> Value {
        do { return try await Task { try await body() }.value } catch let error as JournalError { throw error } catch {
            throw .unreachable("the journal in PostgreSQL failed: \(error)")
        }
    }
}
