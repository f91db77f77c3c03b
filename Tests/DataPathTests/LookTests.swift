import DataPath
import Foundation
import Postgres
import Testing

@Suite("The look", .serialized)
struct LookTests {
    @Test("a new v1 row is carried to v2 with its time, embedding and namespace")
    func insertTwo() async throws {
        let stage = try await Stage.make()
        let id = try await stage.add1("x", scope: "TEAM", label: "notes")
        try await stage.agent.execute("UPDATE agent_memories SET created_at = '2020-02-03 04:05:06.789123Z'")
        try await stage.settle()
        let row = try await stage.agent.query(
            """
            SELECT namespace, content, kind, source, created_at::text AS created, embedding::text AS embedding,
                propagation->'cutover'->>'label' AS label FROM memory_plugin.memory_records
            """)[0]
        #expect(try row.string("namespace") == "team:\(Stage.root.lowercased)")
        #expect(try row.string("created") == "2020-02-03 04:05:06.789123+00")
        #expect(try row.string("embedding") == "[1,2,3]")
        #expect(try row.string("label") == "notes")
        #expect(try row.string("kind") == "fact")
        #expect(try await stage.placed(id) == "live")
    }

    @Test("an edit in v1 of the label alone, or of the time alone, reaches the facts that v2 keeps, and nothing else of the row")
    func labelAlone() async throws {
        let stage = try await Stage.make()
        let id = try await stage.add1("x", scope: "TEAM", label: "notes")
        let theirs = try await stage.add2("nobody's facts", namespace: "team:\(Stage.root.lowercased)")
        try await stage.settle()
        let kept = "SELECT r::text FROM (SELECT id, namespace, content, kind, source, pin, created_at, embedding FROM memory_plugin.memory_records WHERE id = '\(id)') r"
        func facts() async throws -> String? {
            try await stage.agent.query(
                "SELECT propagation->'cutover'->>'label' || ' ' || (propagation->'cutover'->>'updated_micros') AS facts FROM memory_plugin.memory_records WHERE id = $1", [.uuid(id)]
            )[0].optionalString("facts")
        }
        let before = try await stage.agent.query(kept)[0].string("r")
        try await stage.agent.execute("UPDATE agent_memories SET namespace = 'plans', updated_at = '2026-01-01Z' WHERE id = '\(id)'")
        try await stage.settle()
        #expect(try await facts() == "plans 1767225600000000")
        try await stage.agent.execute("UPDATE agent_memories SET updated_at = '2026-01-02Z' WHERE id = '\(id)'")
        // A record that an agent made carries no facts of v1, and is given none.
        try await stage.agent.execute("UPDATE agent_memories SET namespace = 'plans' WHERE id = '\(theirs)'")
        try await stage.settle()
        #expect(try await facts() == "plans 1767312000000000")
        #expect(try await stage.agent.query(kept)[0].string("r") == before)
        #expect(try await stage.count("memory_plugin.memory_records r WHERE r.id = '\(theirs)' AND r.propagation ? 'cutover'") == 0)
        #expect(try await Parity().compare(stage.ours, against: .v1).clean)
    }

    @Test("what a table makes of a row by itself is not taken for what was written: it is listed, and nothing of it stays")
    func tableOfItsOwnMind() async throws {
        let stage = try await Stage.make()
        // By the looks, not by the copy.
        try await stage.settle()
        try await stage.agent.execute(
            """
            CREATE FUNCTION public.louder() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.content := NEW.content || '!'; RETURN NEW; END $$;
            CREATE TRIGGER louder BEFORE INSERT OR UPDATE ON memory_plugin.memory_records FOR EACH ROW EXECUTE FUNCTION public.louder()
            """)
        let id = try await stage.add1("hello")
        _ = try await stage.settle()
        #expect(try await stage.placed(id) != "live")
        #expect(try await stage.count("memory_plugin.memory_records") == 0)
        #expect(try await stage.count("cutover.exceptions WHERE id = '\(id)' AND closed IS NULL") == 1)
    }

    @Test("a new v2 row is carried to v1 with label general and its times")
    func insertOne() async throws {
        let stage = try await Stage.make()
        let id = try await stage.add2("x", namespace: "team:\(Stage.root.lowercased)")
        try await stage.settle()
        let row = try await stage.agent.query(
            "SELECT workspace_id, scope, namespace, updated_at = created_at AS same FROM agent_memories WHERE id = $1", [.uuid(id)])[0]
        #expect(try row.uuid("workspace_id") == Stage.child)
        #expect(try row.string("scope") == "TEAM")
        #expect(try row.string("namespace") == "general")
        #expect(try row.bool("same"))
    }

