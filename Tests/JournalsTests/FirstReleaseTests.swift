import Cutover
import CutoverTestKit
import Foundation
import GRDB
import Postgres
import Testing

@testable import Journals

@Suite("a journal of the first release") struct FirstReleaseTests {
    let place: Place

    init() throws {
        place = try Place()
        let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures/journal/first-release.sql")
        let text = try String(contentsOf: fixture, encoding: .utf8)
        let queue = try DatabaseQueue(path: place.path)
        try queue.inDatabase { db in
            try db.execute(sql: "PRAGMA journal_mode = WAL")
            try db.execute(sql: text)
        }
        try queue.close()
    }

    /// What the first release knows.
    static let firstLadder = SchemaLadder(rungs: [SQLiteLadder.ladder.rungs[0]])

    private func tables() throws -> [String] {
        let queue = try DatabaseQueue(path: place.path)
        defer { try? queue.close() }
        return try queue.read { try String.fetchAll($0, sql: "SELECT coalesce(sql, name) FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name") }
    }

    private func openAsFirst() throws -> SQLiteJournal { try SQLiteJournal.open(SQLiteFile(path: place.path, ladder: Self.firstLadder), create: false) { "x" } }

    @Test("is read whole, with every kind of event that release wrote, and reading changes nothing of it")
    func read() async throws {
        let before = try tables()
        do {
            let journal = try place.open(create: false)
            #expect(try await journal.identity() == "5f1d2c3b4a5968778695a4b3c2d1e0f0")
            let opened = try await journal.records()
            #expect(opened.records.count == 31 && JournalAudit(opened).flaws.isEmpty, "\(JournalAudit(opened).flaws)")
            #expect(try await journal.events(in: "acme", after: 0).count == 29)
            #expect(try await journal.statuses().map(\.state) == [.quarantined])
            #expect(try await journal.schema() == 1)
        }
        #expect(try tables() == before)
    }

    @Test("is taken to this build's schema by the first write, goes on with fences above those that were given, and is on record as taken there")
    func write() async throws {
        let journal = try place.open(create: false)
        let now = ManualTime.beginning
        let lease = try await journal.lease("acme", to: "me", until: now.adding(seconds: 60), now: now) { _ in false }
        #expect(lease.fence == 3)
        #expect(try await journal.schema() == SQLiteLadder.ladder.newest)
        let last = try #require(try await journal.events(in: "acme", after: 0).last)
        try await journal.append(
            [Event(stream: "acme", revision: last.revision + 1, at: now, by: "ann", fence: 0, change: .held(reason: "new"), previous: last.hash)], status: nil, under: nil)
        #expect(JournalAudit(try await journal.records()).flaws.isEmpty)
        let queue = try DatabaseQueue(path: place.path)
        #expect(try await queue.read { try String.fetchAll($0, sql: "SELECT from_schema || ' ' || to_schema || ' ' || program FROM upgrades") } == ["1 2 \(Build.name)"])
    }

    @Test("taken forward and back it is what it was, to the table and the row, and the release that made it writes to it again")
    func thereAndBack() async throws {
        let before = try tables()
        let records: JournalRecords
        do {
            let journal = try place.open(create: false)
            records = try await journal.records()
            try await journal.move(to: 2)
            #expect(try await journal.schema() == 2)
            #expect(throws: JournalError.self) { try openAsFirst() }
            try await journal.move(to: 1)
        }
        #expect(try tables() == before)
        let old = try openAsFirst()
        #expect(try await old.records() == records)
        let now = ManualTime.beginning
        #expect(try await old.lease("umbra", to: "me", until: now.adding(seconds: 60), now: now) { _ in false }.fence == 1)
        #expect(try await old.schema() == 1)
    }

    @Test("one that was taken forward is refused by the release before, in words that name the build to use")
    func refused() async throws {
        try await place.open(create: false).move(to: 2)
        let error = #expect(throws: JournalError.self) { try openAsFirst() }
        #expect("\(String(describing: error))".contains("has schema 2, and this build knows 1: use the build that wrote it (\(Build.name)), or a newer one"))
    }

    @Test("a writer that has it open while another build takes it further writes nothing more")
    func overtaken() async throws {
        let old = try openAsFirst()
        try await place.open(create: false).move(to: 2)
        let now = ManualTime.beginning
        await #expect(throws: JournalError.self) { _ = try await old.lease("acme", to: "me", until: now, now: now) { _ in false } }
    }

    @Test("a schema that this build does not know is no way to go", arguments: [0, 3])
    func nowhere(schema: Int) async throws {
        let journal = try place.open(create: false)
        await #expect(throws: JournalError.self) { try await journal.move(to: schema) }
        #expect(try await journal.schema() == 1)
    }
}

@Suite("the schemas of a journal in PostgreSQL") struct PostgresSchemaTests {
    /// As if a later build had come.
    private static let later = SchemaLadder(
        rungs: PostgresLadder.ladder.rungs + [
            SchemaLadder.Rung(
                version: 2, up: ["ALTER TABLE cutover_journal.events ADD COLUMN remark text", "CREATE TABLE cutover_journal.remarks (remark text)"],
                down: ["DROP TABLE cutover_journal.remarks", "ALTER TABLE cutover_journal.events DROP COLUMN remark"])
        ])

    @Test("a later build reads an earlier journal, takes it forward with its first write and back again, and the earlier build refuses what lies between")
    func thereAndBack() async throws {
        let place = try await PostgresPlace()
        try await Place().fill(place.open())
        let (later, records) = (place.open(create: false, ladder: Self.later), try await place.open().records())
        #expect(try await later.records() == records)
        #expect(try await later.schema() == 1)
        let (now, earlier) = (ManualTime.beginning, place.open(create: false))
        _ = try await earlier.lease("acme", to: "early", until: now.adding(seconds: 60), now: now) { _ in false }
        #expect(try await later.lease("umbra", to: "late", until: now.adding(seconds: 60), now: now) { _ in false }.fence == 1)
        #expect(try await later.schema() == 2)
        // One that had it open, and one that opens it now.
        for journal in [earlier, place.open(create: false)] {
            let error = await #expect(throws: JournalError.self) { _ = try await journal.lease("acme", to: "early", until: now, now: now) { _ in false } }
            #expect("\(String(describing: error))".contains("schema 2"))
        }
        try await later.move(to: 1)
        let again = place.open(create: false)
        #expect(try await again.records() == records)
        #expect(try await again.lease("acme", to: "again", until: now.adding(seconds: 99), now: now.adding(seconds: 60)) { _ in false }.fence == 2)
        #expect(try await place.rows("SELECT string_agg(from_schema || ' ' || to_schema, ', ' ORDER BY number) AS way FROM cutover_journal.upgrades")[0].string("way") == "0 1, 1 2, 2 1")
    }

    @Test("of many that take it forward at once one does, and all go on")
    func together() async throws {
        let place = try await PostgresPlace()
        try await Place().fill(place.open())
        let now = ManualTime.beginning
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<6 {
                let journal = place.open(create: false, ladder: Self.later)
                group.addTask { _ = try await journal.lease(StreamID("t\(number)"), to: "w", until: now.adding(seconds: 9), now: now) { _ in false } }
            }
            try await group.waitForAll()
        }
        #expect(try await place.rows("SELECT count(*) AS n FROM cutover_journal.upgrades")[0].int("n") == 2)
    }
}
