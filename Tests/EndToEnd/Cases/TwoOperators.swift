import Foundation

/// Two people at one tenant: one works, the other is told; a hold is heard; an older plan moves nobody.
enum TwoOperators {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise()
        try await secondIsTurnedAway(stage)
        try await holdIsHeard(stage)
        try await olderPlanIsRefused(stage)
        try await stage.ctl("journal", "verify", code: 0)
    }

    /// The first is stopped in the middle of a step, so that the second surely meets it there.
    private static func secondIsTurnedAway(_ stage: Stage) async throws {
        let first = try await stage.start("cutoverctl", ["advance", "acme", "--to", "A0/sidecar.start"], ["CUTOVER_OPERATOR": "first"])
        _ = try await eventually("the first begins a step", within: 20, pause: 5) { () -> Bool? in
            guard FileManager.default.fileExists(atPath: stage.journal) else { return nil }
            return try await stage.history().last?.kind == "started" ? true : nil
        }
        first.kill(SIGSTOP)
        let before = try await stage.history().map(\.hash)
        let second = try await stage.ctl("advance", "acme", "--to", "A0/sidecar.start", changing: ["CUTOVER_OPERATOR": "second"])
        let after = try await stage.history().map(\.hash)
        first.kill(SIGCONT)
        try expect(second.code == 5, "the second `advance` ended with \(second.code): \(second.said)")
        try expect(after == before, "the second `advance` wrote \(after.count - before.count) events")
        let ended = try await first.ended()
        try expect(ended.code == 0, "the first `advance` ended with \(ended.code): \(ended.said)")
        let people = Set(try await stage.history().map(\.by))
        try expect(people == ["first"], "the history names \(people.sorted().joined(separator: ", "))")
    }

    private static func holdIsHeard(_ stage: Stage) async throws {
        let run = try await stage.start("cutoverctl", ["advance", "acme", "--to", "A1/backfill.copy"], ["CUTOVER_OPERATOR": "first"])
        _ = try await eventually("the run begins mirror.install", within: 20, pause: 5) { () -> Bool? in
            try await stage.history().last?.place == "A1/mirror.install" ? true : nil
        }
        try await stage.ctl("hold", "acme", "--reason", "a customer called", code: 0)
        let ended = try await run.ended()
        try expect(ended.code == 3, "the held run ended with \(ended.code): \(ended.said)")
        let found = try await stage.status(of: "acme")
        try expect(found.state == "held" && found.held?.contains("a customer called") == true, "the tenant is \(found.state), held \(found.held ?? "by nobody")")
        let events = try await stage.history()
        guard let held = events.lastIndex(where: { $0.kind == "held" }) else { throw Trouble("the hold is not in the history") }
        let begun = events[held...].filter { $0.kind == "started" }
        try expect(begun.isEmpty, "after the hold \(begun.map(\.place).joined(separator: ", ")) was begun")
        try await stage.ctl("advance", "acme", "--to", "A1/backfill.copy", code: 3)
        try await stage.ctl("release", "acme", "--reason", "it was about something else", code: 0)
        try await stage.ctl("advance", "acme", "--to", "A1/backfill.copy", code: 0)
    }

    private static func olderPlanIsRefused(_ stage: Stage) async throws {
        let text = try String(contentsOfFile: stage.places.plan, encoding: .utf8)
        let newer = try stage.file("newer.yaml", text.replacingOccurrences(of: "revision: 1\n", with: "revision: 2\n").replacingOccurrences(of: "chunkRows: 200", with: "chunkRows: 100"))
        let asked = try await stage.ctl("advance", "acme", "--to", "A1/backfill.copy", code: 3, changing: ["CUTOVER_PLAN": newer])
        try expect(asked.err.contains("cutoverctl adopt"), "a newer plan is not offered: \(asked.said)")
        let told = try await stage.ctl("adopt", "acme", "--preview", code: 0, changing: ["CUTOVER_PLAN": newer])
        try expect(told.out.contains("A1/backfill.copy: chunkRows is 100, was 200"), "what the newer plan changes is not told: \(told.said)")
        try await stage.ctl("adopt", "acme", code: 0, changing: ["CUTOVER_PLAN": newer])
        let before = try await stage.history().map(\.hash)
        for words in [["advance", "acme"], ["run"], ["revert", "acme", "--to", "start"], ["adopt", "acme"]] {
            let ended = try await stage.start("cutoverctl", words).ended()
            try expect(ended.code == 3 && ended.err.contains("older"), "with an older plan `\(ended.words)` ended with \(ended.code): \(ended.said)")
        }
        try expect(try await stage.history().map(\.hash) == before, "an older plan changed something")
    }
}
