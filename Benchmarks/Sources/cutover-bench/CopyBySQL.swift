/// The copy's rows a second against one plain `INSERT … SELECT` of the same rows into the same indexed table.
struct CopyBySQL: Bench {
    let name: String
    let ranges: Int
    let goal: Double

    func measure(_ ground: Ground) async throws -> [Figure] {
        let pairs = try await paired(name) {
            try await Copying(url: try await ground.database("bench_ours"), ranges: ranges).rowsPerSecond()
        } against: {
            try await PlainCopy(url: try await ground.database("bench_plain", capture: false)).rowsPerSecond()
        }
        return [Figure(name, pairs, unit: "rows/s", .atLeast(goal))]
    }
}
