import Foundation

/// PostgreSQL goes away and comes back in the middle of a step, and of its way back: it ends as an undisturbed run does.
enum PostgresRestarted {
    private static let steps = Array(Stage.steps[2...])

    /// Whole: in each step of the data path, and in each way back. Sampled: in one, and in one way back from there.
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(rows: stage.all ? 400 : 200)
        // The far ones take longest to get to.
        let one = stage.chance.number(in: 0...(stage.all ? steps.count : 7) - 1)
        for step in stage.all ? steps : [steps[one]] {
            try await drive(stage, ["advance", "acme", "--to", previous(step), "--wait"])
            try await drive(stage, ["advance", "acme", "--to", step, "--wait"], restarting: true)
        }
        let inPlace = Array(Stage.steps.prefix(stage.all ? Stage.steps.count : one + 3))
        let verified = try await stage.verified()
        try expect(verified == inPlace, "the steps were verified in this order: \(verified.joined(separator: ", "))")
        if inPlace.contains("A1/backfill.copy") { try await stage.referee("v2", "acme") }

        let waysBack = stage.all ? inPlace.reversed().dropFirst().filter { !["A1/shadow.watch", "A2/backfill.verify", "A3/soak.wait"].contains($0) } + ["start"] : ["start"]
        for place in waysBack {
            try await drive(stage, ["revert", "acme", "--to", place, "--reason", "the customer asked for it", "--confirm", "acme"], restarting: true)
        }
        let left = try await stage.verified()
        try expect(left.isEmpty, "after the way back these still stand verified: \(left.joined(separator: ", "))")
        try await stage.referee("v1", "acme")
        try await stage.ctl("journal", "verify", code: 0)
    }

    private static func previous(_ step: String) -> String { Stage.steps[(Stage.steps.firstIndex(of: step) ?? 1) - 1] }

    /// Goes on until the command ends with 0. An outage may leave an outcome failed or unknown, never more than that.
    private static func drive(_ stage: Stage, _ words: [String], restarting: Bool = false) async throws {
        var outage = restarting
        var last: RunningProgram.Ended?
        for _ in 0..<40 {
            let program = try await stage.start("cutoverctl", words)
            if outage, await isUnderWay(program, stage) {
                outage = false
                try await Task.sleep(for: .milliseconds(stage.chance.number(in: 0...700)))
                try await stage.restartPostgres()
            }
            let ended = try await program.ended()
            last = ended
            if ended.code == 0 { return }
            try expect([3, 4].contains(ended.code) || restarting && [1, 6].contains(ended.code), "`\(ended.words)` ended with \(ended.code): \(ended.said)")
            if try await stage.sign() == .onlyWithheld { return }
        }
        throw Trouble("forty times was not enough: \(last?.said ?? "")")
    }

    /// Waits until something is on record as begun; false when the command ended before.
    private static func isUnderWay(_ program: RunningProgram, _ stage: Stage) async -> Bool {
        let before = (try? await stage.history().count) ?? 0
        while Leftovers.isAlive(program.pid) {
            let news = ((try? await stage.history()) ?? []).dropFirst(before)
            if news.contains(where: { ["started", "waitBegan", "revertStarted"].contains($0.kind) }) { return true }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return false
    }
}
