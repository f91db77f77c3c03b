import Cutover
import CutoverTestKit
import Foundation
import Postgres
import Testing

@testable import Journals

@Suite("a journal in PostgreSQL") struct PostgresJournalTests {
    private func complaint(_ journal: PostgresJournal) async -> String {
        do throws(JournalError) {
            _ = try await journal.identity()
            return "it opened"
        } catch {
            guard case .unreachable(let why) = error else { return "\(error)" }
            return why
        }
    }

    @Test("a database without one is named so, and nothing is made unless asked for")
    func missing() async throws {
        let place = try await PostgresPlace()
        #expect(await complaint(place.open(create: false)).hasPrefix("there is no journal in this database"))
        #expect(try await place.open(create: false).isBegun() == false)
        #expect(try await place.rows("SELECT count(*) AS n FROM pg_namespace WHERE nspname = 'cutover_journal'")[0].int("n") == 0)
        #expect(try await place.open().identity() == "journal-of-a-test")
        #expect(try await place.open(create: false).isBegun())
    }

    @Test("of many that begin it at once all find one identity")
    func racesToBegin() async throws {
        let place = try await PostgresPlace()
        let identities = try await withThrowingTaskGroup(of: JournalID.self) { group in
            for index in 0..<8 { group.addTask { try await place.open(identity: JournalID("identity-\(index)")).identity() } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(identities.count == 1)
    }

    @Test("many tenants' appends at once are all there, whole, and share commits")
    func groups() async throws {
        let place = try await PostgresPlace()
        let doors = [place.open(), place.open()]
        let identity = try await doors[0].identity()
        let before = try await place.rows("SELECT xact_commit AS n FROM pg_stat_database WHERE datname = current_database()")[0].int("n")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<400 {
                let stream = StreamID("t\(number)")
                let events = Self.notes(stream, .genesis(of: stream, in: identity), ["one", "two"])
                group.addTask { try await doors[number % 2].append(events, status: nil, under: nil) }
            }
            try await group.waitForAll()
        }
        let opened = try await doors[0].records()
        #expect(opened.records.count == 800 && opened.counted == 800 && JournalAudit(opened).flaws.isEmpty)
        let after = try await place.rows("SELECT xact_commit AS n FROM pg_stat_database WHERE datname = current_database()")[0].int("n")
        #expect(after - before < 400, "\(after - before) commits")
    }

    @Test("one that is refused keeps nobody else in its group from being written")
    func refusedAmongOthers() async throws {
        let place = try await PostgresPlace()
        let journal = place.open()
        let identity = try await journal.identity()
        let refused = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<100 {
                let stream = StreamID("t\(number)")
                let isGood = number % 3 != 0
                let head: JournalRecords.Head = isGood ? .genesis(of: stream, in: identity) : .init(stream: stream, revision: 4, hash: "elsewhere")
                group.addTask { (try? await journal.append(Self.notes(stream, head, ["x"]), status: nil, under: nil)) == nil }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(refused == 34)
        #expect(try await journal.records().records.count == 66)
    }

    @Test(
        "statements that change what was written are refused",
        arguments: [
            "UPDATE cutover_journal.events SET by = 'mallory'", "DELETE FROM cutover_journal.events", "TRUNCATE cutover_journal.events",
            "DELETE FROM cutover_journal.streams", "UPDATE cutover_journal.streams SET revision = 1", "UPDATE cutover_journal.streams SET hash = 'x'",
            "UPDATE cutover_journal.streams SET fence = fence - 1", "UPDATE cutover_journal.meta SET identity = 'x'", "DELETE FROM cutover_journal.meta",
            "INSERT INTO cutover_journal.meta VALUES ('x', 1)", "UPDATE cutover_journal.counts SET events = events - 1", "DELETE FROM cutover_journal.counts",
            "DELETE FROM cutover_journal.upgrades",
            "INSERT INTO cutover_journal.events SELECT * FROM cutover_journal.events ON CONFLICT (stream, revision) DO UPDATE SET by = 'mallory'",
        ])
    func refusesThePast(sql: String) async throws {
        let place = try await PostgresPlace()
        let journal = place.open()
        try await Place().fill(journal)
        await #expect(throws: (any Error).self) { try await place.run(sql) }
        #expect(JournalAudit(try await journal.records()).flaws.isEmpty)
    }

    @Test(
        "a hand that goes past the triggers is found",
        arguments: [
            ("UPDATE cutover_journal.events SET facts = replace(facts, 'two', 'TWO') WHERE stream = 'acme' AND revision = 2", "acme/2"),
            ("DELETE FROM cutover_journal.events WHERE stream = 'acme' AND revision = 4", "acme/4"),
            ("DELETE FROM cutover_journal.events WHERE stream = 'acme'; DELETE FROM cutover_journal.streams WHERE stream = 'acme'", "*/0"),
            ("UPDATE cutover_journal.meta SET identity = 'other'", "acme/1"),
        ])
    func tampered(sql: String, place found: String) async throws {
        let place = try await PostgresPlace()
        try await Place().fill(place.open())
        try await place.run("SET session_replication_role = replica; \(sql)")
        let audit = JournalAudit(try await place.open(create: false).records())
        #expect(audit.flaws.contains { "\($0.stream)/\($0.revision)" == found }, "\(audit.flaws)")
    }

    @Test("a database that holds another journal by now is not written to")
    func another() async throws {
        let place = try await PostgresPlace()
        let journal = place.open()
        try await Place().fill(journal)
        try await place.run("SET session_replication_role = replica; UPDATE cutover_journal.meta SET identity = 'other'")
        let error = await #expect(throws: JournalError.self) { try await journal.lease("acme", to: "me", until: ManualTime.beginning.adding(seconds: 9), now: ManualTime.beginning) { _ in false } }
        #expect("\(String(describing: error))".contains("another journal"))
    }

    static func notes(_ stream: StreamID, _ head: JournalRecords.Head, _ reasons: [String]) -> [Event] {
        var events: [Event] = []
        for reason in reasons {
            events.append(
                Event(
                    stream: stream, revision: (events.last?.revision ?? head.revision) + 1, at: ManualTime.beginning, by: "ann", fence: 0, change: .held(reason: reason),
                    previous: events.last?.hash ?? head.hash))
        }
        return events
    }
}
