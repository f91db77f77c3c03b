import DataPath
import Foundation
import Postgres

/// Edits and forgets crossing, each way, 500 to a transaction, and the longest of those transactions.
struct Crossing: Bench {
    let name = "sql-crossing"
    private let batch = 500

    private struct Way {
        let name: String
        let statement: String
    }

    private let ways = [
        Way(name: "edits-v1-v2", statement: "UPDATE agent_memories SET content = content || ' (edited)' WHERE id IN (SELECT id FROM chosen)"),
        Way(name: "edits-v2-v1", statement: "UPDATE memory_plugin.memory_records SET content = content || ' (edited)' WHERE id IN (SELECT id FROM chosen)"),
        Way(name: "forgets-v1-v2", statement: "DELETE FROM agent_memories WHERE id IN (SELECT id FROM chosen)"),
        Way(name: "forgets-v2-v1", statement: "DELETE FROM memory_plugin.memory_records WHERE id IN (SELECT id FROM chosen)"),
    ]

    func measure(_ ground: Ground) async throws -> [Figure] {
        let url = try await ground.database("bench_ours")
        _ = try await Copying(url: url).rowsPerSecond()
        let agent = try await PostgresConnection.connect(url, applicationName: "bench-agent")
        try await agent.execute("VACUUM (ANALYZE)")
        let writer = Writer(try await PostgresConnection.connect(url, applicationName: "bench-writer"), fence: 0)
        try await Control.setChunkRows(batch, fence: 0, agent)
        try await Control.set(.sync, fence: 0, agent)
        try await writer.start()
        var figures: [Figure] = []
        var longest: [Double] = []
        for way in ways {
            var rates: [Double] = []
            for run in 1...5 {
                let changed = try await change(way, rows: max(batch, ground.rows / 20), agent)
                let (rate, worst) = try await drain(changed, writer)
                tell(String(format: "%@ %d: %.0f/s, longest transaction %.0f ms", way.name, run, rate, worst))
                rates.append(rate)
                longest.append(worst)
            }
            figures.append(Figure("sql-\(way.name)", rates, bound: 7000, unit: "looks/s", .atLeast(1)))
        }
        await writer.stop()
        await agent.close()
        figures.append(Figure("sql-longest-transaction", [longest.max() ?? .nan], bound: 300, unit: "ms", .atMost(1)))
        return figures
    }

    /// Rows all over the key space, each changed on one side by a statement of an agent's.
    private func change(_ way: Way, rows: Int, _ agent: PostgresConnection) async throws -> Int {
        try await agent.execute(
            """
            DROP TABLE IF EXISTS chosen;
            CREATE TEMP TABLE chosen AS SELECT m.id FROM agent_memories m JOIN memory_plugin.memory_records r ON r.id = m.id
                ORDER BY md5(m.id::text || random()) LIMIT \(rows);
            """)
        return try await agent.query(way.statement).affected
    }

    private func drain(_ changed: Int, _ writer: Writer) async throws -> (rate: Double, longestMilliseconds: Double) {
        var looked = 0
        var longest = Duration.zero
        let time = try await seconds {
            while looked < changed {
                let step = try await writer.step()
                looked += step.looks.written
                longest = max(longest, step.longest)
                if step.idle { throw Trouble("\(changed) rows changed, and nothing is left after \(looked)") }
            }
        }
        return (Double(changed) / time, inSeconds(longest) * 1000)
    }
}
