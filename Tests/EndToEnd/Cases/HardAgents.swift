import Foundation

/// Agents insert, edit and forget hard on every door during copy, drain, switch and way back; the referee agrees to the row.
enum HardAgents {
    /// A seed a round, each with rows and a lab of its own. Sampled: as far as the freeze, with a short shadow.
    @Sendable static func run(_ stage: Stage) async throws {
        for seed in (0..<stage.depth.rounds).map({ stage.depth.seed &+ UInt64($0) }) {
            let began = Date()
            do { try await thereAndBack(stage, seed) } catch {
                throw Trouble("seed \(seed): \(error)\n     again: end-to-end --only hard-agents --rounds 1 --seed \(seed)\(stage.all ? " --all" : "")")
            }
            if stage.depth.rounds > 1 {
                print(String(format: "    hard-agents: seed \(seed) agrees, %.0f s", Date().timeIntervalSince(began)))
                fflush(nil)
                try await stage.lab("down", "--wipe", "--root", stage.root)
            }
        }
    }

    private static func thereAndBack(_ stage: Stage, _ seed: UInt64) async throws {
        var stage = stage
        try await stage.raise(rows: stage.all ? 150 : 100, agents: false, seed: seed)
        try EnvText(stage.env("acme")).set("LAB_AGENT_PAUSE_MS", to: "40")
        try await stage.lab("agents", "--root", stage.root, "start", "acme")
        if stage.all {
            try await stage.forwardToTheDrop()
        } else {
            let text = try String(contentsOfFile: stage.places.plan, encoding: .utf8)
            stage.plan = try stage.file("short.yaml", text.replacing("window: 6s", with: "window: 2s"))
            try await stage.forward("advance", "acme", "--to", "A3/legacy.freeze", "--wait")
        }
        try await stage.referee("v2", "acme")
        try await stage.backToTheStart()
        try await stage.ctl("journal", "verify", code: 0)
    }
}
