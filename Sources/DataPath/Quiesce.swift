import Foundation
public import Postgres

/// The barrier: with both tables and `workspaces` locked, everything is looked at until nothing is left.
///
/// At its commit the two stores are equal, even if an agent was forgotten and still runs.
public struct Quiesce: Sendable {
    public struct Report: Sendable, Equatable, Codable {
        public let looked: Int
        /// How long writers were kept out, from the first lock to the commit.
        public let heldSeconds: Double
        public let rows: Int
        /// SHA-256 over all ids and digests of v1 in id order, hexadecimal.
        public let digest: String
        /// Rows that may differ: parked conflicts and open exceptions.
        public let setAside: Int
    }

    public let settings: DataPathSettings
    let variant: LookVariant

    public init(_ settings: DataPathSettings = DataPathSettings()) {
        self.init(settings, variant: .lawful)
    }

    package init(_ settings: DataPathSettings, variant: LookVariant) {
        self.settings = settings
        self.variant = variant
    }

    /// Commits, or throws and leaves everything as it was.
    ///
    /// `body` runs inside the same transaction after equality was proven; what it throws rolls back. Collisions with a writer
    /// that still runs are tried again within `budgetSeconds`.
    /// Rows the copy has not come to count as differing.
    /// - Parameters:
    ///   - lockTimeoutSeconds: longest wait for each table. Writers that come later queue behind that wait.
    ///   - fence: when given, the control row must still have it.
    /// - Throws: `.tablesBusy`, `.budgetSpent`, `.notEqual`, `.fenced`, `.captureBroken`, or what `body` throws.
    public func run(
        _ connection: PostgresConnection, lockTimeoutSeconds: Double = 2, budgetSeconds: Double = 60, fence: Int64? = nil,
        body: (@Sendable (PostgresConnection) async throws -> Void)? = nil
    ) async throws -> Report {
        try await run(connection, lockTimeoutSeconds, budgetSeconds, fence, copyMayBeUnfinished: false, body)
    }

    /// With `copyMayBeUnfinished` only what was placed must be equal: enough for taking it away again.
    func run(
        _ connection: PostgresConnection, _ lockTimeoutSeconds: Double, _ budgetSeconds: Double, _ fence: Int64?,
        copyMayBeUnfinished: Bool, _ body: (@Sendable (PostgresConnection) async throws -> Void)?
    ) async throws -> Report {
        let layout = try await Layout.complete(connection, settings)
        let deadline = ContinuousClock.now + .seconds(budgetSeconds)
        while true {
            do {
                return try await attempt(
                    connection, layout, lockTimeoutSeconds, deadline, budgetSeconds, fence, copyMayBeUnfinished, body)
            } catch let error as PostgresError where ["40001", "40P01"].contains(error.sqlState) {
                guard ContinuousClock.now < deadline else { throw DataPathError.tablesBusy("quiesce") }
                try await Task.sleep(for: .milliseconds(20))
            } catch let error as PostgresError where error.sqlState == "55P03" {
                throw DataPathError.tablesBusy("quiesce")
            } catch let error as PostgresError where error.sqlState == "57014" {
                throw DataPathError.budgetSpent(seconds: budgetSeconds)
            }
        }
    }

    // MARK: - Non public

