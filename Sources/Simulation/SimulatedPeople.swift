import Cutover

/// What people do in a simulation: they sign what is asked for, at first perhaps too few of them, and mend what failed.
extension SimulationRun {
    func sign(_ ref: StepRef) {
        guard let seconds = scenario.people.signSeconds else { return }
        time.appoint(time.now.adding(seconds: seconds)) { await self.signed(ref) }
    }

    private func signed(_ ref: StepRef) async {
        guard fleet.host(of: ref.tenant) != nil else { return }
        let rule = simulation.plan.approvals
        var people = Array((rule.from.isEmpty ? ["lead-1", "lead-2", "lead-3"] : rule.from).filter { $0 != simulation.plan.author }.prefix(max(1, rule.count)))
        if hosts.host(ref.tenant).fate.shortSignatures > 0 {
            hosts.change(ref.tenant) { $0.fate.shortSignatures -= 1 }
            people = people.dropLast() + [simulation.plan.author, "a stranger"]
        }
        for person in people {
            let engine = Self.engine(simulation, fleet, journal, time, hosts, as: person)
            do throws(EngineError) { try await engine.approve(ref.tenant, topic: ref.place, reason: "simulated") } catch { trouble = error }
        }
        look(ref.tenant, at: time.now)
    }

    func mend(_ tenant: TenantID) {
        guard let seconds = scenario.people.mendSeconds else { return }
        time.appoint(time.now.adding(seconds: seconds)) { await self.mended(tenant) }
    }

    private func mended(_ tenant: TenantID) async {
        guard fleet.host(of: tenant) != nil, books.read({ $0.statuses[tenant]?.state }) == .failed else { return }
        do throws(EngineError) { try await engine.reopen(tenant, reason: "mended") } catch { trouble = error }
        look(tenant, at: time.now)
    }
}
