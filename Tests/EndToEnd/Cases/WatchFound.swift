import Foundation

/// What the watch finds wrong with capture, log and tables shuts the gates of every step that stands on them, and each has a way out of its own.
enum WatchFound {
    private static let capture = "change capture is what was put in place"
    private static let log = "the looks keep up and the log is within its bound"
    private static let truncated = "no table was truncated, or it was signed"

    @Sendable static func run(_ stage: Stage) async throws {
        var stage = stage
        let text = try String(contentsOfFile: stage.places.plan, encoding: .utf8)
        try expect(text.contains("uses: mirror.install }"), "the lab's plan says something of the log")
        stage.plan = try stage.file("plan-short-log.yaml", text.replacing("uses: mirror.install }", with: "uses: mirror.install, with: { logRows: 10 } }"))
        try await stage.raise(rows: 60, agents: false)
        try await stage.forward("advance", "acme", "--to", "A1/backfill.copy", "--wait")
        try await isShut([:], stage)
        try await longLog(stage)
        try await brokenCapture(stage)
        try await truncatedTables(stage)
    }

    /// Too many changes wait: time clears it, and the watch says when.
    private static func longLog(_ stage: Stage) async throws {
        let pause = "\(stage.folder)/pause"
        FileManager.default.createFile(atPath: pause, contents: nil)
        try await stage.ctl("throttle", "acme", "--pause-file", pause, "--reason", "to let it grow", code: 0)
        // A round that was under way when the file came may still look.
        _ = try await eventually("more changes wait than are allowed", within: 60, pause: 1000) {
            try stage.database().rows(
                "INSERT INTO public.agent_memories (workspace_id, content, scope) SELECT (SELECT id FROM workspaces WHERE parent_id IS NULL ORDER BY id LIMIT 1), 'waits ' || n, 'LOCAL' FROM generate_series(1, 20) n")
            return try await shut(stage)[log]?.contains("10 are allowed") == true ? true : nil
        }
        try await isShut([log: "changes wait in the log"], stage)
        try FileManager.default.removeItem(atPath: pause)
        _ = try await eventually("the log is looked at", within: 60, pause: 1000) { try await shut(stage).isEmpty ? true : nil }
    }

    /// A trigger that was off let changes by: that it is on again mends nothing, and no step begins.
    private static func brokenCapture(_ stage: Stage) async throws {
        let database = try stage.database()
        try database.rows("ALTER TABLE public.agent_memories DISABLE TRIGGER cutover_capture")
        try await isShut([capture: "trigger cutover_capture on public.agent_memories is not enabled always"], stage)
        try database.rows("ALTER TABLE public.agent_memories ENABLE ALWAYS TRIGGER cutover_capture")
        try await isShut([capture: "was off or replaced for a while"], stage)
        let refused = try await stage.ctl("advance", "acme", "--to", "A1/env.wire", code: 3)
        try expect(refused.out.contains("was off or replaced for a while"), "a broken capture keeps no step from beginning: \(refused.said)")
        try expect(!(try await stage.history()).contains { $0.kind == "started" && $0.place == "A1/env.wire" }, "the step has begun")
        try await stage.ctl("approve", "acme", "--alerts", "--reason", "nobody can sign this", code: 1)
        try await stage.ctl("recapture", "acme", "--reason", "it is on again", code: 0)
        _ = try await eventually("all is looked at again", within: 60, pause: 1000) { try await shut(stage).isEmpty ? true : nil }
    }

    /// It is over at once, and yet stays until somebody signed it: that one and no other.
    private static func truncatedTables(_ stage: Stage) async throws {
        for _ in 1...2 {
            try stage.database().rows("TRUNCATE memory_plugin.memory_records")
            _ = try await eventually("the watch has seen it", within: 60, pause: 1000) { try await shut(stage)[truncated]?.contains("v2 was truncated") == true ? true : nil }
            _ = try await eventually("nothing else is wrong", within: 60, pause: 1000) { try await shut(stage).count == 1 ? true : nil }
            try await stage.ctl("approve", "acme", "--alerts", "--reason", "it was to be empty", code: 0)
            try await isShut([:], stage)
        }
        try await stage.ctl("approve", "acme", "--alerts", "--reason", "signed twice", code: 0)
    }

    // MARK: - The gates

    private struct Previews: Decodable {
        struct Tenant: Decodable {
            struct Step: Decodable {
                struct Gate: Decodable {
                    let claim: String
                    let answer: String
                    let detail: String
                }
                let step: String
                let gates: [Gate]
            }
            let steps: [Step]
        }
        let tenants: [Tenant]
    }

    /// What the closed ones of these gates say, which must be the same before every step that has them.
    private static func shut(_ stage: Stage) async throws -> [String: String] {
        let steps = try await stage.ctl("preview", "acme", "--json", code: 0).answer(Previews.self).tenants.first?.steps ?? []
        var found: [String: Set<String>] = [:]
        for step in ["A1/env.wire", "A2/backfill.verify", "A3/legacy.freeze"] {
            guard let gates = steps.first(where: { $0.step.hasSuffix(step) })?.gates else { throw Trouble("the preview does not tell of \(step)") }
            for claim in [capture, log, truncated] {
                guard let gate = gates.first(where: { $0.claim == claim }) else { throw Trouble("\(step) does not ask whether \(claim)") }
                try expect(gate.answer == "open" || gate.answer == "shut", "before \(step) the answer to '\(claim)' is \(gate.answer): \(gate.detail)")
                found[claim, default: []].insert(gate.answer == "open" ? "" : gate.detail)
            }
        }
        return found.compactMapValues { answers in answers.first { !$0.isEmpty } }
    }

    private static func isShut(_ wanted: [String: String], _ stage: Stage) async throws {
        let found = try await shut(stage)
        try expect(
            found.keys.sorted() == wanted.keys.sorted() && wanted.allSatisfy { found[$0.key]?.contains($0.value) == true },
            "these gates should be shut: \(wanted), and these are: \(found)")
    }
}
