import Postgres

extension ParityReport {
    /// Counts all rows of a slice but those set aside.
    mutating func add(_ slice: ProvenSlice) {
        rowsV1 += slice.rowsV1
        rowsV2 += slice.rowsV2
        equal += slice.equal
        provenRows += max(slice.rowsV1, slice.rowsV2)
        estimatedRows = max(estimatedRows, provenRows)
        addSums(Int128(slice.sumV1) ?? 0, Int128(slice.sumV2) ?? 0)
    }

    /// Counts a row that was judged alone.
    mutating func count(_ judged: Comparison.Judged, _ found: Comparison.Found, limit: Int) {
        if found == .aside {
            rowsV1 += judged.in1 ? 1 : 0
            rowsV2 += judged.in2 ? 1 : 0
            addSums(judged.sum1, judged.sum2)
        }
        switch judged.verdict {
        case "equal": equal += found == .equal ? 0 : 1
        case "absent": break
        case "conflict": conflicts += 1
        case "excepted": exceptedIDs += 1
        case "forgotten": forgottenSince += 1
        case "edited": editedSince += 1
        case "added": addedSince += 1
        case "truncated": truncatedSince += 1
        default: if let line = judged.line { take(line, limit: limit) }
        }
    }

    /// What is asked once, at the end.
    mutating func close(_ comparison: Comparison, _ sql: ParitySQL, at: String, _ connection: PostgresConnection) async throws {
        to = at
        if digestV1.isEmpty { digestV1 = Self.hex(0) }
        if digestV2.isEmpty { digestV2 = Self.hex(0) }
        guard sql.base == .frozen else { return }
        let changes = try await ChangesSince.read(connection, sql.layout.settings, limits: comparison.limits)
        largestForget = changes.roles.map(\.largestForget).max() ?? 0
        self.changes = changes
    }

    /// Adds a row's fingerprints to the sums of both sides.
    mutating func addSums(_ one: Int128, _ two: Int128) {
        digestV1 = Self.hex(sum(digestV1) &+ one)
        digestV2 = Self.hex(sum(digestV2) &+ two)
    }

    // MARK: - Non public

    private func sum(_ hex: String) -> Int128 { Int128(truncatingIfNeeded: UInt128(hex, radix: 16) ?? 0) }

    private static func hex(_ sum: Int128) -> String {
        let digits = String(UInt128(truncatingIfNeeded: sum), radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }
}
