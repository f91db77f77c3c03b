import Foundation

/// Agents insert, edit and forget hard on every door during copy, drain, switch and way back; the referee agrees to the row.
enum HardAgents {
    /// Whole: twenty seeds, each with rows and a lab of its own. Sampled: one.
    @Sendable static func run(_ stage: Stage) async throws {
        for round in 1...(stage.all ? 20 : 1) {
            let seed = stage.chance.number(in: 1...999_999)
            do { try await thereAndBack(stage, seed) } catch { throw Trouble("round \(round), seed \(seed) of the rows: \(error)") }
            if stage.all { try await stage.lab("down", "--wipe", "--root", stage.root) }
        }
    }

    private static func thereAndBack(_ stage: Stage, _ seed: Int) async throws {
        try await stage.raise(rows: 150, agents: false, seed: seed)
        try EnvText(stage.env("acme")).set("LAB_AGENT_PAUSE_MS", to: "40")
        try await stage.lab("agents", "--root", stage.root, "start", "acme")
        try await stage.forwardToTheDrop()
        try await stage.referee("v2", "acme")
        try await stage.backToTheStart()
        try await stage.ctl("journal", "verify", code: 0)
    }
}
