import DataPath
import Foundation
import Postgres

/// Full parity of both stores against one sequential scan of both that reads the same columns, and its memory on a million rows.
struct FullParity: Bench {
    let name = "parity"

    func measure(_ ground: Ground) async throws -> [Figure] {
        let url = try await Self.inStep(ground, "bench_parity", rows: ground.rows)
        let connection = try await PostgresConnection.connect(url, applicationName: "bench-parity")
        let pairs = try await paired(name, runs: 9) {
            try await seconds {
                let report = try await Parity().run(connection, against: .v1)
                guard report.clean, report.rowsV1 == ground.rows else { throw Trouble("the stores are not equal: \(report)") }
            }
        } against: {
            try await seconds {
                for table in ["public.agent_memories", "memory_plugin.memory_records"] {
                    try await connection.query("SELECT count(*), sum(length(content)), sum(length(vector_send(embedding))) FROM \(table)")
                }
            }
        }
        await connection.close()
        try await ground.drop("bench_parity")
        return [Figure(name, pairs, unit: "s", .atMost(3)), try await memory(ground)]
    }

    /// Of a process that does nothing else; with each tenth row differing, so that there is something to list.
    private func memory(_ ground: Ground) async throws -> Figure {
        let url = try await Self.inStep(ground, "bench_parity_large", rows: ground.rows * 10)
        let connection = try await PostgresConnection.connect(url, applicationName: "bench-admin")
        try await connection.execute(
            "ALTER TABLE memory_plugin.memory_records DISABLE TRIGGER USER; DELETE FROM memory_plugin.memory_records WHERE get_byte(uuid_send(id), 15) < 26")
        await connection.close()
        var peaks: [Double] = []
        for run in 1...5 {
            let said = try await Child.play(ParityProcess.role, [url])
            guard let peak = Double(said.trimmingCharacters(in: .whitespacesAndNewlines)) else { throw Trouble("the child said \(said)") }
            tell(String(format: "parity-memory %d: %.1f MiB", run, peak))
            peaks.append(peak)
        }
        try await ground.drop("bench_parity_large")
        return Figure("parity-memory", peaks, bound: 150, unit: "MiB", .atMost(1))
    }

    /// Both stores full: what the looks would have placed, written by one statement, so that a million rows take a minute.
    private static func inStep(_ ground: Ground, _ name: String, rows: Int) async throws -> String {
        let url = try await ground.database(name, rows: rows)
        let connection = try await PostgresConnection.connect(url, applicationName: "bench-admin")
        try await connection.execute(
            """
            ALTER TABLE memory_plugin.memory_records DISABLE TRIGGER USER;
            CREATE TEMP TABLE target AS SELECT m.id, cutover.target(m.workspace_id, m.scope) AS namespace FROM agent_memories m;
            INSERT INTO cutover.exceptions (id, side, reason) SELECT id, 1, 'other' FROM target WHERE namespace IS NULL;
            INSERT INTO memory_plugin.memory_namespaces (name, kind) SELECT DISTINCT namespace, split_part(namespace, ':', 1) FROM target WHERE namespace IS NOT NULL;
            INSERT INTO memory_plugin.memory_records (id, namespace, content, kind, source, created_at, embedding, propagation)
            SELECT m.id, t.namespace, m.content, 'fact', 'agent', coalesce(m.created_at, m.updated_at, 'epoch'), m.embedding,
                jsonb_build_object('cutover', jsonb_build_object('owner', m.workspace_id, 'scope', m.scope, 'label', m.namespace))
            FROM agent_memories m JOIN target t ON t.id = m.id AND t.namespace IS NOT NULL;
            INSERT INTO cutover.placed (id, state, digest, namespace)
            SELECT r.id, 'live', cutover.digest(r.namespace, r.content, r.created_at, vector_send(r.embedding)), r.namespace FROM memory_plugin.memory_records r;
            ALTER TABLE memory_plugin.memory_records ENABLE ALWAYS TRIGGER cutover_capture;
            """)
        try await connection.execute("VACUUM (ANALYZE)")
        await connection.close()
        return url
    }
}

/// Compares and lists everything that differs, then says how much memory it took.
enum ParityProcess {
    static let role = "parity"

    @Sendable static func main(_ arguments: [String]) async throws {
        let connection = try await PostgresConnection.connect(arguments.first ?? "", readOnly: true, applicationName: "bench-parity")
        let listed = Listed()
        let report = try await Parity(listLimit: 0).run(connection, against: .v1) { await listed.add($0) }
        await connection.close()
        guard report.complete, await listed.count == report.differences, report.differences > 0 else { throw Trouble("parity found \(report)") }
        print(try Child.peakMiB())
    }

    private actor Listed {
        private(set) var count = 0
        func add(_ line: ParityLine) { count += 1 }
    }
}
