import Cutover
import Foundation
import Journals
import Simulation

/// A preview of every tenant of the fleet, all its steps and gates, answered by simulated hosts: nothing is reached over a network. Against
/// Terraform's plan of 10,000 resources: fresh, and over the state in which they stand.
struct FleetPreview: Bench {
    let name = "fleet-preview"
    /// Seconds, measured with Terraform 1.9 on this kind of machine.
    private static let (fresh, overState) = (5.2, 87.0)

    func measure(_ ground: Ground) async throws -> [Figure] {
        let fleet = try FleetGround()
        let begun = try await preview(fleet, try openJournal(try await fleet.mixedJournal(), create: false, random: Chance()))
        let path = "\(fleet.folder)/unbegun.db"
        for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) }
        let unbegun = try await preview(fleet, try openJournal(path, create: true, random: Chance()))
        return [
            Figure(name, Pairs(ours: [Self.overState / begun], against: [1]), unit: "x", .atLeast(10)),
            Figure("\(name)-fresh", Pairs(ours: [Self.fresh / unbegun], against: [1]), unit: "x", .atLeast(10)),
        ]
    }

    /// Seconds.
    private func preview(_ fleet: FleetGround, _ journal: any Journal) async throws -> Double {
        let engine = fleet.engine(journal, HurriedTime(Timestamp(milliseconds: 1_790_000_000_000)))
        var steps = 0
        let took = try await seconds {
            steps = try await withThrowingTaskGroup(of: Int.self) { group in
                var (sum, under) = (0, 0)
                for host in fleet.fleet.tenants {
                    if under >= 8, let done = try await group.next() { (sum, under) = (sum + done, under - 1) }
                    under += 1
                    group.addTask {
                        _ = try await engine.stand(of: host.id)
                        return try await engine.preview(host.id).steps.count
                    }
                }
                for try await done in group { sum += done }
                return sum
            }
        }
        tell(String(format: "%@: %d tenants, %d steps to come, in %.2f s", name, fleet.fleet.tenants.count, steps, took))
        return took
    }
}
