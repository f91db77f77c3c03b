import Foundation
import Host

/// The watch as a process on the host: started by operations, found by its pid file.
struct WatchProcess: Sendable {
    private let runtime: ProcessRuntime
    private let host: HostSight
    let supervised: Supervised

    init(_ host: HostSight) {
        self.host = host
        self.runtime = ProcessRuntime(
            command: "\(host.statePath)/bin/cutoverctl host watch --state \(host.statePath) --env \(host.envPath) --tenant \(host.tenant)",
            pidFile: "\(host.statePath)/watch.pid")
        self.supervised = Supervised(pidFile: "\(host.statePath)/watch.pid")
    }

    func running() throws -> Int32? { try runtime.running() }

    /// Its pid; starts it when it does not run.
    func ensure() async throws -> Int32 {
        if let pid = try await soonRunning() { return pid }
        try supervised.allow()
        try await runtime.start(environment: [:], log: "\(host.statePath)/watch.log")
        let supervisor = try runtime.running()
        // From the moment at which the worker is the one of the pid file, a kill is outlived.
        for _ in 0..<250 {
            if let worker = try runtime.running(), worker != supervisor { return worker }
            try await Task.sleep(for: .milliseconds(20))
        }
        return try runtime.running() ?? 0
    }

    /// A watch that was killed is back within a moment.
    func soonRunning() async throws -> Int32? {
        for _ in 0..<40 {
            if let pid = try runtime.running() { return pid }
            guard try runtime.wasStarted(), try supervised.isAllowed() else { return nil }
            try await Task.sleep(for: .milliseconds(50))
        }
        return nil
    }

    func stop() async throws {
        try supervised.forbid()
        try await runtime.stop(within: 10)
    }
}
