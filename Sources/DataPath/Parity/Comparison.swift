import Foundation
import Postgres

/// One comparison under way.
struct Comparison: Sendable {
    let sql: ParitySQL
    let tuning: Parity.Tuning
    let listLimit: Int
    let limits: ChangesSince.Limits
    let deadline: ContinuousClock.Instant?
    var clock = ParityClock()

    /// Time was up in the middle of a statement.
    struct TimeIsUp: Error {}

    // MARK: - In one snapshot

    /// In the caller's transaction, which must see one snapshot only.
    func runHere(_ connection: PostgresConnection) async throws -> ParityReport {
        var report = ParityReport()
        let (sql, opening) = try await open(connection)
        report.from = opening.at
        report.markers = opening.markers
        for slice in try await slices(of: .all, sql, connection) {
            let proven = try await prove(slice, sql, opening, connection)
            report.add(proven)
            // One snapshot: what was set aside and what differed is judged as it was.
            let aside = Set(proven.candidates.prefix(proven.aside))
            for ids in proven.candidates.chunks(of: tuning.judged) {
                for judged in try await judge(ids, sql, connection) {
                    report.count(judged, aside.contains(judged.id) ? .aside : .differing, limit: listLimit)
                }
            }
        }
        try await report.close(self, sql, at: opening.at, connection)
        report.complete = true
        return report
    }

    // MARK: - In many

    func run(
        _ connection: PostgresConnection, notes: (any ParityNotes)?, pauseSeconds: Double, _ each: (ParityLine) async throws -> Void
    ) async throws -> ParityReport {
        var report = ParityReport()
        do {
            let proven = try await proveAll(connection, notes, &report)
            try await settle(proven, connection, pauseSeconds, &report, each)
        } catch is TimeIsUp {
            report.complete = false
        }
        return report
    }

    /// Slice by slice, each in a snapshot of its own.
    private func proveAll(
        _ connection: PostgresConnection, _ notes: (any ParityNotes)?, _ report: inout ParityReport
    ) async throws -> Proven {
        var proven = try await earlier(connection, notes)
        for slice in proven.slices { report.add(slice) }
        report.resumedRows = report.provenRows
        report.from = proven.slices.first?.at ?? ""
        guard let rest = KeyRange.all.after(proven.slices.last?.range) else { return proven }
        let planned = try await inSnapshot(connection) { connection in
            try await slices(of: rest, try await open(connection).sql, connection)
        }
        report.estimatedRows = report.provenRows + planned.reduce(0) { $0 + $1.estimatedRows }
        for slice in planned {
            let done = try await inSnapshot(connection) { connection in
                let (sql, opening) = try await open(connection)
                return try await prove(slice, sql, opening, connection)
            }
            try await notes?.add(done)
            if report.from.isEmpty { report.from = done.at }
            report.to = done.at
            report.add(done)
            proven.slices.append(done)
        }
        return proven
    }

    struct Proven: Sendable {
        var slices: [ProvenSlice] = []
    }

    /// How a range had found the row that is now judged.
    enum Found: Sendable {
        /// Left out of its counts.
        case aside
        case differing
        /// Counted as equal, or not there yet.
        case equal
    }

    /// What earlier runs proven and what nothing much has happened to since; otherwise begins the notes anew.
    private func earlier(_ connection: PostgresConnection, _ notes: (any ParityNotes)?) async throws -> Proven {
        guard let notes else { return Proven() }
        let print = try await inSnapshot(connection) { try await self.print($0) }
        if let slices = try await notes.read(print: print), let oldest = slices.first?.snapshot {
            let rows = slices.reduce(0) { $0 + max($1.rowsV1, $1.rowsV2) }
            let touched = try await inSnapshot(connection) { connection in
                try await connection.query("SELECT count(*) AS n FROM (\(sql.touched)) t", [.text(oldest)])[0].int("n")
            }
            // Beyond that, ranges are cheaper than ids.
            if touched <= max(10_000, rows / 10) { return Proven(slices: slices) }
        }
        try await notes.begin(print: print)
        return Proven()
    }

