@testable import DataPath
import Foundation
import Postgres
import Testing

/// The same writes in two databases; in one of them every id is planned by itself.
@Suite("Plain edits", .serialized)
struct PlainEditTests {
    @Test("carried by set, random writes on both sides leave the same stores and the same records as planned one by one", arguments: seeds(2))
    func sameAsOneByOne(seed: UInt64) async throws {
        var dice = Dice(seed: seed)
        let bySet = try await StillStage.make(leavesPlainEdits: true)
        let oneByOne = try await StillStage.make(leavesPlainEdits: false)
        var writes = RandomWrites()
        var edits = [1: 0, 2: 0]
        for round in 0..<16 {
            let statements = writes.round(round, &dice)
            let rule: ExceptionRule.Word? = round.isMultiple(of: 4) ? [nil, .pass, .flag, .redact, .block].randomElement(using: &dice) ?? nil : nil
            for stage in [bySet, oneByOne] {
                try await stage.write(statements, round: round)
                if let rule {
                    _ = try await ExceptionRules.set([ExceptionRules.credential: ExceptionRule(rule)], fence: 0, stage.stage.ours)
                }
            }
            let (one, other) = (try await bySet.look(&edits), try await oneByOne.look(&edits))
            #expect(one == other, "seed \(seed), round \(round)")
            for table in StillStage.tables {
                let (found, wanted) = (try await bySet.rows(of: table), try await oneByOne.rows(of: table))
                #expect(Set(found).symmetricDifference(wanted).sorted() == [] && found.count == wanted.count, "seed \(seed), round \(round), \(table.name)")
            }
        }
        #expect(edits.values.allSatisfy { $0 > 5 }, "seed \(seed): \(edits)")
        #expect(try await bySet.stage.count("cutover.placed p WHERE p.state = 'conflict'") > 0)
        #expect(try await bySet.stage.count("cutover.exceptions") > 0)
    }
}

/// A stage on which our own `now()` stands still during a round.
private struct StillStage {
    let stage: Stage
    let layout: Layout
    let leavesPlainEdits: Bool

    static func make(leavesPlainEdits: Bool) async throws -> StillStage {
        let stage = try await Stage.make(capture: false)
        try await Capture().install(stage.ours)
        let names = RandomWrites.namespaces.map { "('\($0)', split_part('\($0)', ':', 1))" }.joined(separator: ", ")
        try await stage.agent.execute(
            """
            CREATE SCHEMA still;
            CREATE FUNCTION still.now() RETURNS timestamptz LANGUAGE sql STABLE AS $f$ SELECT current_setting('still.now')::timestamptz $f$;
            INSERT INTO memory_plugin.memory_namespaces (name, kind) VALUES \(names);
            """)
        try await stage.ours.execute("SET search_path = still, pg_catalog, public")
        return StillStage(
            stage: stage, layout: try await Layout.complete(stage.ours, stage.settings), leavesPlainEdits: leavesPlainEdits)
    }

    func write(_ statements: [String], round: Int) async throws {
        try await stage.ours.execute("SET still.now = '\(RandomWrites.time(round))'")
        for statement in statements { try await stage.agent.execute(statement) }
        try await stage.agent.execute("DELETE FROM cutover.marker")
    }

    /// One look at all that was written. Adds to `found` how many plain edits were found, by the side to be overwritten.
    func look(_ found: inout [Int: Int]) async throws -> LookCounts {
        let ids = try await stage.ours.query("SELECT DISTINCT id FROM cutover.change_log ORDER BY id").map { try $0.uuid("id") }
        var look = Look(layout: layout)
        look.leavesPlainEdits = leavesPlainEdits
        let (counts, edits) = try await stage.ours.transaction(.repeatableRead) { [look] connection in
            try await Look.begin(connection, layout)
            let edits = try await PlainEdits.of(look, connection)?.find(ids, connection).edits ?? []
            return (try await look.look(at: ids, connection).counts, edits)
        }
        for some in edits { found[some.side, default: 0] += some.count }
        return counts
    }

    /// All but the numbers and moments that two databases do not share.
    static let tables: [(name: String, row: String)] = [
        ("public.agent_memories", "to_jsonb(t)"), ("memory_plugin.memory_records", "to_jsonb(t)"),
        ("memory_plugin.memory_namespaces", "to_jsonb(t) - 'created_at'"),
        ("cutover.placed", "to_jsonb(t) - 'since' || jsonb_build_object('since', since IS NOT NULL)"),
        ("cutover.exceptions", "to_jsonb(t) - '{at,first_seen,closed}'::text[] || jsonb_build_object('closed', closed IS NOT NULL)"),
        ("cutover.conflicts", "to_jsonb(t) - '{at,closed}'::text[] || jsonb_build_object('closed', closed IS NOT NULL)"),
        ("cutover.kinds", "to_jsonb(t)"), ("cutover.v2_archive", "to_jsonb(t) - 'at'"),
        ("cutover.change_log", "jsonb_build_object('id', id, 'side', side, 'del', del)"),
    ]

    func rows(of table: (name: String, row: String)) async throws -> [String] {
        try await stage.ours.query("SELECT (\(table.row))::text AS row FROM \(table.name) t").map { try $0.string("row") }
    }
}

