import Cutover
import Simulation

/// Turns what was typed about a simulation into what happens in it. Whatever names nothing is an error.
struct SimulationTerms {
    let plan: Plan
    let fleet: Fleet

    func requireTenants() throws(CommandFailure) { _ = try TenantChoice(fleet: fleet, plan: plan).tenants([], wave: nil) }

    /// Nil for `never`.
    func seconds(_ text: String, _ option: String) throws(CommandFailure) -> Int? {
        if text == "never" { return nil }
        guard let duration = Duration(shortForm: text) else { throw wrong(text, option, "write a duration such as 4h, or never") }
        return Int(duration.components.seconds)
    }

    func add(pace text: String, to scenario: inout Scenario) throws(CommandFailure) {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2, let seconds = try seconds(parts[1], "--took") else { throw wrong(text, "--took", "write STEP=DURATION, such as A1/backfill.copy=2h") }
        let place = try step(parts[0]).place
        scenario.pace.seconds[place] = seconds
        for tenant in scenario.pace.ofTenant.keys { scenario.pace.ofTenant[tenant]?[place] = seconds }
    }

    func add(failure text: String, to scenario: inout Scenario) throws(CommandFailure) {
        let (tenant, place) = try target(text)
        guard let tenant else { throw wrong(text, "--fail", "write TENANT or TENANT/STEP") }
        let first = plan.steps.first?.place ?? ""
        scenario.fates[tenant, default: Fate()].failures[place ?? first] = Int.max
        // Mended once, it succeeds.
        if scenario.people.mendSeconds != nil { scenario.fates[tenant]?.failures[place ?? first] = 1 }
    }

    func add(offline text: String, to scenario: inout Scenario) throws(CommandFailure) {
        let (name, spell) = try spell(text, scenario, "--offline")
        scenario.fates[try tenant(name), default: Fate()].offline.append(spell)
    }

    func add(red text: String, to scenario: inout Scenario) throws(CommandFailure) {
        let (name, spell) = try spell(text, scenario, "--red")
        let (tenant, place) = try target(name)
        guard let place else { throw wrong(text, "--red", "write STEP@DAY or TENANT/STEP@DAY") }
        // A moment's red is a day's: shorter ones could fall between two samples.
        let red = Fate.Red(place: place, spell: text.contains("@") && !text.contains("-", after: "@") ? spell.forADay : spell, verdict: .safety)
        for tenant in tenant.map({ [$0] }) ?? fleet.tenants.map(\.id) { scenario.fates[tenant, default: Fate()].reds.append(red) }
    }

    func add(hold text: String, to scenario: inout Scenario) throws(CommandFailure) {
        let (name, spell) = try spell(text, scenario, "--hold")
        scenario.holds.append(Scenario.Hold(name == "ALL" ? nil : try tenant(name), spell))
    }

    // MARK: - Non public

    private func tenant(_ name: String) throws(CommandFailure) -> TenantID { try TenantChoice(fleet: fleet, plan: plan).tenant(name) }
    private func step(_ name: String) throws(CommandFailure) -> PlannedStep { try TenantChoice(fleet: fleet, plan: plan).step(name) }

    /// `acme`, `acme/A1/backfill.copy`, `acme/backfill.copy`, `A1/backfill.copy` or `backfill.copy`.
    private func target(_ text: String) throws(CommandFailure) -> (TenantID?, String?) {
        if plan.step(named: text) != nil { return (nil, try step(text).place) }
        let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
        guard let name = parts.first else { throw wrong(text, "the tenant", "write TENANT or TENANT/STEP") }
        // A step that is misspelt is not taken for a tenant.
        if parts.count == 2, fleet.host(of: TenantID(name)) == nil, plan.phases.contains(where: { $0.id.text == name }) { return (nil, try step(text).place) }
        return (try tenant(name), parts.count == 2 ? try step(parts[1]).place : nil)
    }

    private func spell(_ text: String, _ scenario: Scenario, _ option: String) throws(CommandFailure) -> (String, Spell) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let name = parts.first, !name.isEmpty else { throw wrong(text, option, "write NAME@DAY or NAME@DAY-DAY") }
        guard parts.count == 2 else { return (name, Spell(from: scenario.start)) }
        let days = parts[1].split(separator: "-", omittingEmptySubsequences: false).map { Double($0) }
        guard (1...2).contains(days.count), let from = days[0], from >= 0, from < 36_600 else { throw wrong(text, option, "write NAME@DAY or NAME@DAY-DAY, such as acme@3-5") }
        guard days.count == 2 else { return (name, Spell(from: scenario.day(from))) }
        guard let until = days[1], until > from, until < 36_600 else { throw wrong(text, option, "the second day must be a number and later than the first") }
        return (name, Spell(from: scenario.day(from), until: scenario.day(until)))
    }

    private func wrong(_ text: String, _ option: String, _ how: String) -> CommandFailure {
        CommandFailure("\(option) can't be understood", why: "\(text): \(how)", next: "cutoverctl simulate --help", status: .usage)
    }
}

extension Spell {
    fileprivate var forADay: Spell { Spell(from: from, until: from.adding(seconds: 86_400)) }
}

extension String {
    fileprivate func contains(_ sign: Character, after mark: Character) -> Bool { firstIndex(of: mark).map { self[$0...].contains(sign) } ?? false }
}
