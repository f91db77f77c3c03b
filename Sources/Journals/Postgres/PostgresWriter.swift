import Cutover
import Postgres

/// Writes what came in while the last commit was under way as one transaction: many tenants share the wait for a disk.
/// What is refused of a group keeps nothing else of it from being written. Begun, it is not given up because somebody's task was cancelled.
actor PostgresWriter {
    private struct Waiting {
        let deed: StreamDeed
        let end: CheckedContinuation<Result<Lease?, JournalError>, Never>
    }

    private let database: PostgresDatabase
    private var queue: [Waiting] = []
    private var isWriting = false
    private static let mostDeeds = 500

    init(_ database: PostgresDatabase) { self.database = database }

    @discardableResult
    func carryOut(_ deed: StreamDeed) async throws(JournalError) -> Lease? {
        let end = await withCheckedContinuation { continuation in
            queue.append(Waiting(deed: deed, end: continuation))
            if isWriting { return }
            isWriting = true
            Task { await writeOn() }
        }
        return try end.get()
    }

    // MARK: - Non public

    private func writeOn() async {
        while !queue.isEmpty {
            let group = Array(queue.prefix(Self.mostDeeds))
            queue.removeFirst(group.count)
            let ends = await write(group.map(\.deed))
            for (one, end) in zip(group, ends) { one.end.resume(returning: end) }
        }
        isWriting = false
    }

    private func write(_ deeds: [StreamDeed]) async -> [Result<Lease?, JournalError>] {
        do throws(JournalError) {
            let identity = try await database.ready()
            let schema = database.ladder.newest
            return try await database.attempt { (connection, isAgain) in
                try await Self.write(deeds, isAgain: isAgain, identity, schema, connection)
            }
        } catch {
            return deeds.map { _ in .failure(error) }
        }
    }

    /// After an attempt whose end nobody heard of, what it did is looked for once its locks have been taken: it has ended then, either way,
    /// and nothing is written twice.
    private static func write(
        _ deeds: [StreamDeed], isAgain: Bool, _ identity: JournalID, _ schema: Int, _ connection: PostgresConnection
    ) async throws -> [Result<Lease?, JournalError>] {
        try await connection.transaction { connection in
            let rows = try await StreamRows.lock(
                Set(deeds.compactMap(\.stream)), sharing: Set(deeds.compactMap(\.footing)), in: identity, schema: schema, connection)
            let landed = isAgain ? try await StreamRows.landed(deeds, connection) : []
            var streams = LockedStreams(rows, landed: landed, in: identity)
            let ends = deeds.map { deed -> Result<Lease?, JournalError> in
                do throws(JournalError) { return .success(try streams.carryOut(deed)) } catch { return .failure(error) }
            }
            if !streams.isUnchanged { try await StreamRows.write(streams, connection) }
            return ends
        }
    }
}
