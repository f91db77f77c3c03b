import Cutover
import Foundation
import Host

/// What a recall costs the agents at this moment: one through their own door, twice a second while the copy is under way.
///
/// It reads and writes nothing else, and it looks for a text that nobody has, so that what it takes is the search itself.
/// One that is refused or never answered counts with the time that was waited: a door that is shut is no fast one.
struct DoorProbe: Sendable {
    static let pause = Duration.milliseconds(500)
    let host: HostSight

    /// Milliseconds.
    func take() async throws -> Double {
        let doors = try AgentDoors(try host.env())
        let began = ContinuousClock.now
        do {
            _ = try await doors.recall("cutover-probe latency")
            return Self.milliseconds(ContinuousClock.now - began)
        } catch {
            return max(Self.milliseconds(ContinuousClock.now - began), 5000)
        }
    }

    private static func milliseconds(_ time: Duration) -> Double {
        Double(time.components.seconds) * 1000 + Double(time.components.attoseconds) / 1e15
    }
}
