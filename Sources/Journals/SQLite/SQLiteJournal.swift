import CrashPoints
public import Cutover
import GRDB

/// A journal in one SQLite file on a local disk, for one or several processes of the same machine.
/// Every commit is durable when its call returns (WAL, `synchronous = FULL`).
/// - warning: SQLite's locks don't hold on network file systems: keep the file on a disk of this machine.
public struct SQLiteJournal: Journal {
    private let queue: DatabaseQueue
    /// What is read does not wait for what is being written.
    private let reader: DatabaseQueue
    private let id: JournalID
    private let file: SQLiteFile
    private let writer: SQLiteWriter
    private var path: String { file.path }

    /// Opens the journal at `path`; when there is none and `create` is true, makes it under `identity()`.
    /// Throws `.unreachable` when the file is missing, empty, no database, no journal, or of a newer schema.
    public static func open(path: String, create: Bool, identity: () -> JournalID) throws(JournalError) -> SQLiteJournal {
        try open(SQLiteFile(path: path), create: create, identity: identity)
    }

    static func open(_ file: SQLiteFile, create: Bool, identity: () -> JournalID) throws(JournalError) -> SQLiteJournal {
        let (queue, id) = try file.open(create: create, identity: identity)
        return SQLiteJournal(queue: queue, reader: file.reader() ?? queue, id: id, file: file, writer: SQLiteWriter(queue, file))
    }

    public func identity() async throws(JournalError) -> JournalID { id }

    public func append(_ events: [Event], status: TenantStatus?, under lease: Lease?, on footing: Footing?) async throws(JournalError) {
        let id = id
        let what = "append \(events.map { "\($0.change.kind) \($0.change.ref?.place ?? "")" }.joined(separator: ", "))"
        try await writer.carryOut(what) { db in
            if let stream = events.first?.stream ?? lease?.stream {
                try SQLiteRows.lease(of: stream, in: db).admit(events, under: lease)
                if let footing { try footing.bear(SQLiteRows.head(of: footing.head.stream, in: db, id), SQLiteRows.lease(of: footing.head.stream, in: db)) }
                let head = try SQLiteRows.head(of: stream, in: db, id)
                let extended = try head.extended(by: events)
                for event in events { try SQLiteRows.insert(event, into: db) }
                if extended != head { try SQLiteRows.store(extended, in: db) }
            }
            if let status { try SQLiteRows.store(status, in: db) }
            return nil
        }
    }

    public func events(in stream: StreamID, after revision: Int) async throws(JournalError) -> [Event] {
        // The row at `revision` comes along: it is what the first event after it must continue.
        let records = try await read { db -> [EventRecord] in
            // Mostly nothing is new, and a row of the fleet's stream can hold ten thousand names.
            if revision > 0, try SQLiteRows.revision(of: stream, in: db) <= revision { return [] }
            return try SQLiteRows.records(of: stream, from: revision, in: db)
        }
        if revision > 0 {
            guard let anchor = records.first, anchor.revision == revision else { return [] }
            let before = JournalRecords.Head(stream: stream, revision: revision - 1, hash: anchor.previous)
            return Array(try before.replay(records).dropFirst())
        }
        return try JournalRecords.Head.genesis(of: stream, in: id).replay(records)
    }

    public func streams() async throws(JournalError) -> [StreamID] {
        try await read { try String.fetchAll($0, sql: "SELECT stream FROM heads ORDER BY stream").map { StreamID($0) } }
    }

    /// Positions are given and committed in one order, for one connection writes at a time.
    public func news(since mark: JournalMark?) async throws(JournalError) -> JournalNews {
        try await read { db in
            let newest = try Int.fetchOne(db, sql: "SELECT coalesce(max(position), 0) FROM events") ?? 0
            let known = Self.position(mark, newest)
            if known == newest { return JournalNews(streams: [], mark: JournalMark(String(newest)), isAll: newest == 0) }
            let streams = known == 0 ? "SELECT stream FROM heads" : "SELECT DISTINCT stream FROM events WHERE position > \(known)"
            return JournalNews(streams: Set(try String.fetchAll(db, sql: streams).map { StreamID($0) }), mark: JournalMark(String(newest)), isAll: known == 0)
        }
    }

    public func appended(since mark: JournalMark?, limit: Int) async throws(JournalError) -> (events: [EventRecord], mark: JournalMark) {
        try await read { db in
            let newest = try Int.fetchOne(db, sql: "SELECT coalesce(max(position), 0) FROM events") ?? 0
            let known = Self.position(mark, newest)
            let rows = try Row.fetchAll(db, sql: "SELECT \(SQLiteRows.columns), position FROM events WHERE position > ? ORDER BY position LIMIT ?", arguments: [known, limit])
            let last = rows.last.flatMap { Int.fromDatabaseValue($0["position"]) } ?? known
            return (rows.map(SQLiteRows.record), JournalMark(String(last)))
        }
    }

