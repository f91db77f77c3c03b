@testable import DataPath
import Foundation
import Postgres
import ProgramsTestKit
import Testing

/// A server of the plugin's own, for all tests of this process.
enum PluginCluster {
    static let running = Result { try Cluster.start() }
}

/// v1 in one server and v2 in another, captured on both sides, and a writer at hand.
struct SeparateStage: Sendable {
    let near: String
    let far: String
    let agent1: PostgresConnection
    let agent2: PostgresConnection
    /// Our session with the tenant's database alone.
    let ours: PostgresConnection
    let writer: Writer
    let pair: SecondDatabase

    static func make(mode: Control.Mode = .sync, plugins: Cluster? = nil) async throws -> SeparateStage {
        let name = "t" + UUID().lowercased.replacing("-", with: "")
        let near = try await SharedCluster.running.get().makeStores(name)
        let far = try await (plugins ?? PluginCluster.running.get()).makeStores(name)
        let agent1 = try await PostgresConnection.connect(near, applicationName: "agent")
        let agent2 = try await PostgresConnection.connect(far, applicationName: "agent")
        // Neither has anything of the other.
        try await agent1.execute("DROP SCHEMA memory_plugin CASCADE")
        try await agent2.execute("DROP TABLE agent_memories, workspace_memory, workspaces CASCADE")
        try await agent1.execute(
            """
            INSERT INTO workspaces (id, name, parent_id, created_at) VALUES
                ('\(Stage.root)', 'root', NULL, '2024-01-01'), ('\(Stage.child)', 'child', '\(Stage.root)', '2024-01-02')
            """)
        let ours = try await PostgresConnection.connect(near, applicationName: "cutover-test")
        let installing = try await joined(near, far)
        try await installing.execute(
            """
            CREATE SCHEMA cutover; CREATE TABLE cutover.remembered (what text PRIMARY KEY, value jsonb NOT NULL, at timestamptz NOT NULL DEFAULT now())
            """)
        try await LaneSettings(lane: .separate).save(installing)
        try await Capture().install(installing)
        await installing.close()
        try await Control.set(mode, fence: 0, ours)
        let (writing, pair) = try await joinedPair(near, far)
        let writer = Writer(writing, fence: 0)
        try await writer.start()
        return SeparateStage(near: near, far: far, agent1: agent1, agent2: agent2, ours: ours, writer: writer, pair: pair)
    }

    /// The same databases after the plugin's server was started again.
    func reconnected() async throws -> SeparateStage {
        let (writer, pair) = try await another()
        return SeparateStage(
            near: near, far: far, agent1: agent1, agent2: try await PostgresConnection.connect(far, applicationName: "agent"), ours: ours, writer: writer, pair: pair)
    }

    static func joinedPair(_ near: String, _ far: String, readOnly: Bool = false) async throws -> (PostgresConnection, SecondDatabase) {
        let session = try await PostgresConnection.connect(near, readOnly: readOnly, applicationName: "cutover-near")
        let pair = try await SecondDatabase.join(
            session, try await PostgresConnection.connect(far, readOnly: readOnly, applicationName: "cutover-far"), readOnly: readOnly)
        return (session, pair)
    }

    static func joined(_ near: String, _ far: String, readOnly: Bool = false) async throws -> PostgresConnection {
        try await joinedPair(near, far, readOnly: readOnly).0
    }

    func session(readOnly: Bool = false) async throws -> PostgresConnection { try await Self.joined(near, far, readOnly: readOnly) }

    /// A writer in place of one that is gone.
    func another() async throws -> (Writer, SecondDatabase) {
        let (session, pair) = try await Self.joinedPair(near, far)
        let writer = Writer(session, fence: 0)
        try await writer.start()
        return (writer, pair)
    }

    func settle() async throws { try await settle(writer) }

    func settle(_ writer: Writer) async throws {
        for _ in 0..<400 {
            let step = try await writer.step()
            let control = try await Control.read(ours)
            if step.idle, try await waiting() == 0, control.mode != .copy || control.copyDone { return }
            if step.idle { try await Task.sleep(for: .milliseconds(10)) }
        }
        Issue.record("the logs do not empty: \(try await waiting())")
    }

    /// Entries of both sides that no look has consumed.
    func waiting(_ schema: String = "cutover") async throws -> Int {
        let mine = try await ours.query("SELECT count(*) AS n FROM \(schema).change_log")[0].int("n")
        let relayed = try await ours.query("SELECT n FROM \(schema).relayed WHERE what = 'entry'").map { try $0.int("n") }
        return mine + (try await agent2.query("SELECT count(*) AS n FROM \(schema).change_log WHERE seq <> ALL ($1::bigint[])", [.ints(relayed)])[0].int("n"))
    }

    // MARK: - Agents

    @discardableResult
    func add1(_ content: String, id: UUID = UUID(), scope: String = "LOCAL") async throws -> UUID {
        try await agent1.query(
            "INSERT INTO agent_memories (id, workspace_id, content, scope, namespace, embedding, created_at) VALUES ($1, $2, $3, $4, 'notes', '[1,2,3]', '2024-05-06 07:08:09.123456')",
            [.uuid(id), .uuid(Stage.child), .text(content), .text(scope)])
        return id
    }

    @discardableResult
    func add2(_ content: String, id: UUID = UUID(), kind: String = "fact") async throws -> UUID {
        let namespace = "workspace:\(Stage.child.lowercased)"
        try await agent2.query("INSERT INTO memory_plugin.memory_namespaces (name, kind) VALUES ($1, 'workspace') ON CONFLICT DO NOTHING", [.text(namespace)])
        try await agent2.query(
            "INSERT INTO memory_plugin.memory_records (id, namespace, content, kind, source) VALUES ($1, $2, $3, $4, 'agent')",
            [.uuid(id), .text(namespace), .text(content), .text(kind)])
        return id
    }

    func edit(_ side: Int, _ id: UUID, _ content: String) async throws {
        try await agent(side).query("UPDATE \(table(side)) SET content = $2 WHERE id = $1", [.uuid(id), .text(content)])
    }

    func forget(_ side: Int, _ id: UUID) async throws {
        try await agent(side).query("DELETE FROM \(table(side)) WHERE id = $1", [.uuid(id)])
    }

    func text(_ side: Int, _ id: UUID) async throws -> String? {
        try await agent(side).query("SELECT content FROM \(table(side)) WHERE id = $1", [.uuid(id)]).first?.string("content")
    }

    func count(_ side: Int, _ what: String? = nil) async throws -> Int {
        try await agent(side).query("SELECT count(*) AS n FROM \(what ?? table(side))")[0].int("n")
    }

    /// Texts of both sides of every conflict record of the id, oldest first.
    func conflicts(_ id: UUID) async throws -> [String] {
        try await ours.query(
            "SELECT concat_ws(' ', kind, coalesce(v1_row->>'content', '-'), coalesce(v2_row->>'content', '-')) AS text FROM cutover.conflicts WHERE id = $1 ORDER BY n",
            [.uuid(id)]
        ).map { try $0.string("text") }
    }

    func agent(_ side: Int) -> PostgresConnection { side == 1 ? agent1 : agent2 }
    func table(_ side: Int) -> String { side == 1 ? "public.agent_memories" : "memory_plugin.memory_records" }
}
