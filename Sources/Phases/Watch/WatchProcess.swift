import Foundation
import Host

/// The watch as a process on the host: started by operations, found by its pid file.
struct WatchProcess: Sendable {
    private let runtime: ProcessRuntime
    private let host: HostSight

    init(_ host: HostSight) {
        self.host = host
        self.runtime = ProcessRuntime(
            command: "\(host.statePath)/bin/cutoverctl host watch --state \(host.statePath) --env \(host.envPath) --tenant \(host.tenant)",
            pidFile: "\(host.statePath)/watch.pid")
    }

    func running() throws -> Int32? { try runtime.running() }

    /// Its pid; starts it when it does not run.
    func ensure() async throws -> Int32 {
        if let pid = try runtime.running() { return pid }
        try await runtime.start(environment: [:], log: "\(host.statePath)/watch.log")
        return try runtime.running() ?? 0
    }

    func stop() async throws { try await runtime.stop(within: 10) }
}
