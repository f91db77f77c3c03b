/// Who may begin, and who waits for that.
extension FleetLoop {
    /// While others are at work their news comes in all the time: who may begin is not looked at more often than the loop polls.
    var mayAdmit: Bool {
        guard run.manner.bell != nil, underWay > 0, let lastAdmission, now.milliseconds - lastAdmission.milliseconds < Int64(run.pollMilliseconds) else { return true }
        lookAtAdmissions(at: Timestamp(milliseconds: lastAdmission.milliseconds + Int64(run.pollMilliseconds)))
        mustAdmit = false
        return false
    }

    private func lookAtAdmissions(at moment: Timestamp) {
        if let admissionDue, admissionDue <= moment { return }
        admissionDue = moment
        agenda.add(.admit, at: moment)
    }

    /// Answers who has begun.
    func admit() async throws(EngineError) -> Set<TenantID> {
        (mustAdmit, admittedIn, lastAdmission) = (false, rounds, now)
        let (run, books) = (run, books)
        let (admissions, begun): ([TenantID: Rollout.Admission], [TenantID: Result<FleetRun.Answer, EngineError>])
        do throws(EngineError) {
            (admissions, begun) = try await engine.admit(
                run.tenants, scene: { (seen) async throws(EngineError) in try await books.scene(seen) }, atOnce: run.manner.atATime,
                begin: { engine, tenant in await run.burst(tenant, engine) })
        } catch {
            // Another worker is letting tenants begin, or died of it: its lease of the fleet's stream ends as any other one.
            guard let elsewhere = error.elsewhere else { throw error }
            wait(for: elsewhere)
            return []
        }
        self.admissions = admissions
        for (tenant, result) in begun.sorted(by: { $0.key < $1.key }) {
            switch result {
            case .success(let answer): take(tenant, answer)
            case .failure(let error): throw error
            }
        }
        for tenant in run.tenants where begun[tenant] == nil { heed(admissions[tenant] ?? .noWave, tenant) }
        let bakes = admissions.values.compactMap { if case .baking(_, let until) = $0 { until } else { nil } }.min()
        if let bakes { lookAtAdmissions(at: bakes) }
        return Set(begun.keys)
    }

    /// Nobody begins, and those who wait to come back for it.
    private func wait(for elsewhere: FleetRun.Answer) {
        admissions = [:]
        for tenant in run.tenants {
            guard let seat = seats[tenant], !seat.isAsked else { continue }
            if seat.outcome?.isNotAdmitted ?? true { take(tenant, elsewhere) }
        }
        lookAtAdmissions(at: now.adding(seconds: 1))
    }

    private func heed(_ admission: Rollout.Admission, _ tenant: TenantID) {
        guard let seat = seats[tenant], !seat.isAsked else { return }
        switch seat.outcome {
        case nil, .notAdmitted?, .leased?: break
        default: return
        }
        if admission != .admitted {
            if seat.outcome != .notAdmitted(admission) { take(tenant, FleetRun.Answer(outcome: .notAdmitted(admission))) }
            appoint(tenant, at: nil)
        } else if seat.due == nil {
            appoint(tenant, at: now)
        }
    }
}

extension EngineError {
    /// What a loop that nobody watches waits out: a journal that is out of reach or busy, another process that was faster.
    var mayPass: Bool {
        switch self {
        case .journal(.damaged): false
        case .journal: true
        default: false
        }
    }
}
