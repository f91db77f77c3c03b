import CrashPoints
import Cutover
import GRDB

/// Writes what came in while the last commit was under way as one transaction: many tenants share the wait for a disk.
/// What is refused of a group keeps nothing else of it from being written. Begun, it is not given up because somebody's task was cancelled.
actor SQLiteWriter {
    typealias Deed = @Sendable (Database) throws -> Lease?

    private struct Waiting: Sendable {
        let what: String
        let deed: Deed
        let end: CheckedContinuation<Result<Lease?, JournalError>, Never>
    }

    private let queue: DatabaseQueue
    private let file: SQLiteFile
    private var waiting: [Waiting] = []
    private var isWriting = false
    private static let mostDeeds = 500

    init(_ queue: DatabaseQueue, _ file: SQLiteFile) {
        self.queue = queue
        self.file = file
    }

    /// - Parameter what: as crash points call it.
    @discardableResult
    func carryOut(_ what: String, _ deed: @escaping Deed) async throws(JournalError) -> Lease? {
        CrashPoint.reached("journal \(what) begun")
        let end = await withCheckedContinuation { continuation in
            waiting.append(Waiting(what: what, deed: deed, end: continuation))
            if isWriting { return }
            isWriting = true
            Task { await writeOn() }
        }
        let lease = try end.get()
        CrashPoint.reached("journal \(what) done")
        return lease
    }

    // MARK: - Non public

    private func writeOn() async {
        while !waiting.isEmpty {
            let group = Array(waiting.prefix(Self.mostDeeds))
            waiting.removeFirst(group.count)
            for (one, end) in zip(group, await write(group)) { one.end.resume(returning: end) }
        }
        isWriting = false
    }

    private func write(_ group: [Waiting]) async -> [Result<Lease?, JournalError>] {
        let file = file
        do {
            return try await queue.write { db in
                try file.upgrade.move(to: file.ladder.newest, db)
                return try group.map { one in
                    let end = try Self.carryOut(one.deed, alone: group.count == 1, db)
                    CrashPoint.reached("journal \(one.what) not committed")
                    return end
                }
            }
        } catch {
            if group.count == 1 { return [.failure(journalError(error, at: file.path))] }
        }
        // Nothing of the group was written. Whose fault it was shows when each is alone.
        var ends: [Result<Lease?, JournalError>] = []
        for one in group { ends += await write([one]) }
        return ends
    }

    /// What the journal's rules refuse leaves the transaction as it was before; a failure of the database throws, and ends it.
    private static func carryOut(_ deed: Deed, alone: Bool, _ db: Database) throws -> Result<Lease?, JournalError> {
        if alone { return .success(try deed(db)) }
        var lease: Lease?
        do {
            try db.inSavepoint {
                lease = try deed(db)
                return .commit
            }
            return .success(lease)
        } catch let refused as JournalError { return .failure(refused) }
    }
}
