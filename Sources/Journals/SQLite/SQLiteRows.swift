import Cutover
import GRDB

/// Rows to values and back. Reading never judges: a row that was tampered with comes out as it is, for the chain to show.
enum SQLiteRows {
    static func insert(_ event: Event, into db: Database) throws { try insert(EventRecord(event), into: db) }

    static func insert(_ record: EventRecord, into db: Database) throws {
        let sql = """
            INSERT INTO events (stream, revision, at, by, fence, kind, step, facts, previous, hash)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        try db.cachedStatement(sql: sql).execute(arguments: [
            record.stream.text, record.revision, record.at, record.by.text, record.fence, record.kind, record.step,
            try CanonicalJSON.text(record.facts), record.previous, record.hash,
        ])
    }

    /// In the order in which a record is made of them: by their places they are found sooner than by their names.
    static let columns = "stream, revision, at, by, fence, kind, step, facts, previous, hash"

    static func record(_ row: Row) -> EventRecord {
        EventRecord(
            stream: StreamID(text(row[0])), revision: number(row[1]), at: text(row[2]), by: OperatorID(text(row[3])), fence: number(row[4]),
            kind: text(row[5]), step: String.fromDatabaseValue(row[6]), facts: FactsText.facts(text(row[7])), previous: text(row[8]), hash: text(row[9]))
    }

    static func records(of stream: StreamID, from revision: Int, in db: Database) throws -> [EventRecord] {
        let rows = try db.cachedStatement(sql: "SELECT \(columns) FROM events WHERE stream = ? AND revision >= ? ORDER BY revision")
        return try Row.fetchAll(rows, arguments: [stream.text, revision]).map(record)
    }

    /// Of the head as it is recorded; 0 where there is none.
    static func revision(of stream: StreamID, in db: Database) throws -> Int {
        try Int.fetchOne(db.cachedStatement(sql: "SELECT revision FROM heads WHERE stream = ?"), arguments: [stream.text]) ?? 0
    }

    static func lines(of tenants: Set<TenantID>?, in db: Database) throws -> [TenantLine] {
        let all = "SELECT tenant, status, revision, hash FROM statuses JOIN heads ON stream = tenant"
        func line(_ row: Row) -> TenantLine? {
            guard let status = TenantStatus(line: text(row[1])) else { return nil }
            return TenantLine(status: status, head: JournalRecords.Head(stream: StreamID(text(row[0])), revision: number(row[2]), hash: text(row[3])))
        }
        guard let tenants else { return try Row.fetchAll(db, sql: all).compactMap(line) }
        let one = try db.cachedStatement(sql: "\(all) WHERE tenant = ?")
        return try tenants.compactMap { try Row.fetchOne(one, arguments: [$0.text]).flatMap(line) }
    }

    static func head(of stream: StreamID, in db: Database, _ identity: JournalID) throws -> JournalRecords.Head {
        let statement = try db.cachedStatement(sql: "SELECT revision, hash FROM heads WHERE stream = ?")
        guard let row = try Row.fetchOne(statement, arguments: [stream.text]) else { return .genesis(of: stream, in: identity) }
        return JournalRecords.Head(stream: stream, revision: number(row["revision"]), hash: text(row["hash"]))
    }

    static func heads(_ db: Database) throws -> [JournalRecords.Head] {
        try Row.fetchAll(db, sql: "SELECT stream, revision, hash FROM heads ORDER BY stream").map {
            JournalRecords.Head(stream: StreamID(text($0["stream"])), revision: number($0["revision"]), hash: text($0["hash"]))
        }
    }

    static func store(_ head: JournalRecords.Head, in db: Database) throws {
        let sql = """
            INSERT INTO heads (stream, revision, hash) VALUES (?, ?, ?)
            ON CONFLICT (stream) DO UPDATE SET revision = excluded.revision, hash = excluded.hash
            """
        try db.cachedStatement(sql: sql).execute(arguments: [head.stream.text, head.revision, head.hash])
    }

    static func lease(of stream: StreamID, in db: Database) throws -> LeaseEntry {
        let statement = try db.cachedStatement(sql: "SELECT holder, fence, until FROM leases WHERE stream = ?")
        guard let row = try Row.fetchOne(statement, arguments: [stream.text]) else { return .never(stream) }
        return LeaseEntry(
            stream: stream, holder: String.fromDatabaseValue(row["holder"]), fence: number(row["fence"]),
            until: Timestamp(milliseconds: Int64.fromDatabaseValue(row["until"]) ?? 0))
    }

    static func store(_ entry: LeaseEntry, in db: Database) throws {
        let sql = """
            INSERT INTO leases (stream, holder, fence, until) VALUES (?, ?, ?, ?)
            ON CONFLICT (stream) DO UPDATE SET holder = excluded.holder, fence = excluded.fence, until = excluded.until
            """
        try db.cachedStatement(sql: sql).execute(arguments: [entry.stream.text, entry.holder, entry.fence, entry.until.milliseconds])
    }

    static func store(_ status: TenantStatus, in db: Database) throws {
        let sql = "INSERT INTO statuses (tenant, status) VALUES (?, ?) ON CONFLICT (tenant) DO UPDATE SET status = excluded.status"
        try db.cachedStatement(sql: sql).execute(arguments: [status.tenant.text, try CanonicalJSON.text(status)])
    }

    private static func text(_ value: DatabaseValue) -> String { String.fromDatabaseValue(value) ?? "" }
    private static func number(_ value: DatabaseValue) -> Int { Int.fromDatabaseValue(value) ?? -1 }
}
