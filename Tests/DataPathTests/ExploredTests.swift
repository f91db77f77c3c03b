@testable import DataPath
import Foundation
import Postgres
import Testing

/// Interleavings that the exploration of all states found, played on a server.
@Suite("What the exploration found")
struct ExploredTests {
    @Test("a row that died in v2 unseen by a look is not taken for the death of what that look inserts", arguments: [1, 2])
    func deathBeforeOurInsert(side: Int) async throws {
        let stage = try await Stage.make(capture: false)
        let id = UUID()
        // The namespace is old: one that appears behind the snapshot would end the look by itself.
        try await stage.forget(2, try await stage.add2("before"))
        try await Self.add(stage, side, id, "x")
        try await Capture().install(stage.ours)
        let layout = try await Layout.complete(stage.ours, stage.settings)
        try await stage.ours.transaction(.repeatableRead) { connection in
            try await Look.begin(connection, layout)
            // Behind the snapshot: the memory is forgotten, and on the other side another one of the same id comes and goes.
            try await stage.forget(side, id)
            try await Self.add(stage, 3 - side, id, "y")
            try await stage.forget(3 - side, id)
            _ = try await Look(layout: layout).look(at: [id], connection)
        }
        #expect(try await stage.text(3 - side, id) == "x")
        try await Control.set(.sync, fence: 0, stage.ours)
        try await stage.writer.start()
        try await stage.settle()
        #expect(try await stage.text(1, id) == nil)
        #expect(try await stage.text(2, id) == nil)
    }

    @Test("a new life that v2 refuses still ends the old life there")
    func refusedNewLife() async throws {
        let stage = try await Stage.make()
        let id = try await stage.add1("old")
        try await stage.settle()
        try await stage.agent.execute("ALTER TABLE memory_plugin.memory_records ADD CHECK (content <> 'too much')")
        try await stage.forget(1, id)
        try await stage.add1("too much", id: id)
        try await stage.settle()
        #expect(try await stage.text(1, id) == "too much")
        #expect(try await stage.text(2, id) == nil)
        #expect(try await stage.reasons() == ["other": 1])
    }

    @Test("a row found equal in both stores and forgotten before any look does not come back", arguments: [1, 2])
    func forgottenBeforeTheFirstLook(side: Int) async throws {
        let stage = try await Stage.make(capture: false)
        let id = try await stage.add1("twin")
        try await Self.add(stage, 2, id, "twin")
        try await stage.agent.execute(
            "UPDATE memory_plugin.memory_records r SET created_at = m.created_at, embedding = m.embedding FROM agent_memories m WHERE m.id = r.id")
        try await Capture().install(stage.ours)
        try await stage.forget(side, id)
        try await Control.restartCopy(fence: 0, stage.ours)
        try await stage.writer.start()
        try await stage.settle()
        #expect(try await stage.text(1, id) == nil)
        #expect(try await stage.text(2, id) == nil)
    }

    @Test("a TRUNCATE waits for a look that has begun: it heeds no snapshot", arguments: [1, 2])
    func truncateWaits(side: Int) async throws {
        let stage = try await Stage.make()
        let layout = try await Layout.complete(stage.ours, stage.settings)
        try await stage.agent.execute("SET lock_timeout = '100ms'")
        try await stage.ours.transaction(.repeatableRead) { connection in
            try await Look.begin(connection, layout)
            await #expect(throws: PostgresError.self) { try await stage.agent.execute("TRUNCATE \(stage.table(side))") }
        }
        try await stage.agent.execute("TRUNCATE \(stage.table(side))")
    }

    @Test("a moved workspace is not looked up while a look is under way: what it is about to insert would not be found")
    func expandsAlone() async throws {
        let stage = try await Stage.make()
        let layout = try await Layout.complete(stage.ours, stage.settings)
        let id = try await stage.add2("x", namespace: "team:\(Stage.root.lowercased)")
        try await stage.ours.transaction(.repeatableRead) { connection in
            try await Look.begin(connection, layout)
            try await stage.agent.execute("UPDATE workspaces SET parent_id = '\(Stage.sibling)' WHERE id = '\(Stage.child)'")
            _ = try await Look(layout: layout).look(at: [id], connection)
            #expect(try await stage.writer.step().markersExpanded == 0)
        }
        try await stage.settle()
        #expect(try await stage.text(1, id) == "x")
        #expect(try await stage.namespace(id) == "team:\(Stage.sibling.lowercased)")
    }

    private static func add(_ stage: Stage, _ side: Int, _ id: UUID, _ text: String) async throws {
        if side == 1 { try await stage.add1(text, id: id) } else { try await stage.add2(text, id: id) }
    }
}
