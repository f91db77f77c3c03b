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
    let limits: ChangesSince.Limits
    let table: LegacyTable

    public init(against: String?, withinSeconds: Int, plan: Plan) {
        self.against = against
        self.withinSeconds = withinSeconds
        self.table = LegacyTable.of(plan)[0]
        self.limits = MemoryCatalog.changeLimits(plan, table)
    }

    /// What is done about a difference: `write-v2`, `delete-v2`, `look` or `wait`.
    public static func action(for what: String) -> String {
        ParityLine.What(rawValue: what).map { Repair.action(for: $0).rawValue } ?? "wait"
    }

    public func act(_ host: HostHand) async throws -> Result {
        let fence = Int64(host.fence)
        let parity = Parity(table.dataPath, listLimit: 0, limits: limits)
        let result = try await host.writing { connection in
            guard try await !StoreLane.of(connection, table).isHTTP else {
                throw StepFailure(
                    "v2 is reached over HTTP: what differs there may be somebody's own edit or forget, which nothing tells from a loss", effect: .nothingChanged,
                    next: "look: cutoverctl diff \(host.sight.tenant)")
            }
            let base = try await DiffStores.base(against, table, connection, host.sight)
            try await Control.raiseFence(to: fence, connection, table.dataPath)
            let found = Found()
            let before = try await parity.run(connection, against: base, withinSeconds: Double(withinSeconds)) { await found.add($0, atMost: Self.most) }
            let report = try await Repair(table.dataPath, fence: fence).carryOut(await found.lines, against: base, connection)
            let after = try await parity.run(connection, against: base, withinSeconds: Double(withinSeconds))
            return Result(
                found: DiffStores.Result(before, base, lines: 0).differing, written: report.written, deleted: report.deleted, looked: report.looked,
                left: report.left, after: DiffStores.Result(after, base, lines: 0))
        }
        // What was noted of the rows as they were is worth nothing now.
        for base in [Parity.Base.v1, .frozen] { try ParityFiles(host.sight, base).forget() }
        return result
    }

    private actor Found {
        private(set) var lines: [ParityLine] = []
        func add(_ line: ParityLine, atMost most: Int) {
            if lines.count < most { lines.append(line) }
        }
    }
}
