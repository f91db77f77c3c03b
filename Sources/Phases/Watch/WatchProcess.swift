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
        // From the moment at which the worker is the one of the pid file, a kill is outlived; until then, it is begun once more.
        for _ in 0..<2 {
            if let pid = try? await begin() { return pid }
        }
        return try await begin()
    }

    private func begin() async throws -> Int32 {
        try await runtime.start(environment: [:], log: "\(host.statePath)/watch.log")
        let supervisor = try runtime.running()
        for _ in 0..<250 {
            guard let pid = try await soonRunning() else { break }
            if pid != supervisor { return pid }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw HostFault.said("the watch does not stay: see its log \(host.statePath)/watch.log")
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
