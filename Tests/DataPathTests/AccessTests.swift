import DataPath
import Foundation
import Postgres
import Testing

@Suite("Access diff", .serialized)
struct AccessTests {
    @Test("pairs of reader and memory are counted by scope and by the reader's place in the tree")
    func counts() async throws {
        let stage = try await Stage.make()
        try await stage.add1("local", workspace: Stage.grandchild)
        // Read by child, sibling and root before and after, and by grandchild before.
        try await stage.add1("team", scope: "TEAM")
        // Tenant-wide before; v2 has no place for it.
        try await stage.add1("global", scope: "GLOBAL")
        let diff = try await AccessDiff.between(stage.ours)
        #expect(
            diff.counts.map { "\($0.scope) \($0.role) \($0.kept) +\($0.gained) -\($0.lost)" } == [
                "GLOBAL child 0 +0 -1", "GLOBAL parent 0 +0 -1", "GLOBAL self 0 +0 -1", "GLOBAL sibling 0 +0 -1", "LOCAL self 1 +0 -0",
                "TEAM child 0 +0 -1", "TEAM parent 1 +0 -0", "TEAM self 1 +0 -0", "TEAM sibling 1 +0 -0",
            ])
        #expect(diff.lost == 5 && diff.gained == 0)
        #expect(diff.examples.map { "\($0.scope) \($0.role)" } == ["GLOBAL child", "GLOBAL parent", "GLOBAL self", "GLOBAL sibling", "TEAM child"])
    }

    @Test("in random forests the list is the model's, forth and back, whatever the page", arguments: [false, true])
    func forests(circles: Bool) async throws {
        let seed = UInt64.random(in: 0...9999)
        print("access forests: seed \(seed)")
        var random = Dice(seed: seed)
        let model = PlatformModel.random(40, circles: circles, &random)
        let stage = try await Stage.make(capture: false)
        try await stage.agent.execute("DELETE FROM workspaces; " + model.sql)
        var forth: Set<AccessDiff.Pair> = []
        var back: Set<AccessDiff.Pair> = []
        for _ in 0..<60 {
            let owner = Int.random(in: 0..<12, using: &random) == 0 ? nil : model.inOrder.randomElement(using: &random)
            let scope = ["LOCAL", "TEAM", "GLOBAL"].randomElement(using: &random)!
            let id = try await stage.add1("of v1", workspace: owner, scope: scope)
            let target = model.target(owner: owner, scope: scope)
            for reader in model.readers {
                let (before, after) = (model.readsInV1(reader, owner: owner, scope: scope), target.map { model.readable(reader).contains($0) } ?? false)
                if before != after { forth.insert(pair(model, reader, id, owner, scope, gained: after)) }
                if target != nil, before != after { back.insert(pair(model, reader, id, owner, scope, gained: before)) }
            }
        }
        try await Capture().install(stage.ours)
        try await Control.restartCopy(fence: 0, stage.ours)
        try await stage.writer.start()
        try await stage.settle()
        for _ in 0..<60 {
            let named = Int.random(in: 0..<10, using: &random) == 0 ? UUID() : model.inOrder.randomElement(using: &random)!
            let kind = ["workspace", "team", "org", "custom"].randomElement(using: &random)!
            let namespace = "\(kind):\(named.lowercased)"
            let expired = Int.random(in: 0..<5, using: &random) == 0
            let id = try await stage.add2("of v2", namespace: namespace)
            if expired { try await stage.agent.execute("UPDATE memory_plugin.memory_records SET expires_at = now() - interval '1 h' WHERE id = '\(id)'") }
            let home = expired ? nil : model.home(namespace: namespace, firstOwner: nil)
            let scope = home?.scope ?? ["workspace": "LOCAL", "team": "TEAM", "org": "GLOBAL"][kind] ?? "custom"
            for reader in model.readers {
                let before = !expired && model.readable(reader).contains(namespace)
                let after = home.map { model.readsInV1(reader, owner: $0.owner, scope: $0.scope) } ?? false
                if before != after { back.insert(pair(model, reader, id, home?.owner, scope, gained: after)) }
            }
        }
        #expect(try await pages(stage, .forth, limit: 100_000) == forth)
        #expect(try await pages(stage, .forth, limit: 7) == forth)
        #expect(try await pages(stage, .back, limit: 13) == back)
        let summary = try await AccessDiff.between(stage.ours, .init(), .back)
        #expect(summary.gained == back.count { $0.gained } && summary.lost == back.count { !$0.gained })
    }

    private func pages(_ stage: Stage, _ direction: AccessDiff.Direction, limit: Int) async throws -> Set<AccessDiff.Pair> {
        var found: [AccessDiff.Pair] = []
        while true {
            let page = try await AccessDiff.pairs(
                stage.ours, .init(), direction, after: found.last.map { ($0.reader, $0.memory) }, limit: limit)
            found += page
            if page.count < limit { break }
        }
        #expect(Set(found).count == found.count)
        return Set(found)
    }

    private func pair(
        _ model: PlatformModel, _ reader: UUID, _ memory: UUID, _ owner: UUID?, _ scope: String, gained: Bool
    ) -> AccessDiff.Pair {
        .init(reader: reader, memory: memory, scope: scope, role: role(model, reader, owner), gained: gained)
    }

    private func role(_ model: PlatformModel, _ reader: UUID, _ owner: UUID?) -> String {
        guard let owner, let home = model.workspaces[owner] else { return "no owner" }
        let (mine, its) = (model.chain(reader), model.chain(owner))
        if reader == owner { return "self" }
        if home.parent == reader { return "parent" }
        if mine.dropFirst().first == owner { return "child" }
        if let parent = home.parent, mine.dropFirst().first == parent { return "sibling" }
        if its.dropFirst(2).first == reader { return "grandparent" }
        if mine.dropFirst(2).first == owner { return "grandchild" }
        if its.contains(reader) { return "ancestor" }
        if mine.contains(owner) { return "descendant" }
        return mine.last == its.last ? "relative" : "other root"
    }
}
