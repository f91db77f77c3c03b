public import Cutover
import Phases
import PlanFiles
import Simulation

/// All that a run of the simulator depends on: the same setting always comes to the same journal, to the byte.
public struct Setting: Sendable {
    public var seed: UInt64
    public var tenants: Int
    public var operators: Int
    public var days: Int
    public var story: Story
    public var keepsHistory = false
    /// Who judges, made anew for every run.
    public let invariants: @Sendable () -> [any Invariant]

    /// What the seed draws stands in for whatever is nil.
    public init(
        seed: UInt64, tenants: Int? = nil, operators: Int? = nil, days: Int = 45, story: Story? = nil,
        invariants: @escaping @Sendable () -> [any Invariant] = Promises.all
    ) {
        var chance = Chance(seed: seed, for: "the setting")
        let drawn = (tenants: chance.number(5...20), operators: [1, 1, 2, 2, 3][chance.number(0...4)])
        self.seed = seed
        self.tenants = tenants ?? drawn.tenants
        self.operators = operators ?? drawn.operators
        self.days = days
        self.invariants = invariants
        self.story = story ?? .drawn(seed: seed, tenants: self.tenants, operators: self.operators, days: days)
    }

    /// What to say to the program to run it again.
    public var words: String { "--seed \(seed) --tenants \(tenants) --operators \(operators) --days \(days) --story \(story)" }

    public static let start = Timestamp(milliseconds: 1_767_225_600_000)

    static func tenant(_ number: Int) -> TenantID { TenantID("t\(number < 10 ? "0" : "")\(number)") }

    var fleet: Fleet {
        Fleet(
            tenants: (0..<tenants).map { number in
                let id = Self.tenant(number)
                return TenantHost(
                    id: id, host: "\(id).test", transport: "simulated", labels: ["env": number == 0 ? "staging" : "live"], env: "/etc/\(id).env",
                    state: "/var/lib/cutover/\(id)")
            })
    }

    /// The default plan's steps, with windows that forty-five days have room for, sampled as seldom as the plan lets them be.
    static func plan(revision: Int = 1, atOnce: Int = 6, bake: String = "12h") -> Plan {
        let text = """
            cutover: 1
            name: memory-ssot
            revision: \(revision)
            author: release-manager
            decisions: { topology: sidecar, pluginDatabase: same-instance-schema, runningTenants: inject }
            approvals: { high: { count: 2, from: [lead-1, lead-2, lead-3], notAuthor: true } }
            phases:
              - id: A0
                steps:
                  - { uses: host.prepare }
                  - { uses: sidecar.start, with: { program: env:PLUGIN_COMMAND, listen: env:PLUGIN_LISTEN } }
              - id: A1
                steps:
                  - { uses: mirror.install }
                  - { uses: backfill.copy, with: { chunkRows: 500, within: 6h } }
                  - { uses: env.wire, with: { drainBelow: 100 } }
                  - { uses: shadow.watch, with: { window: 24h, sampleEvery: 12h, longestGap: 25h } }
              - id: A2
                steps:
                  - uses: backfill.verify
                    with:
                      exceptions: { no-workspace: sign, global-of-non-root: sign, workspace-cycle: sign, blank-content: sign, oversized-text: sign,
                        unknown-namespace: sign, suspected-twin: sign, credential-look-alike: flag, other: sign }
              - id: A3
                steps:
                  - { uses: fallback.remove, risk: high, with: { server: env:STRICT_SERVER_COMMAND } }
                  - { uses: legacy.freeze }
                  - { uses: legacy.archive, with: { to: env:ARCHIVE_PLACE, key: env:ARCHIVE_KEY } }
                  - { uses: soak.wait, with: { window: 15d, sampleEvery: 12h, longestGap: 25h } }
                  - { uses: legacy.drop, risk: high, with: { grace: 72h, blockers: [{ name: issue-769, closedWhen: attested }] } }
                  - { uses: archive.purge, risk: high, with: { keepFor: 3d } }
            rollout:
              atOnce: \(atOnce)
              exposed: 10
              failureBudget: 2
              stragglers: 2
              waves:
                - { name: staging, select: { env: staging }, after: A3/legacy.freeze, bake: \(bake) }
                - { name: canary, select: { env: live }, count: 1, after: A3/legacy.freeze, bake: \(bake) }
                - { name: rest, select: { env: live } }
            """
        let (plan, problems) = PlanFile.read(text: text, path: "simulated.yaml", catalog: MemoryCatalog.catalog)
        guard let plan else { fatalError("the simulated plan does not read: \(problems)") }
        return plan
    }
}
