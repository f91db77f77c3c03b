@testable import DataPath
import Foundation
import Postgres
import Synchronization
import Testing

@Suite("Parity", .serialized)
struct ParityTests {
    /// Small enough that a few hundred rows take many ranges and slices.
    private func parity(_ stage: Stage, list: Int = 20) -> Parity {
        var parity = Parity(stage.settings, listLimit: 1_000_000)
        parity.tuning.range = 8
        parity.tuning.slice = 40
        parity.tuning.list = list
        parity.tuning.judged = 7
        return parity
    }

    private func filled(_ rows: Int) async throws -> (Stage, [UUID]) {
        let stage = try await Stage.make()
        try await stage.agent.execute(
            """
            INSERT INTO agent_memories (workspace_id, content, scope, embedding)
            SELECT CASE WHEN n % 3 = 0 THEN '\(Stage.root)'::uuid ELSE '\(Stage.child)' END, 'memory ' || n,
                (ARRAY['LOCAL', 'TEAM'])[n % 2 + 1], CASE WHEN n % 50 = 0 THEN '[1,2,3]'::vector END FROM generate_series(1, \(rows)) n
            """)
        try await stage.settle()
        return (stage, try await stage.ours.query("SELECT id FROM agent_memories ORDER BY id").map { try $0.uuid("id") })
    }

    static let v2 = "memory_plugin.memory_records"

    @Test("each kind of difference is found and named, every id of it, among many ranges")
    func kinds() async throws {
        let (stage, ids) = try await filled(400)
        try await stage.agent.execute("INSERT INTO memory_plugin.memory_namespaces (name, kind) VALUES ('workspace:\(Stage.grandchild.lowercased)', 'workspace')")
        var expected: [UUID: ParityLine] = [:]
        func plant(_ id: UUID, _ what: ParityLine.What, _ fields: [String], _ sql: String) async throws {
            try await stage.plant(sql.replacing("ID", with: "'\(id)'"))
            expected[id] = ParityLine(id: id, what: what, fields: fields)
        }
        for number in stride(from: 0, to: 390, by: 13) {
            let id = ids[number]
            switch number / 13 % 10 {
            case 0: try await plant(id, .missing, [], "DELETE FROM \(Self.v2) WHERE id = ID")
            case 1: try await plant(id, .extra, [], "DELETE FROM agent_memories WHERE id = ID")
            case 2: try await plant(id, .different, ["content"], "UPDATE \(Self.v2) SET content = content || ' ' WHERE id = ID")
            case 3:
                try await plant(id, .different, ["namespace"], "UPDATE \(Self.v2) SET namespace = (SELECT name FROM memory_plugin.memory_namespaces n WHERE n.name <> namespace LIMIT 1) WHERE id = ID")
            case 4: try await plant(id, .different, ["created_at"], "UPDATE \(Self.v2) SET created_at = created_at - interval '1 microsecond' WHERE id = ID")
            case 5:
                try await plant(id, .different, ["embedding"], "UPDATE agent_memories SET embedding = '[3,2,1]' WHERE id = ID; UPDATE \(Self.v2) SET embedding = NULL WHERE id = ID")
            case 6: try await plant(id, .different, ["kind"], "UPDATE \(Self.v2) SET kind = 'summary' WHERE id = ID")
            case 7: try await plant(id, .resurrected, [], "DELETE FROM agent_memories WHERE id = ID; UPDATE cutover.placed SET state = 'gone', digest = NULL WHERE id = ID")
            case 8: try await plant(id, .different, ["namespace", "content", "kind"], "UPDATE \(Self.v2) SET content = 'x', kind = 'checkpoint', namespace = 'workspace:\(Stage.grandchild.lowercased)' WHERE id = ID")
            default: try await plant(id, .different, ["content"], "UPDATE agent_memories SET content = 'changed' WHERE id = ID")
            }
        }
        let lines = Gathered()
        let report = try await parity(stage).run(stage.ours, against: .v1) { await lines.add($0) }
        #expect(await lines.byID == expected)
        #expect(report.complete && !report.clean)
        #expect(report.differences == expected.count)
        #expect(report.missing.count == 3 && report.extra.count == 3 && report.resurrected.count == 3 && report.different.count == 21)
        #expect(report.equal == 400 - 30)
        #expect(report.rowsV1 == 394 && report.rowsV2 == 397)
        #expect(report.digestV1 != report.digestV2)
        // One snapshot says the same.
        let again = try await parity(stage).compare(stage.ours, against: .v1)
        #expect(Set(again.different.map(\.id)) == Set(report.different.map(\.id)))
        #expect(again.equal == report.equal && again.digestV1 == report.digestV1)
    }

