import Cutover
import CutoverTestKit
@testable import SimulatorKit
import Testing

@Suite("a simulated tenant under the real engine") struct TenantTests {
    @Test("goes to the wiring and back to the start, and no memory is lost or invented on the way", arguments: [1, UInt64.random(in: 1...1_000_000)])
    func thereAndBack(seed: UInt64) async throws {
        let harness = TenantHarness(seed: seed)
        let before = try harness.state
        try await harness.go(to: "env.wire") { #expect(MemoriesAreKept.troubles($0) == [], "seed \(seed)") }
        let wired = try harness.state
        #expect(wired.host.server?.pluginURL == HostSide.ownURL)
        #expect(wired.database.own?.copyDone == true && !(wired.database.new ?? [:]).isEmpty)
        for _ in 0..<8 { await harness.pass(hours: 6) }
        #expect(try harness.troubles == [])
        try await harness.engine().requestRevert(harness.host.id, to: nil, reason: "test")
        try await harness.go(to: nil) { #expect(MemoriesAreKept.troubles($0) == [], "seed \(seed)") }
        let after = try harness.state
        #expect(after.host.server == before.host.server && after.database.own == nil && after.database.new == nil)
        #expect(after.book != before.book, "agents worked meanwhile")
    }

    @Test("goes all the way, and no memory is lost or invented on the way", arguments: [1])
    func allTheWay(seed: UInt64) async throws {
        let harness = TenantHarness(seed: seed)
        try await harness.go(to: "archive.purge") { #expect(MemoriesAreKept.troubles($0) == [], "seed \(seed)") }
        let state = try harness.state
        #expect(state.database.place == .dropped && state.archive == nil)
        for _ in 0..<8 { await harness.pass(hours: 6) }
        #expect(try harness.troubles == [])
    }

    @Test("what a switch had stopped when its program died is started by the next try, though the server does not run", arguments: [
        (before: "backfill.copy", step: "env.wire", setting: "MEMORY_PLUGIN_URL"), (before: "backfill.verify", step: "fallback.remove", setting: "WORKSPACE_SERVER_COMMAND"),
    ] as [(StepID, StepID, String)])
    func switchedAgain(before: StepID, step: StepID, setting: String) async throws {
        let harness = TenantHarness(seed: 1)
        try await harness.go(to: before)
        // As the program left it: remembered, begun, stopped.
        harness.tenant.now { model in
            model.host.remembered[setting] = setting == "MEMORY_PLUGIN_URL" ? "absent" : HostSide.olderVersion
            model.host.server = nil
        }
        try await harness.go(to: step)
        #expect(try harness.state.host.server != nil)
    }

    @Test("whose watch ended for good in the grace of the drop is told what starts it again, and goes on")
    func unwatched() async throws {
        let harness = TenantHarness(seed: 1)
        try await harness.go(to: "soak.wait")
        while try harness.state.database.held == nil { try await harness.once() }
        harness.tenant.now { model in
            model.host.watchRuns = false
            // The look that the hold itself takes at its rows.
            model.database.held?.reads += 1
        }
        harness.time.advance(seconds: 30 * 86_400)
        guard case .gated(_, let answers) = try await harness.engine().advance(harness.host.id) else { return #expect(Bool(false), "nothing is shut") }
        let shut = try #require(answers.first { !$0.verdict.isOpen })
        #expect(shut.verdict.detail.contains("the watch does not run"))
        #expect(shut.clearedBy == .person("cutoverctl check acme --reopen --reason TEXT"))
        try await harness.go(to: "legacy.drop")
        #expect(try harness.state.database.place == .dropped)
    }
}
