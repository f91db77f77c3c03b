import Cutover
import PlanFiles

/// Turns the names that were typed into tenants and steps. Whatever selects nothing is an error.
struct TenantChoice {
    let fleet: Fleet
    let plan: Plan
    /// The waves that have opened, with those who move in them.
    var opened: [FleetStanding.OpenWave] = []

    var waves: [Rollout.Assigned] { plan.rollout.assignment(of: fleet, opened: opened) }

    /// The named tenants, or the wave's, or all that are in a wave of the plan.
    func tenants(_ names: [String], wave: String?) throws(CommandFailure) -> [TenantID] {
        if let wave {
            guard names.isEmpty else {
                throw CommandFailure("tenants and a wave are both named", why: "one of them must choose", next: "drop --wave \(wave) or the names", status: .usage)
            }
            return try members(of: wave)
        }
        guard names.isEmpty else {
            var chosen: [TenantID] = []
            for name in names {
                let tenant = try tenant(name)
                if !chosen.contains(tenant) { chosen.append(tenant) }
            }
            return chosen
        }
        let all = waves.flatMap(\.tenants)
        guard !all.isEmpty else {
            throw CommandFailure("no tenant is selected", why: "no wave of the plan selects a tenant of the fleet by its labels", next: "compare `select:` in the plan with `labels:` in the fleet file")
        }
        return all
    }

    func tenant(_ name: String) throws(CommandFailure) -> TenantID {
        if fleet.host(of: TenantID(name)) != nil { return TenantID(name) }
        throw Self.unknown(name, among: fleet.tenants.map(\.id.text))
    }

    static func unknown(_ name: String, among names: [String]) -> CommandFailure {
        let meant = Spelling.nearest(to: name, among: names).map { "did you mean \($0)?" }
        return CommandFailure("there is no tenant \(name)", why: meant ?? "the fleet has \(names.count) tenants, and none is called so", next: "cutoverctl status")
    }

    private func members(of wave: String) throws(CommandFailure) -> [TenantID] {
        let waves = waves
        guard let chosen = waves.first(where: { $0.wave.name == wave }) else {
            let names = waves.map(\.wave.name)
            let meant = Spelling.nearest(to: wave, among: names).map { "did you mean \($0)?" }
            throw CommandFailure("there is no wave \(wave)", why: meant ?? "the plan has \(names.joined(separator: ", "))", next: "cutoverctl status")
        }
        guard !chosen.tenants.isEmpty else {
            throw CommandFailure("no tenant is selected", why: "wave \(wave) selects no tenant of the fleet", next: "compare its `select:` with `labels:` in the fleet file")
        }
        return chosen.tenants
    }

    /// A step by `A2/backfill.verify`, by `backfill.verify`, or a phase, for its last step.
    func step(_ text: String) throws(CommandFailure) -> PlannedStep {
        if let step = plan.step(named: text) ?? plan.lastStep(ofPhase: text) { return step }
        let names = plan.steps.map(\.place) + plan.steps.map(\.id.text) + plan.phases.map(\.id.text)
        let meant = Spelling.nearest(to: text, among: names).map { "did you mean \($0)?" }
        throw CommandFailure("the plan has no step \(text)", why: meant ?? "its steps are \(plan.steps.map(\.place).joined(separator: ", "))", next: "name a step as PHASE/STEP, or a phase")
    }
}
