import Cutover
import Foundation
import Host

/// The watch as a process on the host: a unit of systemd where one runs, else detached from whoever started it; found by its pid file.
struct WatchProcess: Sendable {
    private let runtime: ProcessRuntime
    private let unit: SystemdUnit?
    private let host: HostSight
    let supervised: Supervised

    init(_ host: HostSight) {
        self.host = host
        self.runtime = ProcessRuntime(
            command: "\(host.statePath)/bin/cutoverctl host watch --state \(host.statePath) --env \(host.envPath) --tenant \(host.tenant)",
            pidFile: "\(host.statePath)/watch.pid")
        self.supervised = Supervised(pidFile: "\(host.statePath)/watch.pid")
        // One host may serve several journals, and plans, of a tenant of one name.
        self.unit = SystemdUnit(
            name: "cutover-watch-\(host.tenant)-\(Digest.sha256(host.statePath).prefix(8))", describedAs: "Cutover's watch of \(host.tenant)",
            command: runtime.command, environment: Supervised.asWorker, log: "\(host.statePath)/watch.log", needs: host.statePath)
    }

    /// What keeps it running: `unit NAME`, or `process` where no systemd does; nil where systemd would, and was not told to.
    func keeper() throws -> String? {
        guard let unit else { return "process" }
        return try unit.isEnabled() ? "unit \(unit.name)" : nil
    }

    func running() throws -> Int32? { try runtime.running() }

    /// Whether it runs by the program that stands in the host's folder now, not by one that stood there before.
    func isOfThisBuild(_ pid: Int32) -> Bool {
        let folder = URL(fileURLWithPath: "\(host.statePath)/bin").resolvingSymlinksInPath().path
        guard let running = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe"), running.hasPrefix("\(folder)/") else { return true }
        return running == URL(fileURLWithPath: "\(folder)/cutoverctl").resolvingSymlinksInPath().path
    }

    /// Its pid; starts it when it does not run. Killed at any moment it loses nothing, so another build simply takes its place.
    func ensure() async throws -> Int32 {
        if let pid = try await soonRunning(), !isOfThisBuild(pid) { try await stop() }
        try await unit?.enable()
        if let pid = try await soonRunning() { return pid }
        try supervised.allow()
        // From the moment at which the worker is the one of the pid file, a kill is outlived; until then, it is begun once more.
        for _ in 0..<2 {
            if let pid = try? await begin() { return pid }
        }
        return try await begin()
    }

    private func begin() async throws -> Int32 {
        if let unit { return try await begin(unit) }
        try await runtime.start(environment: [:], log: "\(host.statePath)/watch.log")
        let supervisor = try runtime.running()
        for _ in 0..<250 {
            guard let pid = try await soonRunning() else { break }
            if pid != supervisor { return pid }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw HostFault.said("the watch does not stay: see its log \(host.statePath)/watch.log")
    }

    private func begin(_ unit: SystemdUnit) async throws -> Int32 {
        try await unit.start()
        for _ in 0..<1500 {
            if let pid = try runtime.running() { return pid }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw HostFault.said("the watch does not stay: see systemctl status \(unit.name) and its log \(host.statePath)/watch.log")
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
        try await unit?.remove()
        try await runtime.stop(within: 10)
    }
}
