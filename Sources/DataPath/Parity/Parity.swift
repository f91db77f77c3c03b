public import Postgres

/// Compares every row and every shared field of the two stores, inside the database.
///
/// Each side is asked for rows and a sum of each range of keys; ranges that differ are split, down to rows. Rows that our own records
/// say may differ (in flight, parked, excepted, changed since the freeze) are judged one by one.
public struct Parity: Sendable {
    public enum Base: String, Sendable, Codable {
        case v1
        /// The ids and digests recorded at the freeze; v1 itself is not read.
        case frozen
    }

    /// Sizes in rows. They decide about speed and memory, never about the answer.
    public struct Tuning: Sendable {
        /// Rows of one range.
        public var range = 1000
        /// Rows compared in one snapshot, after which the work can be taken up again.
        public var slice = 250_000
        /// A differing range of at most this many rows is compared row by row.
        public var list = 4000
        /// Ids judged in one statement.
        public var judged = 2000

        public init() {}
    }

    public let settings: DataPathSettings
    public let listLimit: Int
    /// Against frozen: what agents are expected to do.
    public let limits: ChangesSince.Limits
    public var tuning = Tuning()
    package var clock = ParityClock()

    public init(
        _ settings: DataPathSettings = DataPathSettings(), listLimit: Int = 100, limits: ChangesSince.Limits = ChangesSince.Limits()
    ) {
        self.settings = settings
        self.listLimit = listLimit
        self.limits = limits
    }

    /// All in one snapshot, no locks; works on a read-only connection.
    public func compare(_ connection: PostgresConnection, against base: Base) async throws -> ParityReport {
        try await connection.transaction(.repeatableRead, readOnly: true) { try await compareHere($0, against: base) }
    }

    /// Compares, and then compares again what was touched meanwhile, until each such id was seen settled once or the time is up.
    ///
    /// Ids still in flight at the end are left in the report.
    public func compareUntilSettled(
        _ connection: PostgresConnection, against base: Base, timeoutSeconds: Double = 60, pauseSeconds: Double = 0.05
    ) async throws -> ParityReport {
        try await run(connection, against: base, withinSeconds: timeoutSeconds, pauseSeconds: pauseSeconds)
    }

    /// Like `compareUntilSettled`, for any number of rows: memory stays bounded, what was proven is noted, and a run that was stopped
    /// is taken up again.
    ///
    /// A slice proven earlier stands: whatever happened to its rows since has left an entry or a look behind, and is compared again.
    /// Notes are not used when the tables are others, or too much has happened.
    /// - Parameter each: gets every differing row, once, in no particular order.
    public func run(
        _ connection: PostgresConnection, against base: Base, withinSeconds: Double? = nil, pauseSeconds: Double = 0.05,
        notes: (any ParityNotes)? = nil, each: (ParityLine) async throws -> Void = { _ in }
    ) async throws -> ParityReport {
        if await connection.partner is SecondDatabase {
            return try await runJoined(connection, against: base, withinSeconds: withinSeconds, pauseSeconds: pauseSeconds, each)
        }
        let comparison = Comparison(
            sql: try await statements(connection, base), tuning: tuning, listLimit: listLimit, limits: limits,
            deadline: withinSeconds.map { clock.now() + .seconds($0) }, clock: clock)
        return try await comparison.run(connection, notes: notes, pauseSeconds: pauseSeconds, each)
    }

    // MARK: - Non public

    /// Where v2 lies in another database: all of it is brought over and compared whole, again and again until nothing is in flight.
    private func runJoined(
        _ connection: PostgresConnection, against base: Base, withinSeconds: Double?, pauseSeconds: Double, _ each: (ParityLine) async throws -> Void
    ) async throws -> ParityReport {
        let deadline = withinSeconds.map { clock.now() + .seconds($0) }
        let listing = Parity(settings, listLimit: max(listLimit, 100_000), limits: limits)
        while true {
            var report = try await listing.compare(connection, against: base)
            let isSettled = report.inFlightCount == 0 && report.markers == 0
            if isSettled || deadline.map({ clock.now() + .seconds(pauseSeconds) >= $0 }) == true {
                for line in report.lines { try await each(line) }
                report.complete = isSettled
                report.trim(to: listLimit)
                return report
            }
            try await clock.pause(max(pauseSeconds, 0.2))
        }
    }

    /// In the caller's transaction.
    func compareHere(_ connection: PostgresConnection, against base: Base) async throws -> ParityReport {
        try await connection.bringEverything()
        let comparison = Comparison(
            sql: try await statements(connection, base), tuning: tuning, listLimit: listLimit, limits: limits, deadline: nil, clock: clock)
        return try await comparison.runHere(connection)
    }

    private func statements(_ connection: PostgresConnection, _ base: Base) async throws -> ParitySQL {
        let layout =
            base == .v1
            ? try await Layout.complete(connection, settings) : try await Layout.introspect(connection, settings)
        return ParitySQL(layout: layout, base: base)
    }
}
