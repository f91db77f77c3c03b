import DataPath
import Foundation
import Postgres
import Testing

@Suite("A person's choice", .serialized)
struct ResolutionTests {
    private func conflict(_ stage: Stage, scope: String = "LOCAL") async throws -> (id: UUID, seen1: String, seen2: String) {
        let id = try await stage.add1("old", scope: scope)
        try await stage.settle()
        try await stage.edit(1, id, "of v1")
        try await stage.edit(2, id, "of v2")
        try await stage.settle()
        #expect(try await stage.placed(id) == "conflict")
        return try await seen(stage, id)
    }

    private func seen(_ stage: Stage, _ id: UUID) async throws -> (id: UUID, seen1: String, seen2: String) {
        let row = try await stage.ours.query(
            "SELECT v1_digest::text AS one, v2_digest::text AS two FROM cutover.conflicts WHERE id = $1 AND closed IS NULL", [.uuid(id)])[0]
        return (id, try row.string("one"), try row.string("two"))
    }

    @Test(
        "is written to both stores, settles the conflict, and may be asked for twice",
        arguments: [(Resolution.Choice.v1, "of v1"), (.v2, "of v2"), (.text("of a person"), "of a person")])
    func settles(choice: Resolution.Choice, text: String) async throws {
        let stage = try await Stage.make()
        let (id, seen1, seen2) = try await conflict(stage, scope: "TEAM")
        for round in 1...2 {
            let dropped = try await Resolution(fence: 0).settle(id, seen1: seen1, seen2: seen2, keep: choice, stage.ours)
            // An embedding says what the old texts said: with a text of somebody's own it goes, and he is told.
            let isOwn = if case .text = choice { true } else { false }
            #expect(dropped == (isOwn && round == 1))
            for table in ["agent_memories", "memory_plugin.memory_records"] {
                #expect(try await stage.count("\(table) x WHERE x.id = '\(id)' AND x.embedding IS NULL") == (isOwn ? 1 : 0))
            }
            #expect(try await stage.text(1, id) == text)
            #expect(try await stage.text(2, id) == text)
            #expect(try await stage.placed(id) == "live")
        }
        #expect(try await stage.count("cutover.conflicts WHERE closed IS NULL") == 0)
        #expect(try await Parity().compare(stage.ours, against: .v1).clean)
        try await stage.edit(2, id, "and on it goes")
        try await stage.settle()
        #expect(try await stage.text(1, id) == "and on it goes")
    }

    @Test("is refused when either text has changed since it was seen, whether a look has noticed or not", arguments: [1, 2], [false, true])
    func changed(side: Int, noticed: Bool) async throws {
        let stage = try await Stage.make()
        let (id, seen1, seen2) = try await conflict(stage)
        try await stage.edit(side, id, "newer")
        if noticed { try await stage.settle() }
        for choice in [Resolution.Choice.v1, .v2, .text("x")] {
            await #expect(throws: DataPathError.self) {
                try await Resolution(fence: 0).settle(id, seen1: seen1, seen2: seen2, keep: choice, stage.ours)
            }
        }
        #expect(try await stage.text(side, id) == "newer")
        try await stage.settle()
        #expect(try await stage.count("cutover.conflicts WHERE closed IS NULL") == 1)
        let now = try await seen(stage, id)
        try await Resolution(fence: 0).settle(id, seen1: now.seen1, seen2: now.seen2, keep: side == 1 ? .v1 : .v2, stage.ours)
        #expect(try await stage.text(3 - side, id) == "newer")
    }

    @Test("an agent who edits while the choice is carried out is never overwritten unseen")
    func racing() async throws {
        for _ in 0..<8 {
            let stage = try await Stage.make()
            let (id, seen1, seen2) = try await conflict(stage)
            async let edited: Void = stage.edit(2, id, "at the same moment")
            let chosen = try? await Resolution(fence: 0).settle(id, seen1: seen1, seen2: seen2, keep: .v1, stage.ours)
            try await edited
            try await stage.settle()
            let texts = [try await stage.text(1, id), try await stage.text(2, id)]
            // Before the choice: it was refused, the conflict is open. After it: the edit follows it into v1.
            if chosen == nil { #expect(texts == ["of v1", "at the same moment"]) } else { #expect(texts == ["at the same moment", "at the same moment"]) }
        }
    }

    @Test("is refused where the other store could not hold it, and by a fence that has been overtaken")
    func refused() async throws {
        let stage = try await Stage.make()
        let (id, seen1, seen2) = try await conflict(stage)
        await #expect(throws: DataPathError.self) { try await Resolution(fence: 0).settle(id, seen1: seen1, seen2: seen2, keep: .text(" \n"), stage.ours) }
        await #expect(throws: DataPathError.fenced(found: 0)) {
            try await Resolution(fence: 7).settle(id, seen1: seen1, seen2: seen2, keep: .v1, stage.ours)
        }
        #expect(try await stage.text(1, id) == "of v1")
        #expect(try await stage.text(2, id) == "of v2")
        #expect(try await stage.count("cutover.conflicts WHERE closed IS NULL") == 1)
    }

    @Test("a text that a forget overran is kept until a person purges it")
    func purge() async throws {
        let stage = try await Stage.make()
        let id = try await stage.add1("old")
        try await stage.settle()
        try await stage.edit(2, id, "edited unseen")
        try await stage.forget(1, id)
        try await stage.settle()
        let n = try await stage.ours.query("SELECT n FROM cutover.conflicts WHERE id = $1", [.uuid(id)])[0].int("n")
        #expect(try await stage.conflicts(id) == ["forget - edited unseen"])
        #expect(try await Resolution(fence: 0).purge(n, stage.ours))
        #expect(try await stage.conflicts(id) == ["forget - -"])
        #expect(try await !Resolution(fence: 0).purge(n + 100, stage.ours))
    }
}

