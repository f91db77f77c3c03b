@testable import DataPath
import Foundation
import Postgres
import Testing

@Suite("two databases", .serialized)
struct SeparateTests {
    @Test("the copy carries every row whole into the other database, and parity there is read from it")
    func copies() async throws {
        let stage = try await SeparateStage.make(mode: .idle)
        for n in 0..<30 { try await stage.add1("row \(n) \u{1F980}") }
        let blank = try await stage.add1("  ")
        try await Control.restartCopy(fence: 0, chunkRows: 7, stage.ours)
        try await stage.settle()
        #expect(try await stage.count(2) == 30)
        let row = try await stage.agent2.query(
            "SELECT DISTINCT namespace, created_at::text AS made, embedding::text AS embedding, propagation->'cutover'->>'label' AS label, propagation->'cutover'->>'scope' AS scope FROM memory_plugin.memory_records")
        #expect(row.count == 1)
        #expect(try row[0].string("namespace") == "workspace:\(Stage.child.lowercased)")
        #expect(try row[0].string("made").hasPrefix("2024-05-06 07:08:09.123456"))
        #expect(try row[0].string("embedding") == "[1,2,3]")
        #expect(try row[0].string("label") == "notes" && row[0].string("scope") == "LOCAL")
        #expect(try await stage.count(2, "cutover.change_log") == 0, "our own writes are not captured")
        let reader = try await stage.session(readOnly: true)
        let parity = try await Parity().compareUntilSettled(reader, against: .v1)
        #expect(parity.clean && parity.equal == 30 && parity.rowsV1 == 31 && parity.exceptedIDs == 1)
        #expect(try await ExceptionsList.read(stage.ours).byReason == ["blank-content": 1])
        #expect(try await stage.text(2, blank) == nil)
        await #expect(throws: PostgresError.self) { try await reader.execute("DELETE FROM public.agent_memories") }
    }

    @Test("what agents write, edit and forget crosses both ways")
    func crosses() async throws {
        let stage = try await SeparateStage.make()
        let (a, b, c) = (try await stage.add1("from v1"), try await stage.add2("from v2"), try await stage.add1("soon gone"))
        try await stage.settle()
        #expect(try await stage.text(2, a) == "from v1")
        #expect(try await stage.text(1, b) == "from v2")
        try await stage.edit(2, a, "edited in v2")
        try await stage.edit(1, b, "edited in v1")
        try await stage.forget(2, c)
        try await stage.settle()
        #expect(try await stage.text(1, a) == "edited in v2")
        #expect(try await stage.text(2, b) == "edited in v1")
        #expect(try await stage.text(1, c) == nil)
        try await stage.forget(1, a)
        try await stage.settle()
        #expect(try await stage.text(2, a) == nil)
        for id in [a, b, c] { #expect(try await stage.conflicts(id).isEmpty) }
    }

    @Test("two edits of one row keep both texts")
    func conflicts() async throws {
        let stage = try await SeparateStage.make()
        let id = try await stage.add1("one")
        try await stage.settle()
        try await stage.edit(1, id, "left")
        try await stage.edit(2, id, "right")
        try await stage.settle()
        #expect(try await stage.text(1, id) == "left")
        #expect(try await stage.text(2, id) == "right")
        #expect(try await stage.conflicts(id) == ["conflict left right"])
    }

    @Test("an edit at the plugin's door between our reading of a row and our writing of it is not overwritten")
    func compareAndSet() async throws {
        let stage = try await SeparateStage.make()
        let id = try await stage.add1("one")
        try await stage.settle()
        try await stage.edit(1, id, "two")
        // After the plan was made from the plugin's snapshot, before the row is written.
        let look = Look(layout: try await Layout.complete(try await stage.session(), DataPathSettings().joined), variant: .lawful)
        let session = try await stage.session()
        await #expect(throws: PostgresError.self) {
            try await session.transaction(.repeatableRead) { near in
                try await Look.begin(near, look.sql.layout)
                _ = try await look.plan([id], near)
                try await stage.edit(2, id, "theirs")
                _ = try await look.look(at: [id], near)
            }
        }
        try await stage.settle()
        #expect(try await stage.text(2, id) == "theirs")
        #expect(try await stage.conflicts(id) == ["conflict two theirs"])
    }
}
