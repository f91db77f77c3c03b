public import Cutover
import Foundation
import GRDB

/// All that a journal holds: also the leases, whose numbers hosts have seen, and which must never fall.
struct WholeJournal: Sendable {
    let records: JournalRecords
    let leases: [LeaseEntry]
    let statuses: [TenantStatus]
}

/// A copy of a journal in a file of its own, which is a journal itself.
public struct JournalBackup: Sendable {
    public let journal: JournalID
    /// What the copy, read back, was found to be.
    public let audit: JournalAudit

    /// Copies the journal as it is at one moment, while others go on writing; reads the copy back and checks it.
    /// Throws `.unreachable` where there is something at `path` already, or the copy is not what was copied.
    public static func write(_ journal: any Journal, to path: String) async throws(JournalError) -> JournalBackup {
        guard !FileManager.default.fileExists(atPath: path) else { throw taken(path) }
        let file = SQLiteFile(path: path)
        let isFirst: Bool
        switch journal {
        case let journal as SQLiteJournal: isFirst = try await build(file) { try journal.copy(to: $0) }
        case let journal as PostgresJournal:
            let whole = try await journal.whole()
            isFirst = try await build(file) { try fill($0, with: whole, file) }
        default: throw .unreachable("this journal can't be copied")
        }
        guard isFirst else { throw taken(path) }
        let copy = try SQLiteJournal.open(path: path, create: false) { "" }
        return JournalBackup(journal: try await copy.identity(), audit: JournalAudit(try await copy.records()))
    }

    // MARK: - Non public

    /// On a thread of its own: SQLite blocks as long as the copy takes.
    private static func build(_ file: SQLiteFile, _ fill: @escaping @Sendable (DatabaseQueue) throws -> Void) async throws(JournalError) -> Bool {
        let built: Result<Bool, JournalError> = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                do throws(JournalError) { continuation.resume(returning: .success(try file.build(named: "copy", fill))) } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try built.get()
    }

    private static func taken(_ path: String) -> JournalError { .unreachable("there is something at \(path) already, and nothing is overwritten: name another file") }

    private static func fill(_ queue: DatabaseQueue, with whole: WholeJournal, _ file: SQLiteFile) throws {
        try queue.inDatabase { db in
            try db.execute(sql: "PRAGMA journal_mode = WAL")
            try db.inTransaction {
                try file.upgrade.make(whole.records.journal, db)
                for record in whole.records.records { try SQLiteRows.insert(record, into: db) }
                for head in whole.records.heads { try SQLiteRows.store(head, in: db) }
                for lease in whole.leases { try SQLiteRows.store(lease, in: db) }
                for status in whole.statuses { try SQLiteRows.store(status, in: db) }
                return .commit
            }
        }
    }
}