    /// Judges what differed and what was touched since, at a later moment; again what was in flight.
    private func settle(
        _ proven: Proven, _ connection: PostgresConnection, _ pauseSeconds: Double, _ report: inout ParityReport,
        _ each: (ParityLine) async throws -> Void
    ) async throws {
        let candidates = Set(proven.slices.flatMap(\.candidates))
        let aside = Set(proven.slices.flatMap { $0.candidates.prefix($0.aside) })
        // The first slice's snapshot is the oldest. A marker stands for rows that have no entry yet: only when it was expanded are
        // those touched known.
        guard let oldest = proven.slices.first?.snapshot else { throw TimeIsUp() }
        let touched = try await waitForMarkers(connection, since: oldest, pauseSeconds, &report)
        var pending = Array(candidates.union(touched)).sorted()
        report.rechecked = touched.subtracting(candidates).count
        while true {
            var inFlight: [UUID] = []
            for ids in pending.chunks(of: tuning.judged) {
                let judged = try await inSnapshot(connection) { connection in
                    try await judge(ids, try await open(connection).sql, connection)
                }
                for one in judged {
                    if one.verdict == "in-flight" {
                        inFlight.append(one.id)
                    } else {
                        let found: Found = aside.contains(one.id) ? .aside : candidates.contains(one.id) ? .differing : .equal
                        report.count(one, found, limit: listLimit)
                        if let line = one.line { try await each(line) }
                    }
                }
            }
            pending = inFlight
            if pending.isEmpty || isLate(after: pauseSeconds) { break }
            try await clock.pause(pauseSeconds)
        }
        for id in pending {
            let line = ParityLine(id: id, what: .inFlight, fields: [])
            report.take(line, limit: listLimit)
            try await each(line)
        }
        try await inSnapshot(connection) { connection in
            let (sql, opening) = try await open(connection)
            try await report.close(self, sql, at: opening.at, connection)
        }
        report.complete = pending.isEmpty && report.markers == 0
    }

    private func waitForMarkers(
        _ connection: PostgresConnection, since oldest: String, _ pauseSeconds: Double, _ report: inout ParityReport
    ) async throws -> Set<UUID> {
        while true {
            let (markers, touched) = try await inSnapshot(connection) { connection in
                let opening = try await open(connection).opening
                let rows = try await connection.query(sql.touched, [.text(oldest)])
                return (opening.markers, Set(try rows.map { try $0.uuid("id") }))
            }
            report.markers = sql.base == .v1 ? markers : 0
            if report.markers == 0 || isLate(after: pauseSeconds) { return touched }
            try await clock.pause(pauseSeconds)
        }
    }

    // MARK: - Time

    private func isLate(after seconds: Double) -> Bool {
        guard let deadline else { return false }
        return clock.now() + .seconds(seconds) >= deadline
    }

    /// One read-only snapshot that ends with the time allowed.
    private func inSnapshot<Result>(
        _ connection: PostgresConnection, _ body: (PostgresConnection) async throws -> Result
    ) async throws -> Result {
        do {
            return try await connection.transaction(.repeatableRead, readOnly: true) { connection in
                if let deadline {
                    let left = deadline - clock.now()
                    guard left > .zero else { throw TimeIsUp() }
                    let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
                    try await connection.execute("SET LOCAL statement_timeout = \(max(1, milliseconds))")
                }
                return try await body(connection)
            }
        } catch let error as PostgresError where error.sqlState == "57014" && isLate(after: 0) {
            throw TimeIsUp()
        }
    }
}

extension RandomAccessCollection where Index == Int {
    /// In order, each of at most `count` elements.
    func chunks(of count: Int) -> [SubSequence] {
        stride(from: startIndex, to: endIndex, by: Swift.max(1, count)).map { self[$0..<Swift.min($0 + count, endIndex)] }
    }
}