    /// A mark that this file has not come to belongs to one that was put back to an older state since: all is news then.
    private static func position(_ mark: JournalMark?, _ newest: Int) -> Int {
        guard let known = mark.flatMap({ Int($0.text) }), (0...newest).contains(known) else { return 0 }
        return known
    }

    public func lease(
        _ stream: StreamID, to holder: String, until: Timestamp, now: Timestamp, gone: @escaping @Sendable (String) -> Bool
    ) async throws(JournalError) -> Lease {
        let lease = try await writer.carryOut("lease") { db in
            let entry = try SQLiteRows.lease(of: stream, in: db).granted(to: holder, until: until, now: now, gone: gone)
            try SQLiteRows.store(entry, in: db)
            return Lease(stream: stream, holder: holder, fence: entry.fence, until: until)
        }
        guard let lease else { throw .unreachable("the journal \(path) granted nothing: this is a defect of cutoverctl") }
        return lease
    }

    public func raise(_ stream: StreamID, above fence: Int) async throws(JournalError) {
        try await writer.carryOut("raising") { db in
            if let entry = try SQLiteRows.lease(of: stream, in: db).raised(above: fence) { try SQLiteRows.store(entry, in: db) }
            return nil
        }
    }

    public func giveBack(_ lease: Lease) async throws(JournalError) {
        try await writer.carryOut("giving back") { db in
            if let entry = try SQLiteRows.lease(of: lease.stream, in: db).returned(lease) { try SQLiteRows.store(entry, in: db) }
            return nil
        }
    }

    public func leaseHolder(of stream: StreamID, now: Timestamp) async throws(JournalError) -> String? {
        try await read { try SQLiteRows.lease(of: stream, in: $0).holder(at: now) }
    }

    public func statuses() async throws(JournalError) -> [TenantStatus] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT tenant, status FROM statuses ORDER BY tenant").map { row in
                let text = String.fromDatabaseValue(row["status"]) ?? ""
                guard let status = TenantStatus(line: text) else {
                    let stream = StreamID(String.fromDatabaseValue(row["tenant"]) ?? "")
                    throw JournalError.damaged(stream, revision: 0, detail: "its stored status can't be read; the events decide: fold them again")
                }
                return status
            }
        }
    }

    public func lines(of tenants: Set<TenantID>?) async throws(JournalError) -> [TenantLine] {
        try await read { try SQLiteRows.lines(of: tenants, in: $0) }
    }

    public func replaceStatuses(_ statuses: [TenantStatus]) async throws(JournalError) {
        try await writer.carryOut("statuses") { db in
            try db.execute(sql: "DELETE FROM statuses")
            for status in statuses { try SQLiteRows.store(status, in: db) }
            return nil
        }
    }

    public func records() async throws(JournalError) -> JournalRecords {
        let id = id
        return try await read { db in
            let records = try Row.fetchAll(db, sql: "SELECT \(SQLiteRows.columns) FROM events ORDER BY position").map(SQLiteRows.record)
            // AUTOINCREMENT counts every insert ever committed, so even a stream that vanished with its head is missed.
            let counted = try Int.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'events'") ?? 0
            return JournalRecords(journal: id, records: records, heads: try SQLiteRows.heads(db), counted: counted)
        }
    }

    /// Copies the file page by page, as it is at one moment, while others go on writing.
    func copy(to queue: DatabaseQueue) throws { try self.queue.backup(to: queue) }

    /// Takes the journal to another schema, forward or back. What stands in it stays as it is.
    func move(to schema: Int) async throws(JournalError) {
        let (queue, file) = (queue, file)
        CrashPoint.reached("journal schema begun")
        defer { CrashPoint.reached("journal schema done") }
        do { try await Task { try await queue.write { try file.upgrade.move(to: schema, $0) } }.value } catch { throw journalError(error, at: path) }
    }

    func schema() async throws(JournalError) -> Int {
        let file = file
        return try await read { try file.upgrade.schema($0) }
    }

    // MARK: - Non public

    // GRDB gives up when the calling task is cancelled; whoever is told to stop still has to look, so it runs in a task of its own, which
    // nobody cancels.

    private func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws(JournalError) -> Value {
        let reader = reader
        do { return try await Task { try await reader.read(body) }.value } catch { throw journalError(error, at: path) }
    }
}
