import DataPath
import Foundation
import Postgres
import ProgramsTestKit
import Testing

/// One server for all tests of this process.
enum SharedCluster {
    static let running = Result { try Cluster.start() }
}

/// A fresh pair of stores with a small workspace tree, the capture installed, and a writer at hand.
struct Stage: Sendable {
    let url: String
    /// An agent's session.
    let agent: PostgresConnection
    /// Our session.
    let ours: PostgresConnection
    let writer: Writer
    let settings = DataPathSettings()

    static let root = UUID(uuidString: "00000000-0000-4000-8000-000000000001") ?? UUID()
    static let child = UUID(uuidString: "00000000-0000-4000-8000-000000000002") ?? UUID()
    static let sibling = UUID(uuidString: "00000000-0000-4000-8000-000000000003") ?? UUID()
    static let grandchild = UUID(uuidString: "00000000-0000-4000-8000-000000000004") ?? UUID()

    static func make(capture: Bool = true, mode: Control.Mode = .sync) async throws -> Stage {
        let cluster = try SharedCluster.running.get()
        let name = "t" + UUID().lowercased.replacing("-", with: "")
        let url = try await cluster.makeStores(name)
        let agent = try await PostgresConnection.connect(url, applicationName: "agent")
        let ours = try await PostgresConnection.connect(url, applicationName: "cutover-test")
        try await agent.execute(
            """
            INSERT INTO workspaces (id, name, parent_id, created_at) VALUES
                ('\(root)', 'root', NULL, '2024-01-01'), ('\(child)', 'child', '\(root)', '2024-01-02'),
                ('\(sibling)', 'sibling', '\(root)', '2024-01-03'), ('\(grandchild)', 'grandchild', '\(child)', '2024-01-04')
            """)
        let writing = try await PostgresConnection.connect(url, applicationName: "cutover-writer")
        let stage = Stage(url: url, agent: agent, ours: ours, writer: Writer(writing, fence: 0))
        if capture {
            try await Capture().install(ours)
            try await Control.set(mode, fence: 0, ours)
            try await stage.writer.start()
        }
        return stage
    }

    /// Steps until nothing is left to look at.
    @discardableResult
    func settle() async throws -> LookCounts {
        var all = LookCounts()
        for _ in 0..<400 {
            let step = try await writer.step()
            all.looked += step.looks.looked
            all.written += step.looks.written
            all.conflicts += step.looks.conflicts
            all.exceptions += step.looks.exceptions
            let growth = try await Capture().growth(ours)
            let copying = try await Control.read(ours)
            if growth.entries == 0, growth.markers == 0, copying.mode != .copy || copying.copyDone { return all }
            if step.idle { try await Task.sleep(for: .milliseconds(10)) }
        }
        Issue.record("the log does not empty")
        return all
    }

    // MARK: - Agents

    @discardableResult
    func add1(
        _ content: String, id: UUID = UUID(), workspace: UUID? = Stage.child, scope: String = "LOCAL", label: String = "general"
    ) async throws -> UUID {
        try await agent.query(
            "INSERT INTO agent_memories (id, workspace_id, content, scope, namespace, embedding) VALUES ($1, $2, $3, $4, $5, '[1,2,3]')",
            [.uuid(id), workspace.map { .uuid($0) }, .text(content), .text(scope), .text(label)])
        return id
    }

    @discardableResult
    func add2(
        _ content: String, id: UUID = UUID(), namespace: String = "workspace:\(Stage.child.lowercased)", extra: String = ""
    ) async throws -> UUID {
        try await agent.query(
            "INSERT INTO memory_plugin.memory_namespaces (name, kind) VALUES ($1, split_part($1, ':', 1)) ON CONFLICT DO NOTHING",
            [.text(namespace)])
        try await agent.query(
            "INSERT INTO memory_plugin.memory_records (id, namespace, content, kind, source) VALUES ($1, $2, $3, 'fact', 'agent')",
            [.uuid(id), .text(namespace), .text(content)])
        return id
    }

    func edit(_ side: Int, _ id: UUID, _ content: String) async throws {
        try await agent.query("UPDATE \(table(side)) SET content = $2 WHERE id = $1", [.uuid(id), .text(content)])
    }

    func forget(_ side: Int, _ id: UUID) async throws {
        try await agent.query("DELETE FROM \(table(side)) WHERE id = $1", [.uuid(id)])
    }

    // MARK: - What is there

    func text(_ side: Int, _ id: UUID) async throws -> String? {
        try await agent.query("SELECT content FROM \(table(side)) WHERE id = $1", [.uuid(id)]).first?.string("content")
    }

    func namespace(_ id: UUID) async throws -> String? {
        try await agent.query("SELECT namespace FROM memory_plugin.memory_records WHERE id = $1", [.uuid(id)]).first?
            .string("namespace")
    }

    func count(_ sql: String) async throws -> Int {
        try await ours.query("SELECT count(*) AS n FROM \(sql)")[0].int("n")
    }

    func placed(_ id: UUID) async throws -> String? {
        try await ours.query("SELECT state FROM cutover.placed WHERE id = $1", [.uuid(id)]).first?.string("state")
    }

    /// Texts of both sides of every conflict record of the id, oldest first, as `kind v1 v2`.
    func conflicts(_ id: UUID) async throws -> [String] {
        try await ours.query(
            """
            SELECT concat_ws(' ', kind, coalesce(v1_row->>'content', '-'), coalesce(v2_row->>'content', '-')) AS text
            FROM cutover.conflicts WHERE id = $1 ORDER BY n
            """, [.uuid(id)]
        ).map { try $0.string("text") }
    }

    func reasons() async throws -> [String: Int] {
        try await ExceptionsList.read(ours).byReason
    }

    func table(_ side: Int) -> String { side == 1 ? "public.agent_memories" : "memory_plugin.memory_records" }
}
