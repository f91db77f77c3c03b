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

    @Test("PostgreSQL is said to be missing, without repeating the password", arguments: ["postgres://u:secret@h/db", "postgresql://u:secret@h/db"])
    func postgres(text: String) {
        do throws(JournalError) {
            _ = try openJournal(text, create: true, random: SeededRandom(1))
            Issue.record("it opened")
        } catch {
            #expect("\(error)".contains("not supported yet by this build") && !"\(error)".contains("secret"))
        }
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
