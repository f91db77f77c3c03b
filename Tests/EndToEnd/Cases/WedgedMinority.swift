import Foundation

/// One tenant that could not bring its host back held up every roll of the healthy rest.
enum WedgedMinority {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(tenants: 3, rows: 60, agents: false)
        let fleet = try String(contentsOfFile: stage.fleet, encoding: .utf8)
        let wedged: [String: String?] = ["CUTOVER_FLEET": try stage.file("wedged.yaml", try AwayFleet.text(fleet, without: "globex")), "CUTOVER_SSH_CONFIG": "/dev/null"]

        // Nobody may stay behind: the guard is off, and the healthy rest waits.
        var halted = stage
        halted.plan = try stage.file("halted.yaml", try plan(stage, stragglers: 0))
        let stopped = try await halted.ctl("run", "--patience", "3", changing: wedged)
        try expect(stopped.code != 0, "a run with a tenant that is away ended with 0")
        try expect(try await stage.verified("initech", changing: halted.own(wedged)) == ["A0/host.prepare", "A0/sidecar.start"], "initech did not get through: \(stopped.said)")
        try expect(try await stage.history("acme", changing: halted.own(wedged)).isEmpty, "without an allowance for stragglers the next wave opened")

        // One may: the rest goes on, and it is told at every turn that one is behind.
        var allowed = stage
        allowed.plan = try stage.file("allowed.yaml", try plan(stage, stragglers: 1).replacing("revision: 1\n", with: "revision: 2\n"))
        try await allowed.ctl("adopt", code: 0, changing: wedged)
        let behind = try await allowed.ctl("run", "--patience", "3", changing: wedged)
        try expect(behind.code != 0, "a run that leaves somebody behind ended with 0")
        try expect(try await stage.verified("acme", changing: allowed.own(wedged)) == ["A0/host.prepare", "A0/sidecar.start"], "the healthy rest did not go on: \(behind.said)")
        let told: StragglersAnswer = try await allowed.ctl("status", "--json", code: 0, changing: wedged).answer()
        try expect(told.budget.stragglers == 1 && told.budget.troubles["unreachable"] == 1, "status tells of \(told.budget)")
        let globex = try await stage.status(of: "globex", changing: allowed.own(wedged))
        try expect(globex.state == "gated" && globex.place == "A0/host.prepare", "the one behind is \(globex.state) at \(globex.place)")

        // It comes back, and is taken along.
        let ended = try await allowed.ctl("run", "--patience", "3", code: 0)
        let after: StragglersAnswer = try await allowed.ctl("status", "--json", code: 0).answer()
        try expect(after.budget.stragglers == 0 && after.budget.troubles.isEmpty && after.tenants.allSatisfy { $0.state == "done" }, "recovered, and yet: \(after), \(ended.said)")
    }

    private static func plan(_ stage: Stage, stragglers: Int) throws -> String {
        try ShortPlan.text(
            stage, through: "sidecar.start", stragglers: stragglers,
            waves: ["{ name: most, select: { env: lab }, after: A0/sidecar.start }", "{ name: last, select: { env: lab-canary } }"])
    }
}

extension Stage {
    /// These variables with this stage's own plan.
    fileprivate func own(_ changes: [String: String?]) -> [String: String?] { changes.merging(["CUTOVER_PLAN": plan]) { _, new in new } }
}

struct StragglersAnswer: Decodable {
    struct Budget: Decodable {
        let stragglers: Int
        let troubles: [String: Int]
    }
    struct Tenant: Decodable { let state: String }
    let budget: Budget
    let tenants: [Tenant]
}
