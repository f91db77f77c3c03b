import Cutover
import CutoverTestKit
import Foundation
import GRDB

@testable import Journals

/// A folder of its own for one test, removed with it.
final class Place {
    let folder: URL
    var path: String { folder.appending(path: "cutover.db").path(percentEncoded: false) }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "journals-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func open(create: Bool = true, identity: JournalID = "journal-of-a-test") throws(JournalError) -> SQLiteJournal {
        try SQLiteJournal.open(path: path, create: create) { identity }
    }

    /// Another program's hand on the file, past every rule of ours.
    func tamper(_ sql: String...) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.inDatabase { db in
            for trigger in try String.fetchAll(db, sql: "SELECT name FROM sqlite_master WHERE type = 'trigger'") {
                try db.execute(sql: "DROP TRIGGER \(trigger)")
            }
            for statement in sql { try db.execute(sql: statement) }
        }
        try queue.close()
    }

    /// A journal with two streams of four and two events.
    func fill(_ journal: any Journal) async throws {
        for stream in ["acme", "umbra"] as [StreamID] {
            let reasons = stream == "acme" ? ["one", "two", "three", "four"] : ["one", "two"]
            var head = JournalRecords.Head.genesis(of: stream, in: try await journal.identity())
            for reason in reasons {
                let event = Event(
                    stream: stream, revision: head.revision + 1, at: ManualTime.beginning, by: "ann", fence: 0,
                    change: .approved(topic: "topic", reason: reason, facts: ["name": "a, b"]), previous: head.hash)
                try await journal.append([event], status: nil, under: nil)
                head = try head.extended(by: [event])
            }
        }
    }
}
