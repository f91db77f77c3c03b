import Cutover
@testable import SimulatorKit
import Testing

@Suite("no state without a way out") struct WayOutTests {
    @Test("from wherever a tenant is when the weather has cleared there is a way to the end, and for another copy of it a way back to the start", arguments: seeds)
    func waysOut(seed: UInt64) async throws {
        for wayOut in ["legacy.drop", nil] as [StepID?] {
            let harness = TenantHarness(seed: seed)
            let weather = Weather(seed: seed, decisions: 10 + Int(seed % 60))
            let comment = { () -> Comment in "seed \(seed), on the way to \(wayOut?.text ?? "the start"), after \(weather.came)" }
            do {
                try await harness.go(to: "legacy.drop", in: weather) { #expect(MemoriesAreKept.troubles($0) == [], comment()) }
                harness.tenant.befall(TenantMishap(.pluginUp))
                if wayOut == nil { try await harness.engine().requestRevert(harness.host.id, to: nil, reason: "test") }
                try await harness.go(to: wayOut) { #expect(MemoriesAreKept.troubles($0) == [], comment()) }
            } catch { Issue.record(error, comment()) }
        }
    }

    private static let seeds: [UInt64] = [5]
}
