import Synchronization

/// What comes of those who were asked, and what anybody has recorded since.
extension FleetLoop {
    /// Takes in what came of those that were asked, and what anybody has recorded since.
    func hear() async throws(EngineError) {
        let new = ended.withLock { ended in
            defer { ended = [] }
            return ended
        }
        underWay -= new.count
        unsettled += new
        let news = try await books.news()
        if !news.isNone {
            mustAdmit = run.byWaves
            run.manner.heard?()
        }
        for end in unsettled.sorted(by: { $0.tenant < $1.tenant }) { try await settle(end) }
        unsettled = []
        for tenant in news.tenants {
            guard let seat = seats[tenant], !seat.isAsked, let revision = await books.stand(tenant)?.revision, revision != seat.revision else { continue }
            seats[tenant]?.revision = revision
            // What another worker records of what is his is no reason to ask: he is waited for.
            if seat.outcome?.isLeased != true { appoint(tenant, at: now) }
        }
        let stop = engine.stopper()
        let holds = news.isFleet || rounds == 0 ? try await engine.fleetStanding().holds : holds
        guard stop != self.stop || holds != self.holds else { return }
        (self.stop, self.holds) = (stop, holds)
        mustAdmit = run.byWaves
        for tenant in run.tenants where seats[tenant]?.outcome != nil { appoint(tenant, at: now) }
    }

    private func settle(_ end: FleetJob.Ended) async throws(EngineError) {
        guard let seat = seats[end.tenant] else { return }
        seats[end.tenant]?.isAsked = false
        switch end.result {
        case .asked(.success(let answer)): take(end.tenant, answer)
        case .asked(.failure(let error)):
            // Nothing was learned of it; what it was begun with is in the journal.
            seats[end.tenant]?.due = nil
            appoint(end.tenant, at: now.adding(seconds: 1))
            guard run.manner.isUnattended, error.mayPass else { throw error }
            account.count(.retried)
        case .rechecked(let result):
            rechecked(end.tenant, result)
            if let due = seat.due { appoint(end.tenant, at: max(due, now)) }
        }
        if try await books.prove(end.tenant) { mustAdmit = run.byWaves }
        let stand = await books.stand(end.tenant)
        seats[end.tenant]?.revision = stand?.revision ?? 0
        // What the holder of the lease recorded, he knew of; a note may have come in behind his back.
        let isNews = seat.isNews || (stand?.noted ?? 0) > seat.askedAt
        if isNews, seats[end.tenant]?.outcome?.isLeased != true { appoint(end.tenant, at: now) }
    }

    func take(_ tenant: TenantID, _ answer: FleetRun.Answer) {
        let (moment, outcome, before) = (now, answer.outcome, seats[tenant]?.outcome)
        if before?.gist != outcome.gist {
            run.report(tenant, outcome)
            if case .notAdmitted = outcome { lastMove = moment }
        }
        if before.map({ RunAccount.Doing($0) }) != RunAccount.Doing(outcome) || before?.word != outcome.word { seats[tenant]?.since = moment }
        seats[tenant]?.outcome = outcome
        account.came(tenant, to: outcome, at: moment)
        switch outcome {
        case .advanced:
            lastMove = moment
            if answer.isVerified { account.count(.verified) }
        case .failed: account.count(.failed)
        case .unknown: account.count(.unknown)
        default: break
        }
        appoint(tenant, at: AskingPace(pollMilliseconds: Int64(run.pollMilliseconds)).again(tenant, answer, since: seats[tenant]?.since ?? moment, moment))
    }

    func appoint(_ tenant: TenantID, at moment: Timestamp?) {
        guard let seat = seats[tenant] else { return }
        if seat.isAsked { seats[tenant]?.isNews = moment.map { $0 <= now } ?? seat.isNews }
        seats[tenant]?.due = moment
        if let moment { agenda.add(.ask(tenant), at: moment) }
    }

    // MARK: - Daily looks

    func recheck(_ tenant: TenantID, _ moment: Timestamp) -> FleetJob? {
        guard let seat = seats[tenant] else { return nil }
        switch seat.outcome {
        case nil, .notAdmitted?: agenda.add(.recheck(tenant), at: Engine.nextRecheck(tenant, after: moment))
        // In motion: it looks at its steps itself, and moves on from where it was looked at.
        case .advanced?: agenda.add(.recheck(tenant), at: moment.adding(seconds: 600))
        case _ where seat.isAsked: agenda.add(.recheck(tenant), at: moment.adding(seconds: 60))
        default:
            seats[tenant]?.isAsked = true
            seats[tenant]?.isNews = false
            seats[tenant]?.askedAt = seat.revision
            return .recheck(tenant)
        }
        return nil
    }

    private func rechecked(_ tenant: TenantID, _ result: Result<Engine.Recheck?, EngineError>) {
        switch result {
        case .success(let found):
            agenda.add(.recheck(tenant), at: Engine.nextRecheck(tenant, after: now))
            guard let found else { return }
            account.count(.rechecked)
            account.count(.drifted, found.news.count { !$0.finding.isInPlace })
            run.manner.rechecks?(tenant, found)
        case .failure: agenda.add(.recheck(tenant), at: now.adding(seconds: 900))
        }
    }
}