@Suite("Suspected twins", .serialized)
struct TwinTests {
    /// The same text by the plugin and, its answer lost, by the server's fallback. Looked at in the order given, or together.
    private func twins(_ stage: Stage, first side: Int?, apart seconds: Int = 2) async throws -> (v1: UUID, v2: UUID) {
        let native = try await stage.add2("committed once")
        if side == 2 { try await stage.settle() }
        let fallback = try await stage.add1("committed once", label: Stage.child.lowercased)
        try await stage.agent.execute(
            "UPDATE agent_memories SET created_at = r.created_at + interval '\(seconds) seconds' FROM memory_plugin.memory_records r WHERE agent_memories.id = '\(fallback)' AND r.id = '\(native)'")
        if side != 1 { try await stage.settle() }
        return (fallback, native)
    }

    @Test("one of a moment and a text is set aside, whichever is looked at first", arguments: [2, nil])
    func setAside(first: Int?) async throws {
        let stage = try await Stage.make()
        let (fallback, native) = try await twins(stage, first: first)
        #expect(try await stage.reasons() == ["suspected-twin": 1])
        #expect(try await stage.text(2, fallback) == nil)
        #expect(try await stage.text(1, native) == "committed once")
        // It stays so while its workspace moves and while agents edit the other.
        try await stage.agent.execute("INSERT INTO workspaces (name, parent_id) VALUES ('new', '\(Stage.root)')")
        try await stage.forget(2, native)
        try await stage.settle()
        #expect(try await stage.reasons() == ["suspected-twin": 1])
        #expect(try await stage.text(2, fallback) == nil)
    }

    @Test("a plugin row that lands after its fallback was carried is set aside in turn")
    func late() async throws {
        let stage = try await Stage.make()
        let fallback = try await stage.add1("committed once", label: Stage.child.lowercased)
        try await stage.settle()
        let native = try await stage.add2("committed once")
        try await stage.agent.execute(
            "UPDATE memory_plugin.memory_records SET created_at = m.created_at + interval '2 seconds' FROM agent_memories m WHERE memory_records.id = '\(native)' AND m.id = '\(fallback)'")
        try await stage.settle()
        #expect(try await stage.reasons() == ["suspected-twin": 1])
        #expect(try await stage.text(1, native) == nil)
        #expect(try await stage.text(2, fallback) == "committed once")
        try await Resolution(fence: 0).settleTwin(native, keep: .v2, stage.ours)
        #expect(try await stage.text(1, native) == "committed once")
        #expect(try await stage.text(2, native) == "committed once")
        #expect(try await stage.text(1, fallback) == nil)
        #expect(try await stage.text(2, fallback) == nil)
        #expect(try await stage.reasons().isEmpty)
        try await stage.settle()
        #expect(try await Parity().compare(stage.ours, against: .v1).clean)
    }

    @Test("another text, another moment, another namespace or another label is no twin")
    func strangers() async throws {
        let stage = try await Stage.make()
        _ = try await twins(stage, first: 2, apart: 60)
        try await stage.add2("again")
        try await stage.add1("again", workspace: Stage.sibling, label: Stage.sibling.lowercased)
        try await stage.add1("again")
        try await stage.add1("and again", label: Stage.child.lowercased)
        try await stage.add1("and again", label: Stage.child.lowercased)
        try await stage.settle()
        #expect(try await stage.reasons().isEmpty)
        #expect(try await Parity().compare(stage.ours, against: .v1).equal == 7)
    }

    @Test("a person keeps one, the other, or both", arguments: [Resolution.TwinChoice.v1, .v2, .both])
    func chosen(choice: Resolution.TwinChoice) async throws {
        let stage = try await Stage.make()
        let (fallback, native) = try await twins(stage, first: 2)
        try await Resolution(fence: 0).settleTwin(fallback, keep: choice, stage.ours)
        for side in [1, 2] {
            #expect(try await stage.count("\(stage.table(side)) WHERE id = '\(fallback)'") == (choice == .v2 ? 0 : 1))
            #expect(try await stage.count("\(stage.table(side)) WHERE id = '\(native)'") == (choice == .v1 ? 0 : 1))
        }
        try await stage.settle()
        #expect(try await stage.reasons().isEmpty)
        #expect(try await Quiesce().run(stage.ours).rows == (choice == .both ? 2 : 1))
        #expect(try await stage.count("cutover.conflicts WHERE kind = 'forget' AND coalesce(v1_row, v2_row)->>'content' = 'committed once'") == (choice == .both ? 0 : 1))
        await #expect(throws: DataPathError.self) { try await Resolution(fence: 0).settleTwin(fallback, keep: choice, stage.ours) }
    }

    @Test("twins that no longer say the same are not settled")
    func grownApart() async throws {
        let stage = try await Stage.make()
        let (fallback, native) = try await twins(stage, first: 2)
        try await stage.edit(2, native, "edited since")
        await #expect(throws: DataPathError.self) { try await Resolution(fence: 0).settleTwin(fallback, keep: .v2, stage.ours) }
        #expect(try await stage.text(1, fallback) == "committed once")
    }
}
