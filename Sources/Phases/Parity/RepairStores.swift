public import Cutover
import DataPath
public import Host
import Postgres

/// Takes away what differs and no agent made, then compares again. A person's errand, beside the steps.
public struct RepairStores: ActsOnHost {
    public static let kind: OperationKind = "stores.repair"
    public static let once = Once.convergent
    /// More are left for the next errand, so that memory stays bounded.
    private static let most = 100_000

    public struct Result: Sendable, Codable, Equatable {
        /// What was found, by kind of difference.
        public let found: [String: Int]
        public let written: Int
        public let deleted: Int
        public let looked: Int
        public let left: Int
        public let after: DiffStores.Result
    }

    let against: String?
    let withinSeconds: Int
    /// A person's word that the plugin lost what changed in it over HTTP, and no agent forgot or edited it.
    let lost: Bool
    let limits: ChangesSince.Limits
    let table: LegacyTable

    public init(against: String?, withinSeconds: Int, lost: Bool, plan: Plan) {
        self.against = against
        self.withinSeconds = withinSeconds
        self.lost = lost
        self.table = LegacyTable.of(plan)[0]
        self.limits = MemoryCatalog.changeLimits(plan, table)
    }

    /// What is done about a difference: `write-v2`, `delete-v2`, `look`, `wait` or `ask`.
    public static func action(for what: String, lost: Bool) -> String {
        ParityLine.What(rawValue: what).map { RemoteRepair.action(for: $0, lost: lost).rawValue } ?? "wait"
    }

    public func act(_ host: HostHand) async throws -> Result {
        let result: Result
        do {
            result = try await host.writing(table) { connection in
                let base = try await DiffStores.base(against, table, connection, host.sight)
                let lane = try await StoreLane.of(connection, table)
                return lane.isHTTP ? try await overHTTP(lane, base, connection, host) : try await bySQL(base, connection, host)
            }
        } catch DataPathError.refused(let why) {
            // The old table was set aside for the drop.
            throw StepFailure(why, effect: .nothingChanged, next: "cutoverctl revert \(host.sight.tenant) --to soak.wait --reason TEXT, then cutoverctl repair \(host.sight.tenant) --preview")
        }
        // What was noted of the rows as they were is worth nothing now.
        for base in [Parity.Base.v1, .frozen] { try ParityFiles(host.sight, base).forget() }
        return result
    }

    // MARK: - Non public

    private func bySQL(_ base: Parity.Base, _ connection: PostgresConnection, _ host: HostHand) async throws -> Result {
        let fence = Int64(host.fence)
        let parity = Parity(table.dataPath, listLimit: 0, limits: limits)
        try await Control.raiseFence(to: fence, connection, table.dataPath)
        let found = Found<ParityLine>()
        let before = try await parity.run(connection, against: base, withinSeconds: Double(withinSeconds)) { await found.add($0, atMost: Self.most) }
        let report = try await Repair(table.dataPath, fence: fence).carryOut(await found.all, against: base, connection)
        let after = try await parity.run(connection, against: base, withinSeconds: Double(withinSeconds))
        return Result(before, report, DiffStores.Result(after, base, lines: 0), base)
    }

    private func overHTTP(_ lane: StoreLane, _ base: Parity.Base, _ connection: PostgresConnection, _ host: HostHand) async throws -> Result {
        let found = Found<RemoteFinding>()
        let before = try await lane.differences(connection, against: base, limits: limits, withinSeconds: Double(withinSeconds), includingListed: lost) {
            await found.add($0, atMost: Self.most)
        }
        let repair = RemoteRepair(lane.settings, records: lane.records, fence: Int64(host.fence))
        let report: Repair.Report
        do { report = try await repair.carryOut(await found.all, against: base, lost: lost, connection) } catch DataPathError.writerRunning {
            throw StepFailure(
                "what the watch has sent to the plugin does not come to an end", effect: .nothingChanged, next: "cutoverctl why \(host.sight.tenant)")
        }
        let after = try await lane.differences(connection, against: base, limits: limits, withinSeconds: Double(withinSeconds)) { _ in }
        return Result(before.parity, report, DiffStores.Result(after.parity, base, lines: 0, over: after), base)
    }

    private actor Found<Line: Sendable> {
        private(set) var all: [Line] = []
        func add(_ line: Line, atMost most: Int) {
            if all.count < most { all.append(line) }
        }
    }
}

extension RepairStores.Result {
    fileprivate init(_ before: ParityReport, _ report: Repair.Report, _ after: DiffStores.Result, _ base: Parity.Base) {
        self.init(
            found: DiffStores.Result(before, base, lines: 0).differing, written: report.written, deleted: report.deleted, looked: report.looked, left: report.left,
            after: after)
    }
}
