import Foundation
import Postgres

/// What a comparison asks of the database, each within its caller's snapshot.
extension Comparison {
    struct Opening: Sendable {
        let markers: Int
        let snapshot: String
        let at: String
    }

    struct PlannedSlice: Sendable {
        let range: KeyRange
        /// Keys strictly inside, in order.
        let boundaries: [UUID]
        let estimatedRows: Int
    }

    /// Takes the snapshot and asks which of our records hold anything.
    func open(_ connection: PostgresConnection) async throws -> (sql: ParitySQL, opening: Opening) {
        let row = try await connection.query(sql.askRecords)[0]
        var informed = sql
        informed.records = ParitySQL.Records(
            exceptions: try row.bool("exceptions"), conflicts: try row.bool("conflicts"), entries: try row.bool("entries"),
            kinds: try row.bool("kinds"))
        let opening = Opening(
            markers: sql.base == .v1 ? try row.int("markers") : 0, snapshot: try row.string("snapshot"), at: try row.string("at"))
        return (informed, opening)
    }

    /// The tables by their identity and columns: what was proven of others means nothing.
    func print(_ connection: PostgresConnection) async throws -> String {
        let layout = sql.layout
        let oids = try await connection.query(
            "SELECT to_regclass($1)::oid::text AS one, to_regclass($2)::oid::text AS two",
            [.text(sql.base == .v1 ? layout.v1 : "\(layout.schema).frozen"), .text(layout.v2)])[0]
        let columns = (layout.v1Columns + layout.v2Columns).map { "\($0.name) \($0.type)" }.joined(separator: ",")
        return "1 \(sql.base.rawValue) \(try oids.optionalString("one") ?? "-") \(try oids.optionalString("two") ?? "-") \(columns)"
    }

    // MARK: - Ranges

    /// Ranges of about equally many rows, from a sample of both sides, gathered into slices.
    func slices(of whole: KeyRange, _ sql: ParitySQL, _ connection: PostgresConnection) async throws -> [PlannedSlice] {
        let sizes = try await connection.query(sql.sizes)[0]
        func percent(_ blocks: Int) -> Double { min(100, 100 * 400 / Double(max(1, blocks))) }
        let (one, two) = (percent(try sizes.int("one")), percent(try sizes.int("two")))
        let every = max(1, Int(Double(tuning.range) * (one + two) / 100))
        let sample = try await connection.query(sql.boundaries(in: whole, percentOne: one, percentTwo: two), [.int(every)])
        let sampled = try sample.first?.int("total") ?? 0
        let keys = try sample.filter { try $0.int("n") % every == 0 }.map { try $0.uuid("id") }
        let ranges = whole.split(at: keys)
        let rows = Int(Double(sampled) * 100 / (one + two))
        return ranges.chunks(of: max(1, tuning.slice / tuning.range)).map { part in
            let bounds = KeyRange(lower: part.first?.lower, upper: part.last?.upper)
            return PlannedSlice(range: bounds, boundaries: part.dropFirst().compactMap(\.lower), estimatedRows: rows * part.count / ranges.count)
        }
    }

    /// Compares the slice range by range, and what differs down to rows.
    func prove(
        _ slice: PlannedSlice, _ sql: ParitySQL, _ opening: Opening, _ connection: PostgresConnection
    ) async throws -> ProvenSlice {
        let aside = try await connection.query(sql.aside(in: slice.range)).map { try $0.uuid("id") }
        var candidates = aside
        var (rowsV1, rowsV2, differingV1) = (0, 0, 0)
        var (sumV1, sumV2): (Int128, Int128) = (0, 0)
        var work = [(range: slice.range, boundaries: slice.boundaries, isFirst: true)]
        while let (range, boundaries, isFirst) = work.popLast() {
            let ones = try await sums(1, range, boundaries, sql, connection)
            let twos = try await sums(2, range, boundaries, sql, connection)
            for (number, part) in range.split(at: boundaries).enumerated() {
                let (a, b) = (ones[number] ?? RangeSum(), twos[number] ?? RangeSum())
                if isFirst {
                    rowsV1 += a.rows
                    rowsV2 += b.rows
                    sumV1 &+= a.sum
                    sumV2 &+= b.sum
                }
                if a == b { continue }
                if max(a.rows, b.rows) > tuning.list, let keys = try await keys(in: part, sql, connection) {
                    work.append((part, keys, false))
                } else {
                    for row in try await connection.query(sql.differing(in: part)) {
                        candidates.append(try row.uuid("id"))
                        if try row.bool("in1") { differingV1 += 1 }
                    }
                }
            }
        }
        return ProvenSlice(
            range: slice.range, rowsV1: rowsV1, rowsV2: rowsV2, equal: rowsV1 - differingV1, sumV1: String(sumV1), sumV2: String(sumV2),
            candidates: candidates, aside: aside.count, snapshot: opening.snapshot, at: opening.at)
    }

    private struct RangeSum: Equatable {
        var rows = 0
        var sum: Int128 = 0
        /// Rows of v2 of a kind that nobody gave them: never equal to v1's, which has none.
        var wrong = 0
    }

    private func sums(
        _ side: Int, _ range: KeyRange, _ boundaries: [UUID], _ sql: ParitySQL, _ connection: PostgresConnection
    ) async throws -> [Int: RangeSum] {
        // Nothing is known about how many ranges there are, and a sort of all rows would spill to disk.
        try await connection.execute("SET LOCAL enable_sort = off")
        let rows = try await connection.query(sql.sums(side: side, in: range), [.uuids(boundaries)])
        try await connection.execute("SET LOCAL enable_sort = on")
        var sums: [Int: RangeSum] = [:]
        for row in rows {
            sums[try row.int("n")] = RangeSum(
                rows: try row.int("rows"), sum: Int128(try row.string("sum")) ?? 0, wrong: try row.int("wrong"))
        }
        return sums
    }

    /// Where to split the range; nil when no key lies strictly inside.
    private func keys(in range: KeyRange, _ sql: ParitySQL, _ connection: PostgresConnection) async throws -> [UUID]? {
        let keys = try await connection.query(sql.keys(in: range), [.int(tuning.range)]).map { try $0.uuid("id") }
        let inside = range.split(at: keys).dropFirst().compactMap(\.lower)
        return inside.isEmpty ? nil : inside
    }

    // MARK: - Rows

    struct Judged: Sendable {
        let id: UUID
        let in1: Bool
        let in2: Bool
        let sum1: Int128
        let sum2: Int128
        let verdict: String
        let fields: [String]

        var line: ParityLine? {
            ParityLine.What(rawValue: verdict).map { ParityLine(id: id, what: $0, fields: $0 == .different ? fields : []) }
        }
    }

    func judge(_ ids: some Sequence<UUID>, _ sql: ParitySQL, _ connection: PostgresConnection) async throws -> [Judged] {
        try await connection.query(sql.judge, [.uuids(Array(ids))]).map { row in
            Judged(
                id: try row.uuid("id"), in1: try row.bool("in1"), in2: try row.bool("in2"),
                sum1: try row.optionalString("sum1").flatMap { Int128($0) } ?? 0, sum2: try row.optionalString("sum2").flatMap { Int128($0) } ?? 0,
                verdict: try row.string("verdict"),
                fields: (try row.optionalString("fields") ?? "").split(separator: ",").map(String.init))
        }
    }
}