    private func attempt(
        _ connection: PostgresConnection, _ layout: Layout, _ lockTimeoutSeconds: Double,
        _ deadline: ContinuousClock.Instant, _ budgetSeconds: Double, _ fence: Int64?, _ copyMayBeUnfinished: Bool,
        _ body: (@Sendable (PostgresConnection) async throws -> Void)?
    ) async throws -> Report {
        var started = ContinuousClock.now
        let (looked, stores) = try await connection.transaction(.repeatableRead) { connection in
            if variant == .barrierBegunWithSelect { try await Look.mark(connection, settings) }
            // Only SET before the locks: a SELECT would take the snapshot, and what an agent commits while we wait would be missed.
            try await connection.execute("SET LOCAL lock_timeout = \(Int(lockTimeoutSeconds * 1000))")
            started = ContinuousClock.now
            // EXCLUSIVE also keeps out SELECT FOR UPDATE: a weaker lock would let another writer's rows look held.
            try await connection.execute(
                "LOCK TABLE \(layout.v1), \(layout.v2), \(layout.workspaces) IN EXCLUSIVE MODE")
            try await (connection.partner as? SecondDatabase)?.lockAgainstWriters(lockTimeoutSeconds)
            try await boundStatements(connection, deadline, budgetSeconds)
            try await Look.mark(connection, settings)
            if let fence { try await Control.checkFence(fence, connection, settings) }
            try await CaptureSeal.mark(connection, settings)?.require(connection, settings)
            try await connection.bringEverything()
            let looked = try await lookAtEverything(connection, layout, deadline, budgetSeconds)
            let stores = try await Stores(layout: layout).compare(connection)
            let differing = stores.differing + (copyMayBeUnfinished ? 0 : stores.aheadOfCopy)
            guard differing == 0 else { throw DataPathError.notEqual(differing: differing) }
            try await body?(connection)
            return (looked, stores)
        }
        let held = ContinuousClock.now - started
        return Report(
            looked: looked, heldSeconds: Double(held.components.seconds) + Double(held.components.attoseconds) / 1e18,
            rows: stores.rowsV1, digest: stores.digestV1, setAside: stores.setAside)
    }

    private func lookAtEverything(
        _ connection: PostgresConnection, _ layout: Layout, _ deadline: ContinuousClock.Instant, _ budgetSeconds: Double
    ) async throws -> Int {
        let look = Look(layout: layout)
        var looked = 0
        while true {
            if try await Markers.visible(connection, settings) { _ = try await Markers(layout: layout).expand(connection) }
            let ids = try await connection.query(
                "SELECT DISTINCT id FROM (SELECT id FROM \(settings.schema).change_log ORDER BY seq LIMIT 500) x"
            ).map { try $0.uuid("id") }
            if ids.isEmpty { return looked }
            try await boundStatements(connection, deadline, budgetSeconds)
            try await lookAt(ids, look, connection)
            looked += ids.count
        }
    }

    /// One refused row must not end the quiesce: it goes on the exceptions list alone.
    private func lookAt(_ ids: [UUID], _ look: Look, _ connection: PostgresConnection) async throws {
        try await connection.execute("SAVEPOINT looks")
        do {
            try requireFree(try await look.look(at: ids, connection, failure: ids.count == 1 ? .isListed : .isThrown).busy)
        } catch let error where ids.count > 1 && !Self.endsTransaction(error) {
            try await connection.execute("ROLLBACK TO SAVEPOINT looks")
            try await lookAt(Array(ids[..<(ids.count / 2)]), look, connection)
            try await lookAt(Array(ids[(ids.count / 2)...]), look, connection)
        }
    }

    private func requireFree(_ busy: Set<UUID>) throws {
        // Nobody can hold a row of a table we hold in EXCLUSIVE mode; if it happens, nothing was proven.
        guard busy.isEmpty else { throw DataPathError.tablesBusy("quiesce") }
    }

    private static func endsTransaction(_ error: any Error) -> Bool {
        guard let error = error as? PostgresError else { return !(error is DataPathError) }
        return error.isCollision || error.kind != .refused || error.sqlState == "57014"
    }

    private func boundStatements(
        _ connection: PostgresConnection, _ deadline: ContinuousClock.Instant, _ budgetSeconds: Double
    ) async throws {
        let left = deadline - ContinuousClock.now
        guard left > .zero else { throw DataPathError.budgetSpent(seconds: budgetSeconds) }
        let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
        try await connection.execute("SET LOCAL statement_timeout = \(max(1, milliseconds))")
    }
}
