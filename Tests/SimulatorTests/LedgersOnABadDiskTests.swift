import Cutover
import Glibc
@testable import Host
import SimulatorKit
import Synchronization
import Testing

/// The host's real program on a machine that crashes at any moment, in the middle of any write.
@Suite("a host's ledgers on a disk that loses what was not synced") struct LedgersOnABadDiskTests {
    @Test("what was answered is remembered, nothing unrepeatable is done twice, no fence falls", arguments: 0..<60)
    func hold(number: Int) async throws {
        let seed = UInt64.random(in: 0..<1 << 40) &+ UInt64(number)
        let flaws = try await Trial(seed: seed).run()
        #expect(flaws == [], "seed \(seed)")
    }

    @Test(
        "a program that leaves something out is found out", arguments: Trial.Omission.allCases)
    func mutants(omission: Trial.Omission) async throws {
        for seed in 0..<400 as Range<UInt64> where try await !Trial(seed: seed, leavingOut: omission).run().isEmpty { return }
        Issue.record("nothing in 400 runs shows that it leaves out \(omission)")
    }
}
