/// The most memory the copying process has at ten times the rows, against what it has at the rows of the other benches.
struct CopyMemory: Bench {
    let name = "copy-memory"

    func measure(_ ground: Ground) async throws -> [Figure] {
        let pairs = try await paired(name) {
            try await peak(ground, ground.rows * 10)
        } against: {
            try await peak(ground, ground.rows)
        }
        return [Figure(name, pairs, unit: "MiB", .atMost(1.1))]
    }

    private func peak(_ ground: Ground, _ rows: Int) async throws -> Double {
        let url = try await ground.database("bench_memory", rows: rows)
        let said = try await Child.play(CopyingProcess.role, [url])
        guard let peak = Double(said.split(whereSeparator: \.isNewline).last ?? "") else { throw Trouble("the copy said \(said)") }
        return peak
    }
}
