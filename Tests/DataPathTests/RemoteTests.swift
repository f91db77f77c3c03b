import DataPath
import Foundation
import Postgres
import Testing

@Suite("a plugin reached over HTTP alone", .serialized, .timeLimit(.minutes(10))) struct RemoteTests {
    @Test("the copy carries every row, oldest first in each namespace, with times, label, scope, owner and embedding", arguments: [nil, "bundled", "opaque"])
    func copies(mode: String?) async throws {
        let remote = try await RemoteStage.make(mode: .copy, fault: mode.map { "{\"mode\": \"\($0)\"}" })
        let ids = try await withIDs(30) { number, id in
            try await remote.stage.add1("memory number \(number)", id: id, scope: number % 3 == 0 ? "TEAM" : "LOCAL", label: "notes")
        }
        try await remote.stage.agent.execute("UPDATE agent_memories SET created_at = '2020-01-01Z'::timestamptz + (('x' || left(md5(id::text), 6))::bit(24)::int % 1000) * interval '1 hour'")
        try await remote.settle()
        #expect(try await remote.count("cutover.placed WHERE state = 'live'") == ids.count)
        #expect(try await remote.falselyPlaced().isEmpty)
        for namespace in [RemoteStage.child, "team:\(Stage.root.lowercased)"] {
            let shown = try await remote.plugin.shown(namespace)
            let expected = try await remote.stage.agent.query(
                "SELECT content FROM agent_memories WHERE scope = $1 ORDER BY created_at DESC, id DESC", [.text(namespace.hasPrefix("team") ? "TEAM" : "LOCAL")]
            ).map { try $0.string("content") }
            #expect(shown.map(\.content) == expected)
            let facts = try #require(shown.first?.propagation?.cutover)
            #expect(facts.label == "notes")
            #expect(facts.owner == Stage.child.lowercased)
            #expect(facts.created_micros?.hasPrefix("157") == true || facts.created_micros?.hasPrefix("158") == true)
        }
        let nearest = try await remote.plugin.ask("POST", "/v1/search", #"{"namespaces":["\#(RemoteStage.child)"],"embedding":[1,2,3],"limit":5}"#)
        #expect(nearest.contains("memory number"))
    }

    @Test("an edit, a forget, a move to another namespace and a new life of a forgotten id follow")
    func follows() async throws {
        let remote = try await RemoteStage.make()
        let (edited, forgotten, moved, reborn) = (UUID(), UUID(), UUID(), UUID())
        for id in [edited, forgotten, moved, reborn] { try await remote.stage.add1("old \(id.lowercased)", id: id) }
        try await remote.settle()
        #expect(try await remote.shown().count == 4)
        try await remote.stage.edit(1, edited, "new text")
        try await remote.stage.forget(1, forgotten)
        try await remote.stage.agent.query("UPDATE agent_memories SET scope = 'TEAM' WHERE id = $1", [.uuid(moved)])
        try await remote.stage.forget(1, reborn)
        try await remote.stage.add1("another life", id: reborn)
        try await remote.settle()
        #expect(Set(try await remote.shown()) == ["new text", "another life"])
        #expect(try await remote.shown("team:\(Stage.root.lowercased)") == ["old \(moved.lowercased)"])
        #expect(try await remote.stage.placed(forgotten) == "gone")
        #expect(try await remote.falselyPlaced().isEmpty)
    }

    @Test("settings of a namespace that is there are not erased, and pin and expiry of a record outlive an edit in v1")
    func keepsSettings() async throws {
        let remote = try await RemoteStage.make()
        try await remote.plugin.ask("PUT", "/v1/namespaces/\(RemoteStage.child)", #"{"kind":"workspace","metadata":{"owner":"somebody"}}"#)
        let id = try await remote.stage.add1("first")
        try await remote.settle()
        let record = try #require(try await remote.plugin.shown(RemoteStage.child).first)
        let digest = try #require(record.propagation?.cutover?.digest)
        try await remote.plugin.ask(
            "POST", "/v1/namespaces/\(RemoteStage.child)/memories",
            #"{"id":"\#(id.lowercased)","content":"first","kind":"summary","source":"user","pin":true,"propagation":{"theirs":7,"cutover":{"digest":"\#(digest)"}}}"#)
        try await remote.stage.edit(1, id, "second")
        try await remote.settle()
        let raw = try await remote.plugin.ask("POST", "/v1/search", #"{"namespaces":["\#(RemoteStage.child)"]}"#)
        #expect(raw.contains("second") && raw.contains("\"pin\": true") && raw.contains("summary") && raw.contains("\"theirs\": 7"))
        let namespace = try await remote.plugin.ask("PATCH", "/v1/namespaces/\(RemoteStage.child)", #"{"expires_at":"2100-01-01T00:00:00Z"}"#)
        #expect(namespace.contains("somebody"))
    }

    @Test("a record edited or forgotten in the plugin meanwhile is not overwritten by an edit in v1: both are kept for a person", arguments: ["edited", "forgotten"])
    func conflict(how: String) async throws {
        let remote = try await RemoteStage.make()
        let id = try await remote.stage.add1("agreed text")
        try await remote.settle()
        if how == "edited" {
            try await remote.plugin.ask(
                "POST", "/v1/namespaces/\(RemoteStage.child)/memories", #"{"id":"\#(id.lowercased)","content":"theirs","kind":"fact","source":"agent"}"#)
        } else {
            try await remote.plugin.ask("DELETE", "/v1/memories/\(id.lowercased)", #"{"requested_by_namespace":"\#(RemoteStage.child)"}"#)
        }
        try await remote.stage.edit(1, id, "ours")
        try await remote.settle()
        #expect(try await remote.stage.placed(id) == "conflict")
        #expect(try await remote.shown() == (how == "edited" ? ["theirs"] : []))
        #expect(try await remote.stage.text(1, id) == "ours")
        #expect(try await remote.stage.conflicts(id) == [how == "edited" ? "conflict ours theirs" : "conflict ours -"])
    }

    @Test("what v2 has no place for is listed with its reason and never sent")
    func exceptions() async throws {
        let remote = try await RemoteStage.make(mode: .copy)
        try await remote.stage.add1("for everyone", scope: "GLOBAL")
        try await remote.stage.add1(" \u{3000} ")
        try await remote.stage.add1("ownerless", workspace: nil)
        try await remote.settle()
        #expect(try await remote.stage.reasons() == ["global-of-non-root": 1, "blank-content": 1, "no-workspace": 1])
        #expect(try await remote.count("cutover.placed WHERE state = 'live'") == 0)
    }

    @Test("a namespace of more rows than a search shows is copied whole, and each row is proven")
    func large() async throws {
        let remote = try await RemoteStage.make(mode: .copy)
        try await remote.stage.agent.query(
            """
            INSERT INTO agent_memories (workspace_id, content, scope, created_at)
            SELECT $1, 'the memory called ' || translate(n::text, '0123456789', 'abcdefghij') || ' of many', 'LOCAL', '2024-01-01'::timestamptz + n * interval '1 minute'
            FROM generate_series(1, 700) n
            """, [.uuid(Stage.child)])
        try await remote.settle()
        #expect(try await remote.count("cutover.placed WHERE state = 'live'") == 700)
        #expect(try await remote.shown().first == "the memory called haa of many")
        // One whose place in the listing has long been taken by others.
        let old = try await remote.stage.agent.query("SELECT id FROM agent_memories ORDER BY created_at LIMIT 1")[0].uuid("id")
        try await remote.stage.edit(1, old, "something entirely different")
        try await remote.settle()
        let found = try await remote.plugin.ask("POST", "/v1/search", #"{"namespaces":["\#(RemoteStage.child)"],"query":"entirely different"}"#)
        #expect(found.contains(old.lowercased))
    }

    private func withIDs(_ count: Int, _ body: (Int, UUID) async throws -> Void) async throws -> [UUID] {
        let ids = (0..<count).map { _ in UUID() }
        for (number, id) in ids.enumerated() { try await body(number, id) }
        return ids
    }
}
