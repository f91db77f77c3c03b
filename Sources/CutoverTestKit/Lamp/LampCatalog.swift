public import Cutover

/// A second, tiny catalogue: what the engine must be able to do without knowing what the steps are about.
public enum LampCatalog {
    public static let catalog = StepCatalog([
        StepCatalog.Entry(kind: "lamp.wire", nature: .reversible, milestone: "wired") { _, _ in .reversible(WireLamp()) },
        StepCatalog.Entry(kind: "lamp.light", nature: .reversible, milestone: "burning", requires: ["lamp.wire"], endedBy: ["lamp.smash"], exposure: .begins) { _, _ in
            .reversible(LightLamp())
        },
        StepCatalog.Entry(
            kind: "lamp.watch", nature: .wait, milestone: "burning", requires: ["lamp.light"], exposure: .ends, settings: [.init("seconds", .int)]
        ) { step, _ in .wait(WatchLamp(seconds: step.spec.settings.int("seconds") ?? 60)) },
        StepCatalog.Entry(kind: "lamp.retire", nature: .graceful, milestone: "retired", requires: ["lamp.light"]) { _, _ in
            .reversible(RetireLamp())
        },
        StepCatalog.Entry(kind: "lamp.smash", nature: .irreversible, milestone: "gone", requires: ["lamp.light"]) { _, _ in
            .irreversible(SmashLamp())
        },
    ])

    public static let phases = [
        Phase(id: "L0", steps: [step("lamp.wire"), step("lamp.light")]),
        Phase(id: "L1", steps: [step("lamp.watch"), step("lamp.retire"), step("lamp.smash")]),
    ]

    public static func step(_ kind: StepKind, risk: Risk = .normal) -> StepSpec { StepSpec(id: StepID(kind.text), kind: kind, risk: risk) }

    public static func plan(
        revision: Int = 1, digest: String? = nil, approvals: Approvals = Approvals(count: 0, from: [], notAuthor: true),
        phases: [Phase] = phases, rollout: Rollout? = nil
    ) -> Plan {
        Plan(
            name: "lamps", revision: revision, author: "edison", digest: digest ?? Digest.sha256("lamps \(revision)"), approvals: approvals,
            phases: phases,
            rollout: rollout ?? Rollout(atOnce: 10, exposed: 10, failureBudget: 1, stragglers: 0, waves: [Wave(name: "all", select: [:])]))
    }

    public static func fleet(_ tenants: TenantID..., labels: [String: String] = [:]) -> Fleet {
        Fleet(tenants: tenants.map { host($0, labels: labels) })
    }

    public static func host(_ tenant: TenantID, labels: [String: String] = [:]) -> TenantHost {
        TenantHost(id: tenant, host: "\(tenant).test", transport: "scripted", labels: labels, env: "/etc/\(tenant).env", state: "/var/lib/\(tenant)")
    }

    public static func transport() -> ScriptedTransport { ScriptedTransport(Lamp.operations) }
}
