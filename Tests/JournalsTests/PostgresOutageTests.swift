import Cutover
import CutoverTestKit
import Foundation
import Postgres
import ProgramsTestKit
import Testing

@testable import Journals

@Suite("a journal in PostgreSQL whose database or network fails") struct PostgresOutageTests {
    private static func head(_ stream: StreamID, _ journal: PostgresJournal) async throws -> JournalRecords.Head {
        let last = try await journal.events(in: stream, after: 0).last
        if let last { return JournalRecords.Head(stream: stream, revision: last.revision, hash: last.hash) }
        return .genesis(of: stream, in: try await journal.identity())
    }

    private static func add(_ reason: String, to stream: StreamID = "acme", _ journal: PostgresJournal) async throws {
        try await journal.append(PostgresJournalTests.notes(stream, head(stream, journal), [reason]), status: nil, under: nil)
    }

    private static func reasons(_ journal: PostgresJournal, of stream: StreamID = "acme") async throws -> [String] {
        try await journal.events(in: stream, after: 0).map { if case .held(let reason) = $0.change { reason } else { "?" } }
    }

    @Test(
        "a commit whose answer was lost is found and not written twice; one that was lost on its way is written once",
        arguments: [Relay.Mode.losesAnswer, .losesRequest])
    func lostCommit(mode: Relay.Mode) async throws {
        let place = try await PostgresPlace()
        let relay = try Relay(to: place.cluster.directory)
        defer { relay.end() }
        let journal = place.open(relay.url(place.database))
        try await Self.add("one", journal)
        relay.set(mode)
        try await Self.add("two", journal)
        #expect(relay.mode == .open, "a commit was spoiled")
        try await Self.add("three", journal)
        #expect(try await Self.reasons(journal) == ["one", "two", "three"])
        let opened = try await journal.records()
        #expect(opened.counted == 3 && JournalAudit(opened).flaws.isEmpty)
    }

    @Test("a lease whose grant was not heard of is granted under one number")
    func lostGrant() async throws {
        let place = try await PostgresPlace()
        let relay = try Relay(to: place.cluster.directory)
        defer { relay.end() }
        let journal = place.open(relay.url(place.database))
        try await Self.add("one", journal)
        relay.set(.losesAnswer)
        let now = ManualTime.beginning
        let lease = try await journal.lease("acme", to: "me", until: now.adding(seconds: 60), now: now) { _ in false }
        #expect(lease.fence == 1)
        relay.set(.losesAnswer)
        try await journal.giveBack(lease)
        #expect(try await journal.leaseHolder(of: "acme", now: now) == nil)
        #expect(try await journal.lease("acme", to: "me", until: now.adding(seconds: 60), now: now) { _ in false }.fence == 2)
    }

    @Test("a network that swallows everything is told in words, at a read and at a write, and when it is back nothing is lost or doubled")
    func parted() async throws {
        let place = try await PostgresPlace()
        let relay = try Relay(to: place.cluster.directory)
        defer { relay.end() }
        let (journal, patient) = (place.open(relay.url(place.database), patience: PostgresPlace.hasty), place.open(relay.url(place.database)))
        try await Self.add("one", patient)
        while (try? await journal.identity()) == nil {}
        let two = try await PostgresJournalTests.notes("acme", Self.head("acme", patient), ["two"])
        relay.set(.silent)
        for act in [{ try await journal.append(two, status: nil, under: nil) }, { _ = try await journal.statuses() }] as [@Sendable () async throws -> Void] {
            let error = await #expect(throws: JournalError.self) { try await act() }
            guard case .unreachable(let why) = error else { return #expect(Bool(false), "\(String(describing: error))") }
            #expect(why.contains("can't be reached"), "\(why)")
        }
        relay.set(.open)
        // What was on its way may have landed or not; asked again it is there once.
        if try await Self.reasons(patient) == ["one"] { try? await patient.append(two, status: nil, under: nil) }
        try await Self.add("three", patient)
        #expect(try await Self.reasons(patient) == ["one", "two", "three"])
    }

    @Test("what a worker that fell silent had locked is free again soon, and others go on")
    func silentHolder() async throws {
        let place = try await PostgresPlace()
        let journal = place.open()
        try await Self.add("one", journal)
        // A worker that was stopped between its lock and its commit.
        let stopped = try await PostgresConnection.connect(place.url)
        try await stopped.execute("SET idle_in_transaction_session_timeout = 1500; BEGIN; SELECT FROM cutover_journal.streams WHERE stream = 'acme' FOR UPDATE")
        try await Self.add("two", journal)
        #expect(try await Self.reasons(journal) == ["one", "two"])
        await #expect(throws: PostgresError.self) { try await stopped.execute("COMMIT") }
    }

    @Test("a server that is restarted under load loses and doubles nothing that was answered", .timeLimit(.minutes(10)))
    func restarted() async throws {
        let cluster = try Cluster.start()
        defer { cluster.end() }
        let place = try await PostgresPlace(on: cluster)
        let journals = [place.open(), place.open()]
        _ = try await journals[0].identity()
        try await Self.underLoad(journals) { for _ in 0..<3 { try cluster.restart() } }
    }

    @Test("a failover to a standby that had to confirm every commit loses and doubles nothing", .timeLimit(.minutes(10)))
    func failover() async throws {
        let cluster = try Cluster.start()
        defer { cluster.end() }
        try await cluster.startStandby()
        let place = try await PostgresPlace(on: cluster)
        try await place.run("ALTER SYSTEM SET synchronous_standby_names = '*'")
        try await place.run("SELECT pg_reload_conf()")
        let url = "postgresql://postgres@/\(place.database)?host=\(cluster.directory),\(cluster.directory)&port=5432,5433&target_session_attrs=read-write&connect_timeout=5"
        let journals = [place.open(url), place.open(url)]
        _ = try await journals[0].identity()
        try await Self.underLoad(journals) {
            try cluster.stop()
            try cluster.promoteStandby()
        }
    }

    /// Writers add to streams of their own while `act` does its worst; afterwards everything that was answered is there, once and in order.
    private static func underLoad(_ journals: [PostgresJournal], _ act: @escaping @Sendable () throws -> Void) async throws {
        let isOver = Flag()
        let written = try await withThrowingTaskGroup(of: (StreamID, Int).self) { group in
            for number in 0..<8 {
                group.addTask {
                    let stream = StreamID("t\(number)")
                    var count = 0
                    while count < 5 || !isOver.isSet {
                        try await add("\(count)", to: stream, journals[number % journals.count])
                        count += 1
                    }
                    return (stream, count)
                }
            }
            group.addTask {
                try await Task.sleep(for: .milliseconds(200))
                try act()
                isOver.set()
                return ("", 0)
            }
            return try await group.reduce(into: [StreamID: Int]()) { $0[$1.0] = $1.1 }
        }
        for (stream, count) in written where stream != "" {
            #expect(try await reasons(journals[0], of: stream) == (0..<count).map(String.init), "\(stream)")
        }
        let opened = try await journals[0].records()
        #expect(JournalAudit(opened).flaws.isEmpty)
        #expect(opened.counted == written.values.reduce(0, +))
    }
}
