import DataPath
import Postgres

/// The copy's rows a second against one plain `INSERT … SELECT` of the same rows into the same indexed table.
struct CopyBySQL: Bench {
    let name = "sql-copy"

    func measure(_ ground: Ground) async throws -> [Figure] {
        let pairs = try await paired(name) {
            let url = try await ground.database("bench_ours")
            return try await Copying(url: url).rowsPerSecond()
        } against: {
            try await PlainCopy(url: try await ground.database("bench_plain", capture: false)).rowsPerSecond()
        }
        return [Figure(name, pairs, unit: "rows/s", .atLeast(0.85))]
    }
}

/// Our copy of everything v1 has, in this process.
struct Copying: Sendable {
    let url: String

    func rowsPerSecond() async throws -> Double {
        let control = try await PostgresConnection.connect(url, applicationName: "bench")
        try await Control.restartCopy(fence: 0, chunkRows: 500, control)
        let writer = Writer(try await PostgresConnection.connect(url, applicationName: "bench-writer"), fence: 0)
        var rows = 0
        let time = try await seconds {
            try await writer.start()
            while true {
                let step = try await writer.step()
                rows += step.copied
                if step.copyFinished { break }
            }
        }
        await writer.stop()
        await control.close()
        return Double(rows) / time
    }
}

/// The same rows by one statement: no digests, no record of what was placed, nothing read back.
struct PlainCopy: Sendable {
    let url: String

    static let namespaces = """
        INSERT INTO memory_plugin.memory_namespaces (name, kind)
        SELECT DISTINCT t.name, split_part(t.name, ':', 1) FROM (\(rows)) t
        """

    static let rows = """
        SELECT m.*, CASE m.scope WHEN 'LOCAL' THEN 'workspace:' || w.id WHEN 'TEAM' THEN 'team:' || coalesce(w.parent_id, w.id)
            ELSE CASE WHEN w.parent_id IS NULL THEN 'org:' || w.id END END AS name
        FROM agent_memories m JOIN workspaces w ON w.id = m.workspace_id
        WHERE (m.scope <> 'GLOBAL' OR w.parent_id IS NULL) AND btrim(m.content) <> ''
        """

    /// `part` restricts the keys: a condition on `m.id`.
    static func insert(where part: String = "true") -> String {
        """
        INSERT INTO memory_plugin.memory_records (id, namespace, content, kind, source, created_at, embedding)
        SELECT m.id, m.name, m.content, 'fact', 'agent', coalesce(m.created_at, 'epoch'), m.embedding FROM (\(rows)) m
        WHERE \(part) ORDER BY m.id
        """
    }

    func rowsPerSecond() async throws -> Double {
        let connection = try await PostgresConnection.connect(url, applicationName: "bench-plain")
        try await connection.execute(Self.namespaces)
        var rows = 0
        let time = try await seconds { rows = try await connection.query(Self.insert()).affected }
        await connection.close()
        return Double(rows) / time
    }
}
