public import Cutover

/// Promise 9: the budget holds. Counted from the events themselves: a tenant is at work while something that was begun there has not ended.
public struct BudgetHolds: Invariant, JudgesRecord {
    public let name = "the budget holds"
    public var violations: [String] { notes.all }
    var notes = Notes()
    var forgetful: Self {
        var other = Self()
        (other.atOnce, other.unnamed) = (atOnce, unnamed)
        return other
    }
    /// Whoever the fleet file once did not name took nobody's place then, and has it back without asking.
    private var unnamed: Set<TenantID> = []
    private var working: [TenantID: Set<StepRef>] = [:]
    private var exposed: Set<TenantID> = []
    /// Past the step that ends it: who is wired anew there, for something was gone, stands between nothing.
    private var proven: Set<TenantID> = []
    private var failed: [TenantID: Set<StepRef>] = [:]
    private var adopted: Set<TenantID> = []
    /// Whoever was told by name to go on, or to go back, asked nobody for a place.
    private var atOnce = 0

    public init() {}

    public mutating func hear(_ event: Event, world: WorldView) {
        guard let tenant = event.tenant, !unnamed.contains(tenant) else { return }
        // A plan that was taken up later may allow more.
        atOnce = max(atOnce, world.plan.rollout.atOnce)
        switch event.change {
        case .planAdopted:
            if adopted.insert(tenant).inserted { judgeFailures(event, world) }
        case .started(let ref, _):
            failed[tenant]?.remove(ref)
            let isNew = working[tenant, default: []].isEmpty
            working[tenant, default: []].insert(ref)
            if isNew { judgePlaces(event, world) }
            if world.plan.kind(of: ref) == "env.wire", !proven.contains(tenant), exposed.insert(tenant).inserted, exposed.count > world.plan.rollout.exposed {
                notes.add("\(exposed.count) tenants are exposed, and \(world.plan.rollout.exposed) may be", event)
            }
        case .performed(let ref, _), .setAside(let ref, _, _): working[tenant]?.remove(ref)
        case .failed(let ref, _):
            working[tenant]?.remove(ref)
            failed[tenant, default: []].insert(ref)
        case .verified(let ref, let finding): verified(ref, finding)
        case .reverted(let ref, _):
            failed[tenant]?.remove(ref)
            if world.plan.kind(of: ref) == "env.wire" { exposed.remove(tenant) }
            if world.plan.kind(of: ref) == "backfill.verify" { proven.remove(tenant) }
        case .reopened: failed[tenant] = nil
        case .abandoned(let ref, _, _):
            failed[tenant] = nil
            // What was begun at a tenant that is given up is nobody's to end, and nobody is there to stand between the stores.
            if let ref { working[tenant]?.remove(ref) } else {
                working[tenant] = nil
                exposed.remove(tenant)
            }
        default: return
        }
        if case .verified(let ref, let finding) = event.change, world.plan.kind(of: ref) == "backfill.verify" {
            switch finding {
            case .inPlace:
                proven.insert(tenant)
                exposed.remove(tenant)
            case .unknown: break
            case .absent, .partial: proven.remove(tenant)
            }
        }
        if case .verified(let ref, .absent) = event.change, world.plan.kind(of: ref) == "env.wire" { exposed.remove(tenant) }
    }

    private mutating func verified(_ ref: StepRef, _ finding: Finding) {
        if case .unknown = finding { return }
        working[ref.tenant]?.remove(ref)
        failed[ref.tenant]?.remove(ref)
    }

    private mutating func judgePlaces(_ event: Event, _ world: WorldView) {
        let count = working.values.count { !$0.isEmpty }
        if count > atOnce { notes.add("\(count) tenants are at work at once, and \(atOnce) may be", event) }
    }

    private mutating func judgeFailures(_ event: Event, _ world: WorldView) {
        let count = failed.values.count { !$0.isEmpty }
        if count > world.plan.rollout.failureBudget { notes.add("\(event.stream) begins though \(count) tenants have failed, and \(world.plan.rollout.failureBudget) may", event) }
    }

    public mutating func after(_ happening: Happening, world: WorldView) {
        guard case .mishap(let words) = happening.what, let mishap = Mishap(words), mishap.kind == .notNamed else { return }
        let tenant = Setting.tenant(mishap.whom)
        unnamed.insert(tenant)
        (working[tenant], failed[tenant]) = (nil, nil)
        exposed.remove(tenant)
    }
    public mutating func atEnd(_ world: WorldView) {}
}
