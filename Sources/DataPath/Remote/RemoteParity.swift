public import Foundation
public import Postgres

/// Compares v1, or what was frozen of it, with what the plugin shows, row by row: some rows can be proven, some can't, and both are counted.
///
/// Memory is bounded by what differs: keys come in the order of their namespaces, and at most a hundred records of one are held. A
/// comparison that was stopped goes on where it was; what happened to rows of ours since is compared again, what agents did in the
/// plugin since is not seen.
public struct RemoteParity: Sendable {
    public struct Report: Sendable, Equatable, Codable {
        /// In the terms of a comparison inside one database. `equal` counts what was proven row by row.
        public var parity = ParityReport()
        /// Of `parity.unproven`, at most `listLimit`.
        public var unprovenIDs: [UUID] = []
        /// Records that are not of our making, in namespaces that show all they hold.
        public var theirs = 0
        /// Namespaces that show all they hold, and all namespaces with rows of v1.
        public var shownWhole = 0
        public var namespaces = 0
        /// Overwritten or forgotten in the plugin without having been read just before, since the copy began.
        public var unread: [String: Int] = [:]

        public init() {}
        /// Everything was asked about, and nothing is known to differ. Rows that could not be proven do not count as differing.
        public var clean: Bool { parity.clean }
    }

    public let settings: DataPathSettings
    let records: PluginRecords
    public let listLimit: Int
    /// How many rows that changed in the plugin the plan's `pass` lets go by before somebody has looked at them.
    let limits: ChangesSince.Limits

    public init(
        _ settings: DataPathSettings = DataPathSettings(lane: .http), records: PluginRecords, listLimit: Int = 100,
        limits: ChangesSince.Limits = ChangesSince.Limits()
    ) {
        self.settings = settings
        self.records = records
        self.listLimit = listLimit
        self.limits = limits
    }

    /// Asks about every row, and again about what was under way, until nothing is or the time is up.
    public func compare(_ connection: PostgresConnection, against base: Parity.Base, withinSeconds: Double = 60) async throws -> Report {
        try await run(connection, against: base, withinSeconds: withinSeconds)
    }

    /// As `compare`; what was proven is noted, and a run that was stopped is taken up again.
    /// - Parameters:
    ///   - includingListed: also tells rows that are on the exceptions list because they changed in the plugin.
    ///   - each: gets every finding, once, in no particular order.
    public func run(
        _ connection: PostgresConnection, against base: Parity.Base, withinSeconds: Double = 60, notes: (any RemoteNotes)? = nil,
        includingListed: Bool = false, each: (RemoteFinding) async throws -> Void = { _ in }
    ) async throws -> Report {
        let comparison = try await comparison(connection, base, withinSeconds, includingListed)
        return try await comparison.run(connection, notes, each)
    }

    // MARK: - Non public

    func comparison(
        _ connection: PostgresConnection, _ base: Parity.Base, _ withinSeconds: Double, _ includingListed: Bool
    ) async throws -> RemoteComparison {
        let layout = base == .v1 ? try await Layout.complete(connection, settings) : try await Layout.introspect(connection, settings)
        let passing = try await connection.query("SELECT reason FROM \(settings.schema).rules WHERE rule = 'pass'").map { try $0.string("reason") }
        return RemoteComparison(
            rows: RemoteRows(layout: layout, base: base), records: records, listLimit: listLimit, deadline: ContinuousClock.now + .seconds(withinSeconds),
            includingListed: includingListed, passing: Set(passing), mostPassing: limits.bulkForget)
    }
}

/// Something that a comparison over HTTP found about one row.
public struct RemoteFinding: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        case differs
        /// It changed in the plugin, and the plan lets that pass.
        case passes
        /// It was listed as changed in the plugin, and is there again as it was agreed on.
        case mended
    }

    public let kind: Kind
    public let line: ParityLine
    /// Where it is, or should be, in the plugin.
    public let namespace: String?
}

/// A part of the keys that was compared, and what is left to be judged of it.
public struct RemoteSlice: Sendable, Codable {
    struct Counts: Sendable, Codable {
        var rowsV1 = 0, rowsV2 = 0, equal = 0, excepted = 0, conflicts = 0, edited = 0, added = 0, theirs = 0, shownWhole = 0, namespaces = 0
        var sum1 = Int128(0), sum2 = Int128(0)
    }

    var last: RemoteRows.Key
    var counts = Counts()
    /// Keys that differed, were under way, or should not be there.
    var candidates: [RemoteRows.Key] = []
    var unproven: [RemoteRows.Key] = []
    let snapshot: String
    let at: String
}

/// Where a comparison over HTTP that may be stopped keeps what it has proven.
public protocol RemoteNotes: Sendable {
    /// What an earlier run with the same `print` left, in order; nil when there is none.
    func readRemote(print: String) async throws -> [RemoteSlice]?
    /// Forgets what was noted and begins anew.
    func beginRemote(print: String) async throws
    /// Durable when it returns.
    func addRemote(_ slice: RemoteSlice) async throws
}
