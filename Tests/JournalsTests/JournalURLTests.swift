import Cutover
import CutoverTestKit
import Foundation
import Testing

@testable import Journals

@Suite("the name of a journal") struct JournalURLTests {
    @Test(
        "a path, plain or after sqlite:, is a file",
        arguments: [
            ("./cutover.db", "./cutover.db"), ("cutover.db", "cutover.db"), ("/var/lib/a:b.db", "/var/lib/a:b.db"), ("./a:b", "./a:b"),
            ("sqlite:cutover.db", "cutover.db"), ("sqlite:/x/y.db", "/x/y.db"), ("sqlite:///x/y.db", "/x/y.db"), ("SQLite:z", "z"),
        ])
    func paths(text: String, path: String) {
        #expect(JournalURL(text) == .sqlite(path: path))
    }

    @Test("postgres:// and postgresql:// are libpq's, whole", arguments: ["postgres://u:p@h:1/db?sslmode=require", "postgresql://h/db", "PostgreSQL://h/db"])
    func postgres(text: String) {
        let scheme = text.prefix { $0 != ":" }
        #expect(JournalURL(text) == .postgres(url: scheme.lowercased() + text.dropFirst(scheme.count)))
    }

    @Test(
        "a database that can't be reached is said to be so, without the password",
        arguments: ["postgres://u:s3cr3t@127.0.0.1:1/db", "postgresql://u:s3cr3t@[h/db", "postgres://u:p@s3cr3t@127.0.0.1:1/x", "postgres:s3cr3t"])
    func unreachable(text: String) async throws {
        let journal = try openJournal(text, create: true, random: SeededRandom(1))
        let error = await #expect(throws: JournalError.self) { try await journal.identity() }
        guard case .unreachable(let why) = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(why.contains("can't be reached") && !why.contains("s3cr3t"), "\(why)")
    }

    @Test("an unknown scheme and an empty name are refused", arguments: ["mysql://h/db", "", "sqlite:"])
    func unknown(text: String) {
        #expect(throws: JournalError.self) { try openJournal(text, create: true, random: SeededRandom(1)) }
    }

    @Test("a new journal is named by chance, and keeps the name")
    func named() async throws {
        let place = try Place()
        let first = try await openJournal(place.path, create: true, random: SeededRandom(1)).identity()
        let again = try await openJournal("sqlite:" + place.path, create: true, random: SeededRandom(2)).identity()
        #expect(first == again && first.text.count == 32)
    }
}
