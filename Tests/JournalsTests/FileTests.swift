import Cutover
import CutoverTestKit
import Foundation
import GRDB
import Testing

@testable import Journals

@Suite("the file of a SQLite journal") struct FileTests {
    let place: Place
    init() throws { place = try Place() }

    private func complaint(create: Bool = false) throws -> String {
        do throws(JournalError) {
            _ = try place.open(create: create)
            return "it opened"
        } catch {
            guard case .unreachable(let why) = error else { return "\(error)" }
            return why
        }
    }

    @Test("the draft of somebody who was killed while he made the journal is gone once anybody begins one, and a living one's stays")
    func drafts() throws {
        let (dead, living) = ("\(place.path).new-abc-\(Int32.max)", "\(place.path).new-abc-\(getppid())")
        for draft in [dead, dead + "-wal", living] { try Data("half".utf8).write(to: URL(filePath: draft)) }
        _ = try place.open(create: true)
        #expect([dead, dead + "-wal", living].map { FileManager.default.fileExists(atPath: $0) } == [false, false, true])
    }

    @Test("a missing file is named and not made unless asked for")
    func missing() throws {
        #expect(try complaint().hasPrefix("there is no journal at \(place.path)"))
        #expect(!FileManager.default.fileExists(atPath: place.path))
    }

    @Test("an empty file is no journal, even when one may be made", arguments: [true, false])
    func empty(create: Bool) throws {
        try Data().write(to: URL(filePath: place.path))
        #expect(try complaint(create: create).contains("is empty, so it is no journal"))
    }

    @Test("a text file is no journal")
    func text() throws {
        try Data("tenants: [acme]\n".utf8).write(to: URL(filePath: place.path))
        #expect(try complaint(create: true).contains("is not a SQLite database"))
    }

    @Test("another program's database is no journal")
    func foreign() throws {
        let queue = try DatabaseQueue(path: place.path)
        try queue.inDatabase { try $0.execute(sql: "CREATE TABLE meta (identity TEXT, schema INTEGER)") }
        try queue.close()
        #expect(try complaint(create: true).contains("no journal of Cutover"))
    }

    @Test("a newer schema asks for the newer build")
    func newer() throws {
        _ = try place.open()
        try place.tamper("UPDATE meta SET schema = 3", "INSERT INTO upgrades (from_schema, to_schema, program) VALUES (2, 3, 'cutoverctl 9.9')")
        #expect(try complaint() == "the journal \(place.path) has schema 3, and this build knows 2: use the build that wrote it (cutoverctl 9.9), or a newer one")
    }

    @Test("a journal without its identity is not opened")
    func nameless() throws {
        _ = try place.open()
        try place.tamper("DELETE FROM meta")
        #expect(try complaint().contains("has lost its identity"))
    }

    @Test("a damaged file says so")
    func damaged() async throws {
        let journal = try place.open()
        try await place.fill(journal)
        let file = try #require(FileHandle(forUpdatingAtPath: place.path))
        let size = try file.seekToEnd()
        try file.seek(toOffset: 100)
        try file.write(contentsOf: Data(repeating: 0xFF, count: Int(size) - 100))
        try file.close()
        try? FileManager.default.removeItem(atPath: place.path + "-wal")
        try? FileManager.default.removeItem(atPath: place.path + "-shm")
        let why = try complaint()
        #expect(why.contains("damaged") && why.contains("backup"), "\(why)")
    }

    @Test("a folder is no journal")
    func folder() throws {
        try FileManager.default.createDirectory(atPath: place.path, withIntermediateDirectories: false)
        #expect(try complaint(create: true).contains("is a folder"))
    }

    @Test("a journal can't be made where there is no folder")
    func nowhere() throws {
        #expect(throws: JournalError.self) { try SQLiteJournal.open(path: place.path + "/deep/down.db", create: true) { "x" } }
        #expect(throws: JournalError.self) { try SQLiteJournal.open(path: place.folder.path() + "nowhere/a.db", create: true) { "x" } }
    }

    @Test("only its owner can read it, the log beside it too")
    func rights() async throws {
        try await place.fill(try place.open())
        for name in try FileManager.default.contentsOfDirectory(atPath: place.folder.path()) {
            let attributes = try FileManager.default.attributesOfItem(atPath: place.folder.appending(path: name).path())
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
        }
    }

    @Test("making one leaves nothing else behind")
    func tidy() throws {
        do { _ = try place.open() }
        let names = try FileManager.default.contentsOfDirectory(atPath: place.folder.path())
        #expect(names.allSatisfy { $0.hasPrefix("cutover.db") && !$0.contains("new") }, "\(names)")
    }

    @Test("it reopens with the same identity and the same events")
    func reopens() async throws {
        try await place.fill(try place.open(identity: "first"))
        let again = try place.open(identity: "second")
        #expect(try await again.identity() == "first")
        #expect(try await again.events(in: "acme", after: 0).count == 4)
        #expect(JournalAudit(try await again.records()).flaws.isEmpty)
    }

    @Test("of many that begin it at once all find one identity")
    func racesToBegin() async throws {
        let path = place.path
        let identities = try await withThrowingTaskGroup(of: JournalID.self) { group in
            for index in 0..<8 {
                group.addTask { try await SQLiteJournal.open(path: path, create: true) { JournalID("identity-\(index)") }.identity() }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(identities.count == 1)
    }

    @Test("commits are durable: WAL with synchronous FULL")
    func durable() async throws {
        _ = try place.open()
        let queue = try DatabaseQueue(path: place.path, configuration: SQLiteFile.configuration)
        let (mode, synchronous) = try await queue.read { db in
            (try String.fetchOne(db, sql: "PRAGMA journal_mode"), try Int.fetchOne(db, sql: "PRAGMA synchronous"))
        }
        #expect(mode == "wal" && synchronous == 2)
    }
}
