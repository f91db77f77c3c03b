public import Cutover

extension Scenario {
    /// Adds what may befall a fleet in that time, drawn from the seed: failures, unreachable hosts, boots, clocks that somebody sets, reds,
    /// holds of tenants and of the fleet, joins and leaves, hosts that say "not now", too few who sign, operators who are paused in a step.
    /// People mend what failed after a day.
    public mutating func addMishaps(to fleet: Fleet, plan: Plan, catalog: StepCatalog) {
        people.mendSeconds = people.mendSeconds ?? 86_400
        let (steps, waits) = (plan.steps.filter { catalog.nature(of: $0.spec.kind) == .reversible }, plan.steps.filter { $0.spec.settings.seconds("window") ?? 0 > 86_400 })
        for host in fleet.tenants {
            var chance = Chance(seed: seed, for: host.id.text)
            var fate = fates[host.id] ?? Fate()
            if chance.happens(4), let step = steps.randomElement(using: &chance) { fate.failures[step.place] = Int.random(in: 1...2, using: &chance) }
            if chance.happens(5) { fate.offline.append(spell(hours: 2...48, &chance)) }
            if chance.happens(15) { fate.down.append(spell(minutes: 5...120, &chance)) }
            if chance.happens(5) { fate.clockSteps.append(Fate.ClockStep(at: moment(&chance), seconds: [-3600, 3600, -86_400].randomElement(using: &chance) ?? 0)) }
            if chance.happens(6), let wait = waits.randomElement(using: &chance) {
                fate.reds.append(Fate.Red(place: wait.place, spell: spell(hours: 6...24, &chance), verdict: chance.happens(50) ? .safety : .availability))
            }
            if chance.happens(3) { holds.append(Hold(host.id, spell(hours: 1...72, &chance))) }
            if chance.happens(1) { leaves.append(Move(host, at: moment(&chance))) }
            addPeople(&fate, to: host.id)
            fates[host.id] = fate
        }
        var chance = Chance(seed: seed, for: "the fleet")
        holds.append(Hold(nil, spell(hours: 2...12, &chance)))
        for number in 1...max(1, fleet.tenants.count / 50) {
            guard let like = fleet.tenants.randomElement(using: &chance) else { break }
            let host = TenantHost(
                id: TenantID("joined-\(number)"), host: "joined-\(number).test", transport: like.transport, labels: like.labels, env: like.env, state: like.state)
            joins.append(Move(host, at: moment(&chance)))
        }
    }

    private mutating func addPeople(_ fate: inout Fate, to tenant: TenantID) {
        var chance = Chance(seed: seed, for: "the people of \(tenant)")
        if chance.happens(4) { fate.vetoes.append(spell(hours: 1...48, &chance)) }
        if chance.happens(10) { fate.shortSignatures = Int.random(in: 1...2, using: &chance) }
        if chance.happens(8) {
            pauses.append(Pause(tenant, at: moment(&chance), seconds: Int.random(in: 60...7200, using: &chance), hasSent: chance.happens(50)))
        }
    }

    /// Somewhere in the first four fifths of the time.
    private func moment(_ chance: inout Chance) -> Timestamp { day(Double.random(in: 0..<0.8, using: &chance) * Double(days)) }

    private func spell(hours: ClosedRange<Int>, _ chance: inout Chance) -> Spell { spell(minutes: hours.lowerBound * 60...hours.upperBound * 60, &chance) }
    private func spell(minutes: ClosedRange<Int>, _ chance: inout Chance) -> Spell {
        let from = moment(&chance)
        return Spell(from: from, until: from.adding(seconds: Int.random(in: minutes, using: &chance) * 60))
    }
}
