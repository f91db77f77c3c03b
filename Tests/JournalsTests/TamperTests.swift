import Cutover
import CutoverTestKit
import GRDB
import Testing

@testable import Journals

@Suite("a journal that was tampered with shows it") struct TamperTests {
    /// What is done to the file, and the flaws the audit must name, as `stream/revision`.
    struct Deed: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let sql: [String]
        let found: Set<String>
        let word: String
        init(_ name: String, _ sql: [String], found: Set<String>, _ word: String) {
            (self.testDescription, self.sql, self.found, self.word) = (name, sql, found, word)
        }
    }

    static let second = "WHERE stream = 'acme' AND revision = 2"
    private static func edit(_ column: String, _ value: String) -> Deed {
        Deed("\(column) of a row was edited", ["UPDATE events SET \(column) = \(value) \(second)"], found: ["acme/2"], "edited")
    }

    static let edits = [
        edit("at", "'2026-01-01T00:00:00.001Z'"), edit("by", "'mallory'"), edit("fence", "7"), edit("kind", "'held'"), edit("step", "'acme/P/s'"),
        edit("facts", "replace(facts, 'two', 'TWO')"), edit("facts", "'not json'"), edit("previous", "hash"), edit("hash", "previous"),
    ]
    static let deeds: [Deed] =
        edits + [
            Deed("the first row was removed", ["DELETE FROM events WHERE stream = 'acme' AND revision = 1"], found: ["acme/2"], "removed"),
            Deed("a middle row was removed", ["DELETE FROM events \(second)"], found: ["acme/3"], "removed"),
            Deed("the last row was removed", ["DELETE FROM events WHERE stream = 'acme' AND revision = 4"], found: ["acme/4"], "removed"),
            Deed(
                "the last row and the head with it were removed",
                [
                    "DELETE FROM events WHERE stream = 'acme' AND revision = 4",
                    "UPDATE heads SET revision = 3, hash = (SELECT hash FROM events WHERE stream = 'acme' AND revision = 3) WHERE stream = 'acme'",
                ], found: ["*/0"], "removed"),
            Deed(
                "a whole stream was removed, head and all", ["DELETE FROM events WHERE stream = 'acme'", "DELETE FROM heads WHERE stream = 'acme'"],
                found: ["*/0"], "removed"),
            Deed("a row was moved to another stream", ["UPDATE events SET stream = 'umbra', revision = 3 WHERE stream = 'acme' AND revision = 4"],
                found: ["umbra/3", "acme/4"], "removed"),
            Deed("a row was renumbered", ["UPDATE events SET revision = 9 WHERE stream = 'acme' AND revision = 4"], found: ["acme/9"], "removed"),
            Deed(
                "two rows swapped places",
                [
                    "UPDATE events SET position = -1 \(second)", "UPDATE events SET position = 2 WHERE stream = 'acme' AND revision = 3",
                    "UPDATE events SET position = 3 WHERE position = -1",
                ], found: ["acme/3"], "removed"),
            Deed(
                "two rows swapped contents",
                [
                    "CREATE TEMP TABLE t AS SELECT revision AS r, at, by, fence, kind, step, facts, previous, hash FROM events WHERE stream = 'acme'",
                    """
                    UPDATE events SET (facts, previous, hash) = (SELECT facts, previous, hash FROM t WHERE r = 5 - events.revision)
                    WHERE stream = 'acme' AND revision IN (2, 3)
                    """,
                ], found: ["acme/2"], "edited"),
            Deed(
                "a row was inserted at the end",
                [
                    """
                    INSERT INTO events (stream, revision, at, by, fence, kind, step, facts, previous, hash)
                    SELECT stream, 5, at, by, fence, kind, step, facts, hash, previous FROM events WHERE stream = 'acme' AND revision = 4
                    """
                ], found: ["acme/5"], "edited"),
            Deed(
                "a row was inserted in a stream of its own",
                [
                    """
                    INSERT INTO events (stream, revision, at, by, fence, kind, step, facts, previous, hash)
                    SELECT 'ghost', 1, at, by, fence, kind, step, facts, hash, previous FROM events WHERE stream = 'acme' AND revision = 4
                    """
                ], found: ["ghost/1"], "inserted"),
            Deed("the head's revision was edited", ["UPDATE heads SET revision = 9 WHERE stream = 'acme'"], found: ["acme/5"], "removed"),
            Deed("the head's hash was edited", ["UPDATE heads SET hash = 'x' WHERE stream = 'acme'"], found: ["acme/4"], "edited"),
            Deed("the head was removed", ["DELETE FROM heads WHERE stream = 'acme'"], found: ["acme/1"], "no head"),
            Deed("the identity was edited", ["UPDATE meta SET identity = 'other'"], found: ["acme/1", "umbra/1"], "does not continue"),
        ]

    @Test("found and named, in the journal and in its export", arguments: deeds)
    func isFound(deed: Deed) async throws {
        let place = try Place()
        do { try await place.fill(try place.open()) }
        try place.tamper(deed.sql.joined(separator: "; "))
        let opened = try await place.open(create: false).records()
        let audit = JournalAudit(opened)
        let named = Set(audit.flaws.map { "\($0.stream)/\($0.revision)" })
        #expect(deed.found.isSubset(of: named), "\(audit.flaws)")
        #expect(audit.flaws.contains { $0.what.contains(deed.word) }, "\(audit.flaws)")
        let touched = Set(deed.found.map { $0.prefix { $0 != "/" } } + ["*"])
        #expect(named.allSatisfy { touched.contains($0.prefix { $0 != "/" }) || $0.hasPrefix("acme") }, "only what was touched: \(audit.flaws)")
        let exported = try JournalExport.read(try JournalExport.text(opened))
        #expect(JournalAudit(exported) == audit)
    }

    @Test("an edited row is damage to whoever reads the stream, not an event", arguments: edits)
    func isNotRead(deed: Deed) async throws {
        let place = try Place()
        do { try await place.fill(try place.open()) }
        try place.tamper(deed.sql.joined(separator: "; "))
        let journal = try place.open(create: false)
        let error = await #expect(throws: JournalError.self) { try await journal.events(in: "acme", after: 0) }
        guard case .damaged("acme", revision: 2, let detail) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(detail.contains("it was edited"))
        #expect(try await journal.events(in: "umbra", after: 0).count == 2)
    }

    @Test(
        "statements that change what was written are refused",
        arguments: [
            "UPDATE events SET by = 'mallory'", "DELETE FROM events", "DELETE FROM events WHERE revision = 4", "UPDATE meta SET identity = 'x'",
            "DELETE FROM meta", "INSERT INTO meta VALUES ('x', 1)", "DELETE FROM heads", "UPDATE heads SET revision = 1",
            "INSERT OR REPLACE INTO events SELECT * FROM events WHERE stream = 'acme' AND revision = 1",
            "INSERT OR REPLACE INTO events SELECT position, stream, 5, at, by, fence, kind, step, facts, previous, hash FROM events WHERE stream = 'acme' AND revision = 4",
            "INSERT INTO events SELECT NULL, stream, 9, at, by, fence, kind, step, facts, previous, hash FROM events LIMIT 1",
        ])
    func isRefused(sql: String) async throws {
        let place = try Place()
        try await place.fill(try place.open())
        let queue = try DatabaseQueue(path: place.path)
        #expect(throws: DatabaseError.self) { try queue.inDatabase { try $0.execute(sql: sql) } }
        #expect(JournalAudit(try await place.open().records()).flaws.isEmpty)
    }
}