    @Test("an edit on one side follows on the other", arguments: [1, 2])
    func edit(side: Int) async throws {
        let stage = try await Stage.make()
        let id = try await stage.add1("old")
        try await stage.settle()
        try await stage.edit(side, id, "new")
        try await stage.settle()
        #expect(try await stage.text(3 - side, id) == "new")
        #expect(try await stage.conflicts(id).isEmpty)
    }

    @Test("a forget on one side forgets on the other", arguments: [1, 2])
    func forget(side: Int) async throws {
        let stage = try await Stage.make()
        let id = try await stage.add1("old")
        try await stage.settle()
        try await stage.forget(side, id)
        try await stage.settle()
        #expect(try await stage.text(3 - side, id) == nil)
        #expect(try await stage.placed(id) == "gone")
    }

    @Test("a forget wins over a concurrent edit, whose text is kept", arguments: [1, 2])
    func forgetAgainstEdit(side: Int) async throws {
        let stage = try await Stage.make()
        let id = try await stage.add1("old")
        try await stage.settle()
        try await stage.forget(side, id)
        try await stage.edit(3 - side, id, "edited")
        try await stage.settle()
        #expect(try await stage.text(1, id) == nil)
        #expect(try await stage.text(2, id) == nil)
        #expect(try await stage.conflicts(id) == [side == 1 ? "forget - edited" : "forget edited -"])
    }

    @Test("two concurrent edits keep both texts, and the record closes by itself when they become equal")
    func conflict() async throws {
        let stage = try await Stage.make()
        let id = try await stage.add1("old")
        try await stage.settle()
        try await stage.edit(1, id, "one")
        try await stage.edit(2, id, "two")
        try await stage.settle()
        #expect(try await stage.text(1, id) == "one")
        #expect(try await stage.text(2, id) == "two")
        #expect(try await stage.placed(id) == "conflict")
        try await stage.edit(1, id, "three")
        try await stage.settle()
        #expect(try await stage.conflicts(id) == ["conflict one two", "conflict three two"])
        try await stage.edit(2, id, "three")
        try await stage.settle()
        #expect(try await stage.placed(id) == "live")
        #expect(try await stage.count("cutover.conflicts WHERE closed IS NULL") == 0)
    }

    @Test("a forget ends a parked conflict and keeps the other side's text", arguments: [1, 2])
    func forgetInConflict(side: Int) async throws {
        let stage = try await Stage.make()
        let id = try await stage.add1("old")
        try await stage.settle()
        try await stage.edit(1, id, "one")
        try await stage.edit(2, id, "two")
        try await stage.settle()
        try await stage.forget(side, id)
        try await stage.settle()
        #expect(try await stage.text(1, id) == nil)
        #expect(try await stage.text(2, id) == nil)
        #expect(try await stage.conflicts(id).last == (side == 1 ? "forget - two" : "forget one -"))
    }

    @Test("a row written anew after a forget is a new life and overwrites the old one's edits", arguments: [1, 2])
    func newLife(side: Int) async throws {
        let stage = try await Stage.make()
        let id = try await stage.add1("old")
        try await stage.settle()
        try await stage.forget(side, id)
        _ = side == 1 ? try await stage.add1("reborn", id: id) : try await stage.add2("reborn", id: id)
        try await stage.edit(3 - side, id, "late edit of the old life")
        try await stage.settle()
        #expect(try await stage.text(1, id) == "reborn")
        #expect(try await stage.text(2, id) == "reborn")
        #expect(try await stage.conflicts(id).count == 1)
    }

    @Test("both sides forgotten and both written anew is a conflict of two lives")
    func twoNewLives() async throws {
        let stage = try await Stage.make()
        let id = try await stage.add1("old")
        try await stage.settle()
        for side in [1, 2] { try await stage.forget(side, id) }
        try await stage.add1("one", id: id)
        try await stage.add2("two", id: id)
        try await stage.settle()
        #expect(try await stage.conflicts(id) == ["conflict one two"])
    }

    @Test("the same id met independently on both sides is a conflict, and equal rows are adopted")
    func meeting() async throws {
        let stage = try await Stage.make()
        let differing = try await stage.add1("one")
        try await stage.add2("two", id: differing)
        let equal = try await stage.add1("same")
        try await stage.agent.query(
            """
            INSERT INTO memory_plugin.memory_records (id, namespace, content, kind, source, created_at, embedding)
            SELECT id, 'workspace:' || workspace_id, content, 'summary', 'user', created_at, embedding FROM agent_memories WHERE id = $1
            """, [.uuid(equal)])
        try await stage.settle()
        #expect(try await stage.placed(differing) == "conflict")
        #expect(try await stage.placed(equal) == "live")
        #expect(try await stage.conflicts(equal).isEmpty)
    }