    @Test("texts exchanged between two rows, and one row twice in place of another, are seen")
    func exchanged() async throws {
        let (stage, ids) = try await filled(30)
        try await stage.plant(
            """
            UPDATE \(Self.v2) r SET content = o.content FROM \(Self.v2) o WHERE (r.id, o.id) IN (('\(ids[3])', '\(ids[4])'), ('\(ids[4])', '\(ids[3])'))
            """)
        try await stage.plant("UPDATE \(Self.v2) SET content = (SELECT content FROM \(Self.v2) WHERE id = '\(ids[10])') WHERE id = '\(ids[11])'")
        let report = try await Parity().compare(stage.ours, against: .v1)
        #expect(Set(report.different.map(\.id)) == [ids[3], ids[4], ids[11]])
    }

    @Test("an agent's own choice of kind is no difference, and neither is that of a row from the archive")
    func kind() async throws {
        let (stage, ids) = try await filled(5)
        try await stage.agent.execute("UPDATE \(Self.v2) SET kind = 'summary' WHERE id = '\(ids[0])'")
        let born = try await stage.add2("born here")
        try await stage.agent.execute("UPDATE \(Self.v2) SET kind = 'checkpoint' WHERE id = '\(born)'; UPDATE \(Self.v2) SET kind = 'summary' WHERE id = '\(ids[1])'")
        try await stage.agent.execute("UPDATE \(Self.v2) SET kind = 'fact' WHERE id = '\(ids[1])'")
        try await stage.settle()
        #expect(try await Parity().compare(stage.ours, against: .v1).clean)
        // There and back: v1 can't express kinds, the archive keeps them.
        _ = try await TakeAway().run(stage.ours)
        #expect(try await stage.count("cutover.kinds") == 0)
        try await Control.restartCopy(fence: 0, stage.ours)
        try await stage.settle()
        #expect(try await stage.count("\(Self.v2) WHERE kind <> 'fact'") == 2)
        #expect(try await Parity().compare(stage.ours, against: .v1).clean)
        try await stage.plant("UPDATE \(Self.v2) SET kind = 'fact' WHERE id = '\(ids[0])'")
        #expect(try await Parity().compare(stage.ours, against: .v1).different == [.init(id: ids[0], fields: ["kind"])])
    }

    @Test("nothing, one row, keys with all but their last byte the same, and everything missing")
    func extremes() async throws {
        let (stage, _) = try await filled(0)
        let nothing = try await parity(stage).run(stage.ours, against: .v1)
        #expect(nothing.clean && nothing.rowsV1 == 0)
        let first = try await stage.add1("one")
        try await stage.settle()
        #expect(try await parity(stage).run(stage.ours, against: .v1).equal == 1)
        try await stage.agent.execute(
            """
            INSERT INTO agent_memories (id, workspace_id, content, scope)
            SELECT ('00000000-0000-0000-0000-0000000000' || lpad(to_hex(n), 2, '0'))::uuid, '\(Stage.child)', 'close ' || n, 'LOCAL' FROM generate_series(0, 255) n
            """)
        try await stage.settle()
        try await stage.plant("DELETE FROM \(Self.v2) WHERE id >= '00000000-0000-0000-0000-000000000010' AND id <= '00000000-0000-0000-0000-0000000000ef'")
        let close = try await parity(stage, list: 4).run(stage.ours, against: .v1)
        #expect(close.missingCount == 224 && close.equal == 33)
        try await stage.plant("DELETE FROM \(Self.v2)")
        let all = try await parity(stage, list: 4).run(stage.ours, against: .v1)
        #expect(all.missingCount == 257 && all.missing.contains(first) && all.rowsV2 == 0)
    }

    @Test("a run that was cut off is taken up again, and what was touched meanwhile is compared again")
    func resumed() async throws {
        let (stage, ids) = try await filled(300)
        try await stage.plant("DELETE FROM \(Self.v2) WHERE id = '\(ids[5])'")
        let notes = Notes(failAfter: 3)
        await #expect(throws: Notes.CutOff.self) { try await parity(stage).run(stage.ours, against: .v1, notes: notes) }
        #expect(await notes.slices.count == 3)
        // The session dies in the middle of the next one.
        let doomed = try await PostgresConnection.connect(stage.url)
        let pid = try await doomed.query("SELECT pg_backend_pid() AS pid")[0].int("pid")
        await notes.go(then: { _ = try? await stage.agent.query("SELECT pg_terminate_backend($1::int)", [.int(pid)]) })
        await #expect(throws: PostgresError.self) { try await parity(stage).run(doomed, against: .v1, notes: notes) }
        let proven = await notes.slices.count
        #expect(proven > 3)
        // Behind the proven ranges: one edit an agent made, one that went past the triggers where nothing was proven yet.
        try await stage.edit(1, ids[0], "edited")
        try await stage.settle()
        try await stage.plant("UPDATE \(Self.v2) SET content = 'silent' WHERE id = '\(ids[299])'")
        await notes.go(then: nil)
        let report = try await parity(stage).run(stage.ours, against: .v1, notes: notes)
        #expect(report.resumedRows > 0 && report.resumedRows < 300)
        #expect(report.rechecked == 1)
        #expect(report.missing == [ids[5]])
        #expect(report.different.map(\.id) == [ids[299]])
        #expect(report.complete && report.equal == 298)
        // Notes of other tables are worth nothing.
        try await stage.agent.execute("ALTER TABLE agent_memories ADD COLUMN more int")
        #expect(try await parity(stage).run(stage.ours, against: .v1, notes: notes).resumedRows == 0)
    }

