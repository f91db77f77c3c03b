public import Cutover
import DataPath
import Foundation
public import Host

/// What the watch is told from outside, in a file that it reads again and again: no restart is needed.
struct WatchOrders: Sendable, Codable, Equatable {
    /// The plan's limits, set when the copy begins.
    var limits = ThrottleLimits()
    /// What a person changed since: it counts before the plan's.
    var changes = ThrottleLimits()
    /// Who stopped the copy, and why.
    var held: String?
    var bound = LogBound()

    var effective: ThrottleLimits { limits.overlaid(by: changes) }

    static func read(_ host: HostSight) throws -> WatchOrders {
        guard let text = try DurableFile.read(path(host)) else { return WatchOrders() }
        return try CanonicalJSON.value(WatchOrders.self, from: text)
    }

    /// Which version of the file stands there: another one is read again.
    static func version(_ host: HostSight) -> String {
        var file = stat()
        guard stat(path(host), &file) == 0 else { return "none" }
        return "\(file.st_ino) \(file.st_mtim.tv_sec) \(file.st_mtim.tv_nsec)"
    }

    /// For operations only: the host's lock keeps two of them apart.
    static func change(_ host: HostSight, _ body: (inout WatchOrders) -> Void) throws {
        var orders = try read(host)
        body(&orders)
        try DurableFile.write(try CanonicalJSON.text(orders), to: path(host))
    }

    static func forget(_ host: HostSight) throws { try DurableFile.remove(path(host)) }

    private static func path(_ host: HostSight) -> String { "\(host.statePath)/orders.json" }
}

/// Changes limits of the copy while it runs. A limit that is nil stays as it is; 0, or an empty path, takes it away.
public struct ChangeThrottle: ActsOnHost {
    public static let kind: OperationKind = "throttle.change"
    public static let once = Once.convergent
    public struct Result: Sendable, Codable {
        /// All limits as they are now, for people.
        public let limits: String
    }
    let changes: ThrottleLimits
    /// What was changed before is forgotten first: the plan's limits count again.
    let afresh: Bool

    public init(
        connections: Int? = nil, replicationLagMilliseconds: Int? = nil, doorP95Milliseconds: Int? = nil, nice: Double? = nil, pauseFile: String? = nil, afresh: Bool
    ) {
        self.changes = ThrottleLimits(
            connections: connections, replicationLagMilliseconds: replicationLagMilliseconds, doorP95Milliseconds: doorP95Milliseconds, nice: nice, pauseFile: pauseFile)
        self.afresh = afresh
    }

    public func act(_ host: HostHand) async throws -> Result {
        try WatchOrders.change(host.sight) { orders in
            orders.changes = (afresh ? ThrottleLimits() : orders.changes).overlaid(by: changes)
        }
        return Result(limits: try WatchOrders.read(host.sight).effective.words)
    }
}

/// Stops the copy at its next chunk, or lets it go on where it was. The looks at what agents change go on: they keep the log small.
public struct HoldCopy: ActsOnHost {
    public static let kind: OperationKind = "copy.hold"
    public static let once = Once.convergent
    public struct Result: Sendable, Codable { public let held: Bool }
    /// Who holds it, and why; nil lets it go.
    public let by: String?

    public init(by: String?) { self.by = by }

    public func act(_ host: HostHand) async throws -> Result {
        try WatchOrders.change(host.sight) { $0.held = by }
        return Result(held: by != nil)
    }
}

extension ChangeThrottle: Adjusting {}
extension HoldCopy: Adjusting {}
