import Cutover
import Foundation
import Host

/// Starts the plugin again when something ended it: nobody else would, and every write would fall back to v1 or be refused.
/// It does not hide the outage; samples taken meanwhile tell of it, and each start is evidence.
struct KeepSidecar: Sendable {
    let host: HostSight

    /// Until it is cancelled. A plugin that does not come up is tried ever less often.
    func go() async {
        var pause = Self.shortestPause
        while !Task.isCancelled {
            do {
                try await startIfEnded()
                pause = Self.shortestPause
            } catch {
                MemoryWatch.tell("\(Redaction.of(host).clean("\(error)"))")
                pause = min(pause * 2, Self.longestPause)
            }
            guard (try? await Task.sleep(for: pause)) != nil else { return }
        }
    }

    private static let shortestPause = Duration.milliseconds(500)
    private static let longestPause = Duration.seconds(10)

    private func startIfEnded() async throws {
        let use = SidecarUse(host: host)
        guard let ours = try use.kept(), try await ours.runtime(host).running() == nil, let turn = try use.tryTurn() else { return }
        defer { withExtendedLifetime(turn) {} }
        // Whoever had the turn before us may have stopped it for good.
        guard let sidecar = try use.kept(), try await sidecar.runtime(host).running() == nil else { return }
        let pid = try await sidecar.start(host, "watch")
        try await host.evidence.append("sidecarRestarted", ["pid": String(pid)])
    }
}
