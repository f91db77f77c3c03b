import Foundation

/// What is signed by its class for a whole wave: everyone who has it is signed for as they are, and who has none is passed over.
enum SignedForAWave {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(tenants: 3, agents: false)
        var short = stage
        let waves = ["{ name: rest, select: { env: lab } }", "{ name: canary, select: { env: lab-canary } }"]
        short.plan = try stage.file("short.yaml", try ShortPlan.text(stage, through: "backfill.copy", waves: waves))
        let forward = try await short.forward("advance", "--wave", "rest", "--to", "A1/backfill.copy", "--wait", tenants: ["globex", "initech"]) { _ in true }
        try expect(forward.code == 0, "the wave did not get through the copy: \(forward.said)")
        let database = try stage.database("initech")
        let open = "FROM cutover.exceptions WHERE closed IS NULL AND reason = 'blank-content'"
        try expect(try database.number("SELECT count(*) \(open)") > 0, "the lab's initech has no blank memories")
        try database.rows("DELETE FROM public.agent_memories WHERE id IN (SELECT id \(open))")
        _ = try await eventually("initech has no blank memories any more", within: 60) { try database.number("SELECT count(*) \(open)") == 0 ? true : nil }

        try await short.ctl("approve", "--wave", "rest", "--exceptions", "sunspots", "--reason", "x", code: 1)
        let before = try await signed(short, "globex") + signed(short, "initech")
        try expect(before.isEmpty, "signed though nobody has it: \(before)")
        let blank = try await short.ctl("approve", "--wave", "rest", "--exceptions", "blank-content", "--reason", "nothing in them", code: 0)
        try expect(blank.err.contains("initech has no exceptions called blank-content"), "who was passed over is not told: \(blank.said)")
        try await short.ctl("approve", "--wave", "rest", "--access", "gains", "--reason", "agreed", code: 0)
        let (globex, initech) = (try await signed(short, "globex"), try await signed(short, "initech"))
        try expect(globex == ["exceptions/blank-content", "access/gains"] && initech == ["access/gains"], "signed are \(globex) and \(initech)")
    }

    private static func signed(_ stage: Stage, _ tenant: String) async throws -> [String] {
        try await stage.history(tenant).filter { $0.kind == "approved" }.compactMap { $0.facts["topic"] }
    }
}
