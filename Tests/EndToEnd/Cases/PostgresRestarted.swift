import Foundation

/// PostgreSQL goes away and comes back in the middle of a step, and of its way back: it ends as an undisturbed run does.
enum PostgresRestarted {
    private static let steps = ["A1/backfill.copy", "A1/env.wire", "A3/legacy.freeze", "A3/legacy.archive", "A3/legacy.drop"]
    /// What stays in place when one of those is taken back.
    private static let waysBack = ["A3/legacy.archive", "A3/legacy.freeze", "A3/fallback.remove", "A1/backfill.copy", "A1/mirror.install", "start"]

    /// Whole: in every one of them. Sampled: in one, and in one way back.
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(rows: 400)
        let one = stage.chance.number(in: 0...(steps.count - 1))
        let back = stage.chance.number(in: 0...(waysBack.count - 1))
        var before = "A0/sidecar.start"
        for (index, step) in steps.enumerated() {
            let chosen = stage.all || index == one
            if chosen, let previous = previous(step), previous != before { try await drive(stage, ["advance", "acme", "--to", previous, "--wait"], restarting: false) }
            try await drive(stage, ["advance", "acme", "--to", step, "--wait"], restarting: chosen)
            before = step
        }
        let verified = try await stage.verified()
        try expect(verified == Stage.steps, "the steps were verified in this order: \(verified.joined(separator: ", "))")
        try await stage.referee("v2", "acme")

        for (index, place) in waysBack.enumerated() {
            let chosen = stage.all || index == back
            if !chosen, index < waysBack.count - 1 { continue }
            try await drive(stage, ["revert", "acme", "--to", place, "--reason", "the customer asked for it", "--confirm", "acme"], restarting: chosen)
        }
        let left = try await stage.verified()
        try expect(left.isEmpty, "after the way back these still stand verified: \(left.joined(separator: ", "))")
        try await stage.referee("v1", "acme")
        try await stage.ctl("journal", "verify", code: 0)
    }

    private static func previous(_ step: String) -> String? {
        Stage.steps.firstIndex(of: step).flatMap { $0 > 0 ? Stage.steps[$0 - 1] : nil }
    }

    /// Goes on until the command ends with 0. An outage may leave an outcome failed or unknown, never more than that.
    private static func drive(_ stage: Stage, _ words: [String], restarting: Bool) async throws {
        var outages = restarting ? 1 : 0
        var last: RunningProgram.Ended?
        for _ in 0..<40 {
            let program = try await stage.start("cutoverctl", words)
            if outages > 0 {
                outages -= 1
                try await Task.sleep(for: .milliseconds(stage.chance.number(in: 150...1800)))
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
}