    @Test("inserted and forgotten before any look leaves nothing")
    func shortLife() async throws {
        let stage = try await Stage.make()
        let id = try await stage.add1("x")
        try await stage.forget(1, id)
        try await stage.settle()
        #expect(try await stage.text(2, id) == nil)
        #expect(try await stage.placed(id) == "gone")
    }

    @Test("a row moved to another namespace in v2 gets that namespace's owner in v1")
    func moved() async throws {
        let stage = try await Stage.make()
        let id = try await stage.add1("x")
        try await stage.settle()
        try await stage.add2("y", namespace: "team:\(Stage.child.lowercased)")
        try await stage.agent.query(
            "UPDATE memory_plugin.memory_records SET namespace = $2 WHERE id = $1",
            [.uuid(id), .text("team:\(Stage.child.lowercased)")])
        try await stage.settle()
        let row = try await stage.agent.query("SELECT workspace_id, scope FROM agent_memories WHERE id = $1", [.uuid(id)])[0]
        #expect(try row.uuid("workspace_id") == Stage.grandchild)
        #expect(try row.string("scope") == "TEAM")
    }

    @Test("a namespace deleted in v2 forgets its memories in v1 too")
    func cascade() async throws {
        let stage = try await Stage.make()
        for number in 0..<5 { try await stage.add1("x\(number)") }
        try await stage.settle()
        try await stage.agent.execute("DELETE FROM memory_plugin.memory_namespaces")
        try await stage.settle()
        #expect(try await stage.count("agent_memories") == 0)
    }

    @Test("our own writes leave no entries")
    func noEcho() async throws {
        let stage = try await Stage.make()
        for number in 0..<5 { try await stage.add1("x\(number)") }
        let counts = try await stage.settle()
        #expect(counts.looked == 5)
        #expect(counts.written == 5)
    }

    @Test("an id changed in place is a forget and a new row")
    func renamed() async throws {
        let stage = try await Stage.make()
        let id = try await stage.add1("x")
        try await stage.settle()
        let other = UUID()
        try await stage.agent.query("UPDATE agent_memories SET id = $2 WHERE id = $1", [.uuid(id), .uuid(other)])
        try await stage.settle()
        #expect(try await stage.text(2, id) == nil)
        #expect(try await stage.text(2, other) == "x")
    }

    @Test("a row held by an agent is left for later and the others go on")
    func busy() async throws {
        let stage = try await Stage.make()
        let held = try await stage.add1("held")
        let free = try await stage.add1("free")
        try await stage.settle()
        let holder = try await PostgresConnection.connect(stage.url)
        try await holder.execute("BEGIN; SELECT FROM memory_plugin.memory_records WHERE id = '\(held)' FOR UPDATE")
        try await stage.edit(1, held, "held 2")
        try await stage.edit(1, free, "free 2")
        for _ in 0..<5 { _ = try await stage.writer.step() }
        #expect(try await stage.text(2, free) == "free 2")
        #expect(try await stage.text(2, held) == "held")
        try await holder.execute("ROLLBACK")
        try await stage.settle()
        #expect(try await stage.text(2, held) == "held 2")
    }

    @Test("a writer whose fence was raised stops")
    func fenced() async throws {
        let stage = try await Stage.make()
        try await Control.raiseFence(to: 7, stage.ours)
        await #expect(throws: DataPathError.fenced(found: 7)) { try await stage.writer.step() }
        await #expect(throws: DataPathError.fenced(found: 7)) { try await Control.set(.sync, fence: 0, stage.ours) }
        await #expect(throws: DataPathError.fenced(found: 7)) { try await Control.raiseFence(to: 6, stage.ours) }
    }

    @Test("a second writer waits for the lock and gives up")
    func oneWriter() async throws {
        let stage = try await Stage.make()
        let second = Writer(try await PostgresConnection.connect(stage.url), fence: 0)
        await #expect(throws: DataPathError.writerRunning) { try await second.start(waitSeconds: 0.2) }
    }

    @Test("the copy carries what was there before the capture, and resumes where it was")
    func copy() async throws {
        let stage = try await Stage.make(capture: false)
        for number in 0..<25 { try await stage.add1("x\(number)") }
        try await Capture().install(stage.ours)
        try await Control.restartCopy(fence: 0, chunkRows: 10, stage.ours)
        try await stage.writer.start()
        #expect(try await stage.writer.step().copied == 10)
        try await Control.set(.stopped, fence: 0, stage.ours)
        #expect(try await stage.writer.step().idle)
        try await Control.resumeCopy(fence: 0, stage.ours)
        try await stage.settle()
        let control = try await Control.read(stage.ours)
        #expect(control.copyDone)
        #expect(control.copied == 25)
        #expect(try await stage.count("memory_plugin.memory_records") == 25)
    }
}
