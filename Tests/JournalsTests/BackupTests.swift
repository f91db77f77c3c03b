import Cutover
import CutoverTestKit
import Foundation
import Testing

@testable import Journals

@Suite("a copy of a journal") struct BackupTests {
    private let target: Place
    init() throws { target = try Place() }

    /// Everything a journal holds that somebody relies on.
    private func leased(_ journal: any Journal) async throws -> Lease {
        let now = ManualTime.beginning
        _ = try await journal.lease("acme", to: "one", until: now.adding(seconds: 1), now: now) { _ in false }
        return try await journal.lease("acme", to: "two", until: now.adding(seconds: 60), now: now.adding(seconds: 2)) { _ in false }
    }

    private func check(_ journal: any Journal, _ place: Place) async throws {
        try await Place().fill(journal)
        let lease = try await leased(journal)
        let line = TenantStatus(tenant: "acme", wave: "w", milestone: "", phase: "P", step: "s", state: .running, since: "", held: nil, next: "wait")
        try await journal.append([], status: line, under: nil)
        let backup = try await JournalBackup.write(journal, to: place.path)
        #expect(backup.audit.flaws.isEmpty && backup.audit.events == 6)
        let copy = try place.open(create: false)
        #expect(try await copy.records() == journal.records())
        #expect(try await copy.statuses() == [line])
        let now = ManualTime.beginning
        #expect(try await copy.leaseHolder(of: "acme", now: now) == "two")
        #expect(try await copy.lease("acme", to: "three", until: now.adding(seconds: 99), now: now.adding(seconds: 60)) { _ in false }.fence == lease.fence + 1, "numbers go on above those given")
        await #expect(throws: JournalError.self) { try await JournalBackup.write(journal, to: place.path) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.folder.path()).allSatisfy { !$0.contains("new-") })
    }

    @Test("of one in SQLite is the same journal, leases' numbers and all, and nothing is overwritten")
    func sqlite() async throws {
        let source = try Place()
        try await check(try source.open(), target)
    }

    @Test("of one in PostgreSQL too")
    func postgres() async throws { try await check(try await PostgresPlace().open(), target) }

    @Test("taken while others write is the journal at one moment", arguments: ["sqlite", "postgres"])
    func online(kind: String) async throws {
        let source = try Place()
        let journal: any Journal = kind == "sqlite" ? try source.open() : try await PostgresPlace().open()
        let identity = try await journal.identity()
        let (isOver, path) = (Flag(), target.path)
        let backup = try await withThrowingTaskGroup(of: JournalBackup?.self) { group in
            for number in 0..<4 {
                group.addTask {
                    let stream = StreamID("t\(number)")
                    var head = JournalRecords.Head.genesis(of: stream, in: identity)
                    while !isOver.isSet {
                        let events = PostgresJournalTests.notes(stream, head, ["one", "two"])
                        try await journal.append(events, status: nil, under: nil)
                        head = try head.extended(by: events)
                    }
                    return nil
                }
            }
            group.addTask {
                defer { isOver.set() }
                while try await journal.records().records.count < 20 {}
                return try await JournalBackup.write(journal, to: path)
            }
            return try await group.reduce(nil) { $0 ?? $1 }
        }
        let copied = try await target.open(create: false).records()
        #expect(backup?.audit.flaws.isEmpty == true && copied.records.count >= 20)
        let all = try await journal.records()
        #expect(copied.records.count % 2 == 0, "batches are whole")
        #expect(Array(all.records.prefix(copied.records.count)) == copied.records)
    }

    @Test("where there is something already is refused, and that is left as it is")
    func taken() async throws {
        try "mine".write(toFile: target.path, atomically: true, encoding: .utf8)
        let source = try Place()
        let journal = try source.open()
        await #expect(throws: JournalError.self) { try await JournalBackup.write(journal, to: target.path) }
        #expect(try String(contentsOfFile: target.path, encoding: .utf8) == "mine")
    }

    @Test("of one that was tampered with is kept, and its flaws are told")
    func flawed() async throws {
        let source = try Place()
        try await source.fill(try source.open())
        try source.tamper("UPDATE events SET by = 'mallory' WHERE stream = 'acme' AND revision = 2")
        let backup = try await JournalBackup.write(try source.open(create: false), to: target.path)
        #expect(backup.audit.flaws.map(\.revision) == [2])
    }
}