/// Statements of agents of both sides, as chance has it; edits more than anything else.
private struct RandomWrites {
    static let namespaces = [
        "workspace:\(Stage.child.lowercased)", "workspace:\(Stage.sibling.lowercased)", "team:\(Stage.root.lowercased)",
        "team:\(Stage.child.lowercased)", "org:\(Stage.root.lowercased)", "custom:x",
    ]

    static func time(_ round: Int) -> String { "2025-01-01 00:\(10 + round):00Z" }

    private var written = 0

    mutating func round(_ round: Int, _ dice: inout Dice) -> [String] {
        if round == 0 { return (0..<40).map { insert1($0, "loaded \($0)", 0, &dice) } }
        return (0..<24).flatMap { _ in write(round, &dice) }
    }

    private mutating func write(_ round: Int, _ dice: inout Dice) -> [String] {
        let number = Int.random(in: 0..<60, using: &dice)
        let text = text(&dice)
        let (one, two) = ("UPDATE agent_memories SET updated_at = '\(Self.time(round))',", "UPDATE memory_plugin.memory_records SET")
        let here = "WHERE id = '\(id(number))'"
        let some = Int.random(in: 1..<9, using: &dice)
        switch Int.random(in: 0..<34, using: &dice) {
        case 0..<8: return ["\(one) content = '\(text)' \(here)"]
        case 8..<16: return ["\(two) content = '\(text)' \(here)"]
        case 16: return ["\(one) embedding = \(some > 5 ? "NULL" : "'[\(some),2,3]'") \(here)"]
        case 17: return ["\(two) embedding = \(some > 5 ? "NULL" : "'[\(some),2,3]'") \(here)"]
        case 18: return ["\(one) created_at = \(some > 5 ? "NULL" : "'2024-02-0\(some)Z'") \(here)"]
        case 19: return ["\(two) created_at = '2024-02-0\(some)Z' \(here)"]
        case 20: return ["\(one) namespace = 'label\(some)' \(here)"]
        case 21: return ["\(one) workspace_id = '\(some > 4 ? Stage.sibling : Stage.child)', scope = '\(some.isMultiple(of: 2) ? "LOCAL" : "TEAM")' \(here)"]
        case 22: return ["\(two) namespace = '\(Self.namespaces[some % 6])' \(here)"]
        case 23: return ["DELETE FROM agent_memories \(here)"]
        case 24: return ["DELETE FROM memory_plugin.memory_records \(here)"]
        case 25, 26: return [insert1(number, text, round, &dice)]
        case 27, 28: return [insert2(number, text, Self.namespaces[some % 6], round)]
        case 29: return ["\(one) content = '\(text)' \(here)", "\(two) content = '\(text)' \(here)"]
        case 30: return ["\(two) kind = 'summary', pin = true \(here)"]
        case 31: return ["\(two) propagation = \(["NULL", "'[1]'", "'{\"a\": 1}'", "propagation - 'cutover'"][some % 4]) \(here)"]
        case 32:
            // The same memory by both doors, and at once an edit of the one that is there.
            let home = "'\(Stage.child)', content, 'LOCAL', created_at, '\(Self.time(round))', '\(Stage.child.lowercased)'"
            return [
                """
                INSERT INTO agent_memories (id, workspace_id, content, scope, created_at, updated_at, namespace)
                SELECT '\(id(100 + written))', \(home) FROM memory_plugin.memory_records \(here)
                """, "\(two) content = '\(text)' \(here)",
            ]
        default: return ["UPDATE workspaces SET parent_id = '\(some > 4 ? Stage.root : Stage.child)' WHERE id = '\(Stage.sibling)'"]
        }
    }

    private mutating func text(_ dice: inout Dice) -> String {
        written += 1
        switch Int.random(in: 0..<20, using: &dice) {
        case 0: return " "
        case 1: return "login with password=hunter2 \(written)"
        case 2: return "cutover-probe \(written)"
        case 3: return "long \(written) " + String(repeating: "größer & weiter ", count: 400)
        default: return "text \(written)"
        }
    }

    private func insert1(_ number: Int, _ text: String, _ round: Int, _ dice: inout Dice) -> String {
        let (workspace, scope) = [(Stage.child, "LOCAL"), (Stage.sibling, "TEAM"), (Stage.root, "GLOBAL"), (Stage.child, "GLOBAL"), (Stage.grandchild, "TEAM")]
            .randomElement(using: &dice) ?? (Stage.child, "LOCAL")
        let time = "'\(Self.time(round))'"
        return """
            INSERT INTO agent_memories (id, workspace_id, content, scope, created_at, updated_at, embedding)
            VALUES ('\(id(number))', '\(workspace)', '\(text)', '\(scope)', \(time), \(time), \(number.isMultiple(of: 3) ? "'[1,2,3]'" : "NULL"))
            ON CONFLICT (id) DO NOTHING
            """
    }

    private func insert2(_ number: Int, _ text: String, _ namespace: String, _ round: Int) -> String {
        """
        INSERT INTO memory_plugin.memory_records (id, namespace, content, kind, source, created_at)
        VALUES ('\(id(number))', '\(namespace)', '\(text)', 'fact', 'agent', '\(Self.time(round))') ON CONFLICT (id) DO NOTHING
        """
    }

    private func id(_ number: Int) -> String { String(format: "%08x-0000-4000-8000-000000000000", number * 2_654_435 % 0xffff_ffff) }
}
