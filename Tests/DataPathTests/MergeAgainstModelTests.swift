import DataPath
import Foundation
import Postgres
import Testing

@testable import look_explorer

/// The statement that decides and the model that was explored are two spellings of one merge: every case is asked of both.
@Suite("The merge on a server and the merge that was explored")
struct MergeAgainstModelTests {
    @Test("agree in every case")
    func everyCase() async throws {
        let stage = try await Stage.make(capture: false)
        try await Capture().install(stage.ours)
        var cases: [UUID: Judging] = [:]
        for a in [Row.none, .agreed, .ofV1, .homeless] {
            for b in [Row.none, .agreed, .ofV2, .custom] {
                for state in [Judging.Agreed.never, .live, .gone, .conflict] {
                    for died in 0..<4 {
                        let id = UUID()
                        cases[id] = Judging(
                            a: a.rawValue, b: b.rawValue, agreed: state, digest: [.live, .conflict].contains(state) ? Row.agreed.rawValue : 0,
                            died1: died & 1 != 0, died2: died & 2 != 0, fits2: a != .homeless, fits1: b != .custom)
                        try await put(id, a, b, state, died, stage)
                    }
                }
            }
        }
        try await Control.set(.sync, fence: 0, stage.ours)
        try await stage.writer.start()
        try await stage.settle()
        for (id, judging) in cases {
            let told = try await told(id, stage)
            #expect(told == expected(judging), "\(judging)")
        }
        #expect(cases.count == 256)
    }

    private enum Row: UInt16 {
        case none, agreed, ofV1, ofV2, homeless, custom
        var text: String { "\(self)" }
    }

    /// As if nobody had looked yet: rows, agreement and entries without a trigger's help.
    private func put(_ id: UUID, _ a: Row, _ b: Row, _ state: Judging.Agreed, _ died: Int, _ stage: Stage) async throws {
        let home = "workspace:\(Stage.child.lowercased)"
        try await stage.agent.execute("INSERT INTO memory_plugin.memory_namespaces (name, kind) VALUES ('\(home)', 'workspace'), ('custom:x', 'custom') ON CONFLICT DO NOTHING")
        if a != .none {
            try await stage.agent.query(
                "INSERT INTO agent_memories (id, workspace_id, content, scope, created_at) VALUES ($1, $2, $3, $4, '2024-01-01')",
                [.uuid(id), .uuid(Stage.child), .text(a.text), .text(a == .homeless ? "GLOBAL" : "LOCAL")])
        }
        if b != .none {
            try await stage.agent.query(
                "INSERT INTO memory_plugin.memory_records (id, namespace, content, kind, source, created_at) VALUES ($1, $2, $3, 'fact', 'agent', '2024-01-01')",
                [.uuid(id), .text(b == .custom ? "custom:x" : home), .text(b.text)])
        }
        try await stage.ours.query("DELETE FROM cutover.change_log WHERE id = $1", [.uuid(id)])
        try await stage.ours.query(
            "INSERT INTO cutover.change_log (id, side, del) VALUES ($1, 1, $2), ($1, 2, $3)", [.uuid(id), .bool(died & 1 != 0), .bool(died & 2 != 0)])
        if state == .never { return }
        try await stage.ours.query(
            """
            INSERT INTO cutover.placed (id, state, digest, namespace)
            VALUES ($1, $2, CASE WHEN $2 <> 'gone' THEN cutover.digest($3, 'agreed', '2024-01-01', NULL) END, $3)
            """, [.uuid(id), .text("\(state)"), .text(home)])
    }

    /// Both texts, what is agreed, what is listed and what is kept.
    private func told(_ id: UUID, _ stage: Stage) async throws -> String {
        try await stage.ours.query(
            """
            SELECT concat_ws(' ', coalesce((SELECT content FROM agent_memories WHERE id = $1), 'none'),
                coalesce((SELECT content FROM memory_plugin.memory_records WHERE id = $1), 'none'),
                (SELECT state FROM cutover.placed WHERE id = $1),
                (SELECT 'listed' FROM cutover.exceptions WHERE id = $1 AND closed IS NULL),
                (SELECT string_agg(kind, ' ') FROM cutover.conflicts WHERE id = $1)) AS told
            """, [.uuid(id)])[0].string("told")
    }

    private func expected(_ judging: Judging) -> String {
        let verdict = judging.verdict
        var (a, b) = (judging.a, judging.b)
        var state = judging.agreed == .never ? Judging.Agreed.gone : judging.agreed
        switch verdict.action {
        case .same: state = a == 0 ? .gone : .live
        case .ins2, .upd2: (b, state) = (a, .live)
        case .ins1, .upd1: (a, state) = (b, .live)
        case .del1: (a, state) = (0, .gone)
        case .del2: (b, state) = (0, .gone)
        case .conflict: state = .conflict
        case .exception: break
        }
        var words = [a, b].map { Row(rawValue: $0)?.text ?? "?" } + ["\(state)"]
        if verdict.listed { words.append("listed") }
        if verdict.action == .conflict { words.append("conflict") }
        if verdict.keeps { words.append("forget") }
        return words.joined(separator: " ")
    }
}
