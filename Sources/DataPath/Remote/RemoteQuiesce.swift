import Foundation
public import Postgres

/// The barrier of the http lane: with v1 and `workspaces` locked, everything is carried over until nothing is left in v1 that was not
/// proven in the store.
///
/// What it does not prove: that nobody wrote to the store itself since each record was read back.
public struct RemoteQuiesce: Sendable {
    public let settings: DataPathSettings
    public let store: any RecordStore

    public init(_ settings: DataPathSettings = DataPathSettings(lane: .http), store: any RecordStore) {
        self.settings = settings
        self.store = store
    }

    /// Commits, or throws and leaves v1 as it was. Another writer gives up its turn first, and gets it back.
    ///
    /// - Parameters:
    ///   - looking: a second session, which is used up.
    ///   - body: runs in the transaction that holds the locks, after equality was seen; what it throws rolls back.
    /// - Throws: `.tablesBusy`, `.budgetSpent`, `.notEqual`, `.fenced`, `.writerRunning`, or what `body` throws.
    public func run(
        _ connection: PostgresConnection, looking: PostgresConnection, lockTimeoutSeconds: Double = 2, budgetSeconds: Double = 60, fence: Int64? = nil,
        copyMayBeUnfinished: Bool = false, body: (@Sendable (PostgresConnection) async throws -> Void)? = nil
    ) async throws -> Quiesce.Report {
        let layout = try await Layout.complete(connection, settings)
        let present = try await Control.read(connection, settings).fence
        if let fence, fence != present { throw DataPathError.fenced(found: present) }
        let deadline = ContinuousClock.now + .seconds(budgetSeconds)
        try await RemoteTurn.take(connection, settings, waitSeconds: budgetSeconds)
        let writer = RemoteWriter(looking, settings: settings, store: store, fence: present, role: .barrier)
        let result: Result<Quiesce.Report, any Error>
        do {
            try await writer.start()
            // Most of it without the locks, so that they are held for a moment only.
            let before = try await drain(writer, until: ContinuousClock.now + .seconds(budgetSeconds / 2), mustSettle: false)
            result = .success(try await locked(connection, layout, writer, before, lockTimeoutSeconds, deadline, budgetSeconds, copyMayBeUnfinished, body))
        } catch { result = .failure(error) }
        await writer.stop()
        try? await RemoteTurn.give(connection, settings)
        return try result.get()
    }

    // MARK: - Non public

    private func locked(
        _ connection: PostgresConnection, _ layout: Layout, _ writer: RemoteWriter, _ before: Int, _ lockTimeoutSeconds: Double,
        _ deadline: ContinuousClock.Instant, _ budgetSeconds: Double, _ copyMayBeUnfinished: Bool,
        _ body: (@Sendable (PostgresConnection) async throws -> Void)?
    ) async throws -> Quiesce.Report {
        var started = ContinuousClock.now
        let (looked, sums): (Int, Sums)
        do {
            (looked, sums) = try await connection.transaction(.repeatableRead) { connection in
                try await connection.execute("SET LOCAL lock_timeout = \(Int(lockTimeoutSeconds * 1000))")
                started = ContinuousClock.now
                try await connection.execute("LOCK TABLE \(layout.v1), \(layout.workspaces) IN EXCLUSIVE MODE")
                let looked = try await drain(writer, until: deadline, mustSettle: true, budgetSeconds)
                // The snapshot is taken here, after the last entry was consumed.
                let sums = try await compare(connection, layout)
                let differing = sums.differing + (copyMayBeUnfinished ? 0 : sums.ahead)
                guard differing == 0 else { throw DataPathError.notEqual(differing: differing) }
                try await body?(connection)
                return (looked, sums)
            }
        } catch {
            if let error = error as? PostgresError, error.sqlState == "55P03" { throw DataPathError.tablesBusy("quiesce") }
            throw error
        }
        let held = ContinuousClock.now - started
        return Quiesce.Report(
            looked: before + looked, heldSeconds: Double(held.components.seconds) + Double(held.components.attoseconds) / 1e18, rows: sums.rows,
            digest: sums.digest, setAside: sums.setAside)
    }

    private func drain(_ writer: RemoteWriter, until end: ContinuousClock.Instant, mustSettle: Bool, _ budgetSeconds: Double = 0) async throws -> Int {
        var looked = 0
        while try await !writer.isSettled() {
            guard ContinuousClock.now < end else {
                if mustSettle { throw DataPathError.budgetSpent(seconds: budgetSeconds) }
                return looked
            }
            let step = try await writer.step()
            looked += step.looks.looked
            if step.idle { try await Task.sleep(for: .milliseconds(10)) }
        }
        return looked
    }

    private struct Sums: Sendable {
        let rows: Int
        let differing: Int
        let ahead: Int
        let setAside: Int
        let digest: String
    }

    /// v1 against what was proven, in one statement.
    private func compare(_ connection: PostgresConnection, _ layout: Layout) async throws -> Sums {
        let schema = settings.schema
        let row = try await connection.query(
            """
            WITH one AS (
                SELECT m.id, \(layout.digest1("m", "w")) AS digest FROM \(layout.v1) m LEFT JOIN \(layout.workspaces) w ON w.id = m.workspace_id
                WHERE NOT \(layout.projection.isProbe1("m"))),
            two AS (
                SELECT p.id, p.digest FROM \(schema).placed p LEFT JOIN \(layout.v1) m ON m.id = p.id
                WHERE p.state = 'live' AND coalesce(NOT \(layout.projection.isProbe1("m")), true)),
            aside AS (
                SELECT id FROM \(schema).placed WHERE state = 'conflict' UNION SELECT id FROM \(schema).exceptions WHERE closed IS NULL)
            SELECT count(one.id) AS rows, \(Stores.rolled("one")) AS digest,
                count(*) FILTER (WHERE one.digest IS DISTINCT FROM two.digest AND aside.id IS NULL AND (two.id IS NOT NULL OR p.id IS NOT NULL)) AS differing,
                count(*) FILTER (WHERE two.id IS NULL AND aside.id IS NULL AND p.id IS NULL) AS ahead,
                count(*) FILTER (WHERE one.digest IS DISTINCT FROM two.digest AND aside.id IS NOT NULL) AS set_aside
            FROM one FULL JOIN two ON one.id = two.id LEFT JOIN aside ON aside.id = coalesce(one.id, two.id)
            LEFT JOIN \(schema).placed p ON p.id = coalesce(one.id, two.id)
            """)[0]
        return Sums(
            rows: try row.int("rows"), differing: try row.int("differing"), ahead: try row.int("ahead"), setAside: try row.int("set_aside"),
            digest: try row.string("digest"))
    }
}
