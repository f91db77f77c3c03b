import Cutover
import Postgres

/// Rows to values and back. Reading never judges: a row that was tampered with comes out as it is, for the chain to show.
enum StreamRows {
    static let columns = "stream, revision, at, by, fence, kind, step, facts, previous, hash"

    static func record(_ row: PostgresRow) throws(PostgresError) -> EventRecord {
        EventRecord(
            stream: StreamID(try row.string("stream")), revision: try row.int("revision"), at: try row.string("at"), by: OperatorID(try row.string("by")),
            fence: try row.int("fence"), kind: try row.string("kind"), step: try row.optionalString("step"),
            facts: FactsText.facts(try row.string("facts")), previous: try row.string("previous"), hash: try row.string("hash"))
    }

    /// Nil for a stream that was leased and never written to.
    static func head(_ row: PostgresRow) throws(PostgresError) -> JournalRecords.Head? {
        let revision = try row.int("revision")
        return revision == 0 ? nil : JournalRecords.Head(stream: StreamID(try row.string("stream")), revision: revision, hash: try row.string("hash"))
    }

    static func lease(_ row: PostgresRow) throws(PostgresError) -> LeaseEntry {
        LeaseEntry(
            stream: StreamID(try row.string("stream")), holder: try row.optionalString("holder"), fence: try row.int("fence"),
            until: Timestamp(milliseconds: Int64(try row.int("until"))))
    }

    static func status(_ row: PostgresRow) throws -> TenantStatus {
        guard let status = TenantStatus(line: try row.string("status")) else {
            throw JournalError.damaged(StreamID(try row.string("tenant")), revision: 0, detail: "its stored status can't be read; the events decide: fold them again")
        }
        return status
    }

    /// Locks those rows for the transaction, making what is missing, in an order that all workers follow: the fleet's first, then tenants' by name.
    /// Throws `.unreachable` where another journal, or another schema than `schema`, stands there by now.
    static func lock(
        _ changed: Set<StreamID>, sharing rested: Set<StreamID>, in identity: JournalID, schema: Int, _ connection: PostgresConnection
    ) async throws -> [StreamID: LockedStreams.Row] {
        try requireSame(identity, schema, try await connection.prepared("SELECT identity, schema FROM cutover_journal.meta"))
        var rows: [StreamID: LockedStreams.Row] = [:]
        for (streams, mode) in [(rested.subtracting(changed), "SHARE"), (changed, "NO KEY UPDATE")] where !streams.isEmpty {
            var found = try await lock(streams, mode, connection)
            if found.count < streams.count {
                let missing = streams.map(\.text).filter { name in !found.contains { (try? $0.string("stream")) == name } }
                try await connection.prepared(
                    "INSERT INTO cutover_journal.streams (stream) SELECT n FROM unnest($1::text[]) AS n ORDER BY n LIKE '@%' DESC, n COLLATE \"C\" ON CONFLICT DO NOTHING",
                    [.texts(missing)])
                found = try await lock(streams, mode, connection)
            }
            for row in found {
                let stream = StreamID(try row.string("stream"))
                rows[stream] = LockedStreams.Row(head: try head(row) ?? .genesis(of: stream, in: identity), entry: try lease(row))
            }
        }
        return rows
    }

    private static func lock(_ streams: Set<StreamID>, _ mode: String, _ connection: PostgresConnection) async throws -> PostgresRows {
        try await connection.prepared(
            """
            SELECT stream, revision, hash, holder, fence, until FROM cutover_journal.streams
            WHERE stream = ANY($1::text[]) ORDER BY stream LIKE '@%' DESC, stream FOR \(mode)
            """, [.texts(streams.map(\.text))])
    }

    private static func requireSame(_ identity: JournalID, _ schema: Int, _ found: PostgresRows) throws {
        guard let row = found.first, try row.string("identity") == identity.text else {
            throw JournalError.unreachable("another journal stands in the database by now: nothing was written; name the right one with --journal")
        }
        guard try row.int("schema") == schema else {
            throw JournalError.unreachable("another build has taken the journal to schema \(try row.int("schema")), and this one writes \(schema): go on with that build")
        }
    }

    /// Everything in one statement: one round trip, whatever the group's size.
    static func write(_ streams: LockedStreams, _ connection: PostgresConnection) async throws {
        let records = streams.events.map { EventRecord($0) }
        let facts = try records.map { try CanonicalJSON.text($0.facts) }
        let moved = streams.changed.sorted().compactMap { streams.rows[$0] }
        let lines = streams.statuses.values.sorted { $0.tenant < $1.tenant }
        try await connection.prepared(
            """
            WITH appended AS (
                INSERT INTO cutover_journal.events (\(columns))
                SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[])
            ), moved AS (
                UPDATE cutover_journal.streams AS s SET revision = n.revision, hash = n.hash, holder = n.holder, fence = n.fence, until = n.until
                FROM unnest($11::text[], $12::bigint[], $13::text[], $14::text[], $15::bigint[], $16::bigint[]) AS n (stream, revision, hash, holder, fence, until)
                WHERE s.stream = n.stream
            ), counted AS (
                UPDATE cutover_journal.counts SET events = events + $17::bigint WHERE $17::bigint > 0 AND shard = pg_backend_pid() % \(PostgresLadder.shards)
            )
            INSERT INTO cutover_journal.statuses (tenant, status) SELECT * FROM unnest($18::text[], $19::text[])
            ON CONFLICT (tenant) DO UPDATE SET status = excluded.status
            """,
            [
                .texts(records.map(\.stream.text)), .ints(records.map(\.revision)), .texts(records.map(\.at)), .texts(records.map(\.by.text)),
                .ints(records.map(\.fence)), .texts(records.map(\.kind)), .texts(records.map(\.step)), .texts(facts), .texts(records.map(\.previous)),
                .texts(records.map(\.hash)),
                .texts(moved.map(\.head.stream.text)), .ints(moved.map(\.head.revision)), .texts(moved.map { $0.head.revision == 0 ? "" : $0.head.hash }),
                .texts(moved.map(\.entry.holder)), .ints(moved.map(\.entry.fence)), .ints(moved.map { Int($0.entry.until.milliseconds) }),
                .int(records.count), .texts(lines.map(\.tenant.text)), .texts(try lines.map { try CanonicalJSON.text($0) }),
            ])
    }

    /// Which of the deeds' events stand in the journal, to the hash.
    static func landed(_ deeds: [StreamDeed], _ connection: PostgresConnection) async throws -> Set<String> {
        let last = deeds.compactMap(\.last)
        let rows = try await connection.prepared(
            "SELECT hash FROM cutover_journal.events JOIN unnest($1::text[], $2::bigint[], $3::text[]) AS n (stream, revision, hash) USING (stream, revision, hash)",
            [.texts(last.map(\.stream.text)), .ints(last.map(\.revision)), .texts(last.map(\.hash))])
        return Set(try rows.map { try $0.string("hash") })
    }
}
