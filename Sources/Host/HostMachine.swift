public import Cutover
import Foundation

/// The machine that a host's program runs on: its disk, its clocks, and how it waits. Everything that the program keeps goes through it, so
/// that the same program also runs where disks lose what was not synced and clocks are set.
public struct HostMachine: Sendable {
    public let disk: any HostDisk
    /// No other process that runs there has this number.
    public let process: Int32
    public let clocks: @Sendable () -> HostClock.Reading
    let rest: @Sendable (_ milliseconds: Int) async throws -> Void

    /// - Parameter rest: throws when the task is cancelled.
    public init(
        disk: any HostDisk, process: Int32, clocks: @escaping @Sendable () -> HostClock.Reading, rest: @escaping @Sendable (_ milliseconds: Int) async throws -> Void
    ) {
        self.disk = disk
        self.process = process
        self.clocks = clocks
        self.rest = rest
    }

    /// The one that the task runs on: this machine, unless said otherwise.
    @TaskLocal public static var here = HostMachine.this

    static let this = HostMachine(disk: SystemDisk(), process: getpid(), clocks: { HostClock.system }, rest: { try await Task.sleep(for: .milliseconds($0)) })
}

/// The host's clocks.
public enum HostClock {
    /// UTC, seconds since boot to the millisecond, and the boot's id.
    public typealias Reading = (at: Timestamp, uptime: Double, boot: String)

    public static var now: Reading { HostMachine.here.clocks() }

    static var system: Reading {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        let uptime = Double(time.tv_sec) + (Double(time.tv_nsec) / 1e9 * 1000).rounded() / 1000
        let milliseconds = Int64((Date().timeIntervalSince1970 * 1000).rounded())
        let boot = (try? DurableFile.read("/proc/sys/kernel/random/boot_id"))?.flatMap { $0 }?.trimmingCharacters(in: .whitespacesAndNewlines)
        return (Timestamp(milliseconds: milliseconds), uptime, boot ?? "unknown")
    }
}
