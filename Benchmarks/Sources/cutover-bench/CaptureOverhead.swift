import Postgres

/// What capture costs an agent's insert into `agent_memories`: time with the triggers against time without.
struct CaptureOverhead: Bench {
    let name = "capture-overhead"

    func measure(_ ground: Ground) async throws -> [Figure] {
        let with = try await Agent(try await ground.database("bench_ours"))
        let without = try await Agent(try await ground.database("bench_plain", capture: false))
        let rows = max(500, ground.rows / 50)
        var pairs = Pairs()
        for run in 1...7 {
            var time = (with: 0.0, without: 0.0)
            // In turn, insert by insert: the time a commit takes to reach the disk wanders too much for anything coarser.
            for row in 0..<rows {
                if row.isMultiple(of: 2) {
                    time.with += try await with.insert(row)
                    time.without += try await without.insert(row)
                } else {
                    time.without += try await without.insert(row)
                    time.with += try await with.insert(row)
                }
            }
            pairs.add(name, run, time.with / Double(rows) * 1e6, time.without / Double(rows) * 1e6)
        }
        await with.leave()
        await without.leave()
        return [Figure(name, pairs, unit: "us/row", .atMost(1.15))]
    }

    private struct Agent {
        let connection: PostgresConnection
        let workspace: String

        init(_ url: String) async throws {
            connection = try await PostgresConnection.connect(url, applicationName: "bench-agent")
            workspace = try await connection.query("SELECT id FROM workspaces WHERE parent_id IS NULL ORDER BY id LIMIT 1")[0].string("id")
        }

        /// One insert a transaction, as the doors do it. Answers the seconds it took.
        func insert(_ row: Int) async throws -> Double {
            try await seconds {
                try await connection.query(
                    "INSERT INTO agent_memories (workspace_id, content, scope) VALUES ($1, $2, 'LOCAL')",
                    [.text(workspace), .text("The customer prefers answers in bullet points (bench \(row))")])
            }
        }

        func leave() async { await connection.close() }
    }
}
