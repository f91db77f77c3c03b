import Cutover

/// What became of the fleet.
public struct SimulationReport: Sendable, Codable, Equatable {
    /// Tenants that ended alike.
    public struct Group: Sendable, Codable, Equatable {
        public let state: String
        public let step: String
        public let why: String
        public let tenants: Int
        public let named: [String]
    }
    public struct Span: Sendable, Codable, Equatable {
        public let name: String
        public let tenants: Int
        public let firstDay: Double
        public let lastDay: Double?
    }
    public struct Limit: Sendable, Codable, Equatable {
        public let most: Int
        public let allowed: Int
    }

    public let formatVersion: Int
    public let plan: String
    public let seed: UInt64
    public let tenants: Int
    public let days: Int
    public let done: Int
    public let events: Int
    /// The day of the last event: when everything was done, or had stopped.
    public let lastEventDay: Double
    public let inMotion: Limit
    public let exposed: Limit
    public let failures: Limit
    public let waves: [Span]
    public let milestones: [Span]
    /// Where those are that have not come to the end.
    public let stands: [Group]
    public let mishaps: [String: Int]
    /// Promises that were broken. Always empty, or the engine is at fault.
    public let violations: [String]

    init(_ judge: borrowing Judge, _ simulation: FleetSimulation, fleet: Fleet, last: [TenantID: FleetRun.Outcome], flaws: [JournalAudit.Flaw]) {
        let (scenario, rollout) = (simulation.scenario, simulation.judged.rollout)
        func day(_ moment: Timestamp) -> Double { (moment.seconds(since: scenario.start) / 8640).rounded() / 10 }
        let lines = judge.statuses
        formatVersion = 1
        plan = "\(simulation.plan.name) revision \(simulation.plan.revision)"
        seed = scenario.seed
        tenants = fleet.tenants.count
        days = scenario.days
        done = fleet.tenants.count { lines[$0.id]?.state == .done }
        events = judge.events
        lastEventDay = judge.last.map(day) ?? 0
        inMotion = Limit(most: judge.most.moving, allowed: rollout.atOnce)
        exposed = Limit(most: judge.most.exposed, allowed: rollout.exposed)
        failures = Limit(most: judge.most.failures, allowed: rollout.failureBudget)
        let opened = judge.fleet.waves.map { ($0.name, $0.at, $0.tenants) }
        waves = opened.map { name, at, members in
            let ends = members.compactMap { lines[$0].flatMap { $0.state == .done ? Timestamp($0.since) : nil } }
            return Span(name: name, tenants: members.count, firstDay: day(at), lastDay: ends.count == members.count ? ends.max().map(day) : nil)
        }
        milestones = judge.milestones.sorted { $0.value.first < $1.value.first }.map {
            Span(name: $0.key, tenants: $0.value.tenants, firstDay: day($0.value.first), lastDay: day($0.value.last))
        }
        stands = Self.stands(lines, fleet, last)
        mishaps = Self.mishaps(scenario)
        violations = judge.violations.map(\.description) + flaws.map { "the chain holds: \($0.stream)/\($0.revision) \($0.what)" }
    }

    private static func stands(_ lines: [TenantID: TenantStatus], _ fleet: Fleet, _ last: [TenantID: FleetRun.Outcome]) -> [Group] {
        struct Key: Hashable {
            let state: String
            let step: String
            let why: String
        }
        var groups: [Key: [String]] = [:]
        for host in fleet.tenants {
            let line = lines[host.id]
            if line?.state == .done { continue }
            let outcome = last[host.id]
            // What merely counts on differs from tenant to tenant.
            let why = [TenantStatus.State.waiting, .running].contains(line?.state) ? "" : outcome.map { "\($0.word) \($0.detail)".replacing(host.id.text, with: "TENANT") } ?? ""
            let step = line.map { "\($0.phase)/\($0.step)" } ?? "-"
            groups[Key(state: line?.state.rawValue ?? "not begun", step: step, why: why), default: []].append(host.id.text)
        }
        return groups.map { Group(state: $0.key.state, step: $0.key.step, why: $0.key.why, tenants: $0.value.count, named: Array($0.value.sorted().prefix(5))) }
            .sorted { ($1.tenants, $0.step, $0.why) < ($0.tenants, $1.step, $1.why) }
    }

    private static func mishaps(_ scenario: Scenario) -> [String: Int] {
        var counts: [String: Int] = ["holds": scenario.holds.count, "joins": scenario.joins.count, "leaves": scenario.leaves.count]
        counts["paused operators"] = scenario.pauses.count
        for fate in scenario.fates.values {
            counts["failures", default: 0] += fate.failures.count
            counts["unreachable", default: 0] += fate.offline.count
            counts["boots", default: 0] += fate.down.count
            counts["clock steps", default: 0] += fate.clockSteps.count
            counts["reds", default: 0] += fate.reds.count
            counts["vetoes", default: 0] += fate.vetoes.count
            counts["short signatures", default: 0] += fate.shortSignatures
        }
        return counts.filter { $0.value > 0 }
    }
}
