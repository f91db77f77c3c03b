import Foundation

/// Agents forget and edit in a plugin that is reached over HTTP alone, where nothing tells that from a loss: a person does, by name,
/// and a healthy tenant comes to its end.
enum HTTPForgetting {
    @Sendable static func run(_ stage: Stage) async throws {
        var stage = stage
        try await stage.raise(rows: 300, agents: false)
        stage.plan = try stage.overHTTP()
        try await stage.forward("advance", "acme", "--to", "A1/env.wire", "--wait")
        let ids = try stage.database().texts("SELECT id::text FROM cutover.placed WHERE state = 'live' ORDER BY id")
        try expect(ids.count > 150, "only \(ids.count) rows were placed")
        try await unsigned(stage, ids)
        try await lost(stage, ids)
        try await judged(stage, ids)
        try await sinceTheFreeze(stage, ids)
    }

    /// What is listed because it changed in the plugin.
    private static func insist(_ wanted: [String: Int], _ stage: Stage) async throws {
        let listed = try await stage.exceptions().counts.filter { $0.key.hasSuffix("-in-plugin") }
        try expect(listed == wanted, "listed are \(listed), not \(wanted)")
    }

    private static func forget(_ ids: some Sequence<String>, _ stage: Stage) throws {
        try stage.database().rows("DELETE FROM memory_plugin.memory_records WHERE id IN (\(ids.map { "'\($0)'" }.joined(separator: ", ")))")
    }

    /// A few, listed by name, keep the comparison shut until somebody signs; others are not what was signed.
    private static func unsigned(_ stage: Stage, _ ids: [String]) async throws {
        try forget(ids[0..<3], stage)
        try stage.database().rows("UPDATE memory_plugin.memory_records SET content = 'an agent''s own words', propagation = NULL WHERE id = '\(ids[3])'")
        try await stage.forward("advance", "acme", "--to", "A1/shadow.watch", "--wait")
        let diff = try await stage.ctl("diff", "acme", "--json", code: 2)
        let found: DiffAnswer = try diff.answer()
        try expect(Set(found.differences.map { "\($0.id) \($0.what)" }) == Set(ids[0..<4].map { "\($0) changed-in-plugin" }), "diff lists \(found.differences)")
        try expect(diff.out.contains("\"overHTTP\"") && diff.out.contains("\"unread\""), "diff does not say what HTTP leaves open")
        try await stage.ctl("repair", "acme", "--reason", "whatever can be", code: 2)
        try expect(try stage.database().number("SELECT count(*) FROM memory_plugin.memory_records WHERE id = '\(ids[0])'") == 0, "a repair brought a forgotten memory back")
        _ = try await eventually("they are listed", within: 60) {
            _ = try await stage.ctl("advance", "acme", "--to", "A2/backfill.verify")
            try await stage.sign { !$0.contains("-in-plugin") }
            return try await stage.exceptions().counts["absent-in-plugin"] == 3 ? true : nil
        }
        try await insist(["absent-in-plugin": 3, "edited-in-plugin": 1], stage)
        let why = try await stage.why()
        try expect(why.next.contains("approve acme --exceptions absent-in-plugin"), "why says: \(why)")
    }

    /// As many at once as no agent forgets are told apart, and sent again when a person says so.
    private static func lost(_ stage: Stage, _ ids: [String]) async throws {
        let some = ids[10..<130]
        try forget(some, stage)
        // It compares when all that is listed is signed.
        for _ in 0..<12 {
            if try await stage.exceptions().counts["many-changed-in-plugin"] != nil { break }
            _ = try await stage.ctl("advance", "acme", "--to", "A2/backfill.verify")
            try await stage.sign { !$0.contains("many-changed-in-plugin") }
        }
        try await insist(["absent-in-plugin": 3, "edited-in-plugin": 1, "many-changed-in-plugin": some.count], stage)
        // Three that agents forgot are to stay forgotten, and the edited one edited: v1 takes them over.
        for id in ids[0..<4] { try await stage.ctl("resolve", "acme", id, "--keep", "v2", "--reason", "the agent says so", code: 0) }
        try expect(try stage.database().number("SELECT count(*) FROM agent_memories WHERE id IN ('\(ids[0])', '\(ids[1])', '\(ids[2])')") == 0, "v1 still has what was forgotten")
        try expect(try stage.database().texts("SELECT content FROM agent_memories WHERE id = '\(ids[3])'") == ["an agent's own words"], "v1 does not have the edit")
        let preview = try await stage.ctl("repair", "acme", "--lost", "--preview", code: 2)
        try expect(some.allSatisfy { preview.out.contains($0) } && preview.out.contains("write-v2"), "the preview says: \(preview.said)")
        try await stage.ctl("repair", "acme", "--lost", "--reason", "a restart lost them", code: 64)
        let events = try await stage.history().count
        try await stage.ctl("repair", "acme", "--lost", "--reason", "a restart lost them", "--confirm", "acme", code: 0)
        let recorded = try await stage.history().dropFirst(events).map(\.kind)
        try expect(recorded.prefix(2) == ["errandBegan", "errandEnded"], "the repair is recorded as \(recorded)")
        try await stage.ctl("diff", "acme", code: 0)
        try await insist([:], stage)
    }

    private static func judged(_ stage: Stage, _ ids: [String]) async throws {
        try forget(ids[140..<142], stage)
        try await stage.forward("advance", "acme", "--to", "A2/backfill.verify", "--wait")
        try await insist(["absent-in-plugin": 2], stage)
        let signed = try await stage.history().last { $0.facts["topic"] == "exceptions/absent-in-plugin" || $0.facts.values.contains("exceptions/absent-in-plugin") }
        try expect(signed != nil, "nobody signed for what was forgotten")
    }

    /// Agents go on forgetting through the soak, and it ends.
    private static func sinceTheFreeze(_ stage: Stage, _ ids: [String]) async throws {
        try await stage.forward("advance", "acme", "--to", "A3/legacy.archive", "--wait")
        try forget(ids[145..<147], stage)
        try await stage.forward("advance", "acme", "--to", "A3/soak.wait", "--wait")
        try await insist(["absent-in-plugin": 4], stage)
        let shut = try await stage.ctl("advance", "acme", "--to", "A3/legacy.drop")
        try expect(shut.code == 3, "the table was set aside with nobody's word for what was forgotten: \(shut.said)")
        try await stage.ctl("approve", "acme", "--exceptions", "absent-in-plugin", "--reason", "the agents' own doing", code: 0)
        try await stage.forwardToTheDrop()
        try await stage.ctl("journal", "verify", code: 0)
    }
}