    @Test("when the time is up the answer is what was proven so far, and never clean")
    func budget() async throws {
        let (stage, _) = try await filled(200)
        let none = try await parity(stage).run(stage.ours, against: .v1, withinSeconds: 0)
        #expect(!none.complete && !none.clean && none.provenRows == 0)
        let notes = Notes(failAfter: nil)
        let moved = MovedClock()
        await notes.go(then: { moved.skip(.seconds(3600)) })
        var hurried = parity(stage)
        hurried.clock.now = { moved.now }
        let some = try await hurried.run(stage.ours, against: .v1, withinSeconds: 3600, notes: notes)
        #expect(!some.complete && !some.clean)
        #expect(some.provenRows > 0 && some.provenRows < 200 && some.estimatedRows >= some.provenRows)
        #expect(some.differences == 0)
        // An id that never settles keeps it open as well.
        await notes.go(then: nil)
        let id = try await stage.add1("unread")
        let unread = try await parity(stage).run(stage.ours, against: .v1, withinSeconds: 60, pauseSeconds: 3600)
        #expect(unread.inFlight == [id] && !unread.complete && !unread.clean)
    }

    @Test("while agents write, ranges and ids are compared until each touched one was seen settled")
    func whileWriting() async throws {
        let (stage, ids) = try await filled(300)
        try await stage.plant("UPDATE \(Self.v2) SET created_at = created_at + interval '1 second' WHERE id = '\(ids[250])'")
        let reading = try await PostgresConnection.connect(stage.url, readOnly: true)
        let written = Counted()
        let writing = Task {
            var number = 0
            while !Task.isCancelled && number < 100_000 {
                number += 1
                try? await stage.edit(number % 2 + 1, ids[number % 200], "edit \(number)")
                if number % 7 == 0 { _ = try? await stage.add2("new \(number)") }
                if number % 11 == 0 { try? await stage.forget(1, ids[number % 200]) }
                _ = try? await stage.writer.step()
                await written.add()
            }
        }
        while await written.count < 60 {
            let report = try await parity(stage).run(reading, against: .v1, withinSeconds: 20)
            #expect(report.complete)
            #expect(report.different == [.init(id: ids[250], fields: ["created_at"])])
            #expect(report.differences == 1)
        }
        writing.cancel()
        await writing.value
    }
}

actor Counted {
    private(set) var count = 0
    func add() { count += 1 }
}

/// A clock that goes on by itself, and ahead when it is told to.
final class MovedClock: Sendable {
    private let ahead = Mutex(Duration.zero)
    var now: ContinuousClock.Instant { .now + ahead.withLock { $0 } }
    func skip(_ time: Duration) { ahead.withLock { $0 += time } }
}

/// Gathers lines.
actor Gathered {
    private(set) var byID: [UUID: ParityLine] = [:]
    func add(_ line: ParityLine) {
        if byID[line.id] != nil { Issue.record("\(line.id) came twice") }
        byID[line.id] = line
    }
}

/// Notes in memory that give up after some slices.
actor Notes: ParityNotes {
    struct CutOff: Error {}
    private(set) var slices: [ProvenSlice] = []
    private var print = ""
    private var failAfter: Int?
    private var then: (@Sendable () async -> Void)?

    init(failAfter: Int?) { self.failAfter = failAfter }

    func go(then: (@Sendable () async -> Void)?) {
        failAfter = nil
        self.then = then
    }

    func read(print: String) -> [ProvenSlice]? { print == self.print ? slices : nil }

    func begin(print: String) {
        self.print = print
        slices = []
    }

    func add(_ slice: ProvenSlice) async throws {
        slices.append(slice)
        await then?()
        if let failAfter, slices.count >= failAfter { throw CutOff() }
    }
}
