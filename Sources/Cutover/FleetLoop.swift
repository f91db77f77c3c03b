import Synchronization

/// One run of a loop: who is asked when. It asks nobody before something about him can have changed, and rests in between.
actor FleetLoop {
    private struct Seat {
        var outcome: FleetRun.Outcome?
        /// When to ask again; nil: when there is news.
        var due: Timestamp?
        /// Since when the answers are of one sort: the longer, the less often they are asked for.
        var since: Timestamp?
        var isAsked = false
        /// What was known of its stream when it was asked, and what is known by now.
        var askedAt = 0
        var revision = 0
        /// Something came in while it was asked.
        var isNews = false
    }

    private let run: FleetRun
    private let engine: Engine
    private let books: FleetBooks
    private let bell: Bell
    private let ended = Mutex([FleetJob.Ended]())
    private let waitsForClocks: Bool
    private let patienceMilliseconds: Int64

    private var seats: [TenantID: Seat] = [:]
    private var agenda = Agenda<FleetJob>()
    private var underWay = 0
    private var unsettled: [FleetJob.Ended] = []
    private var rounds = 0
    private var mustAdmit: Bool
    /// The round in which it was looked at who may begin, and when that is to be looked at next, whatever comes in.
    private var admittedIn = -1
    private var admissionDue: Timestamp?
    private var lastAdmission: Timestamp?
    private var admissions: [TenantID: Rollout.Admission] = [:]
    private var stop: FleetHold?
    private var holds: [FleetStanding.Hold] = []
    private var lastMove: Timestamp
    private var failure: EngineError?
    private var mishaps = 0

    private var account: RunAccount { run.manner.account }
    private var now: Timestamp { engine.time.now }

    init(_ run: FleetRun, waitsForClocks: Bool, patienceMilliseconds: Int64) {
        self.run = run
        self.engine = run.byWaves ? run.engine.askingForPlaces() : run.engine
        self.books = FleetBooks(run.engine, of: run.byWaves ? run.engine.fleet.tenants.map(\.id) : run.tenants, run.manner.account)
        self.bell = run.manner.bell ?? Bell()
        self.waitsForClocks = waitsForClocks
        self.patienceMilliseconds = patienceMilliseconds
        self.mustAdmit = run.byWaves
        self.lastMove = run.engine.time.now
    }

    func run() async throws(EngineError) -> [TenantID: FleetRun.Outcome] {
        begin()
        await withDiscardingTaskGroup { group in
            while let jobs = await next() {
                for job in jobs { group.addTask { await self.carryOut(job) } }
                if await !rest() { break }
            }
        }
        // What was under way when the loop was told to stop.
        if failure == nil { try? await hear() }
        if let failure { throw failure }
        return seats.compactMapValues(\.outcome)
    }

    // MARK: - Turns

    private func begin() {
        for tenant in run.tenants {
            seats[tenant] = Seat(due: now)
            agenda.add(.ask(tenant), at: now)
            if run.manner.rechecks != nil { agenda.add(.recheck(tenant), at: Engine.nextRecheck(tenant, after: now)) }
        }
    }

    /// What is to be begun now; nil when the loop is over.
    private func next() async -> [FleetJob]? {
        while !Task.isCancelled, !run.isStopping() {
            do throws(EngineError) {
                let jobs = try await round()
                (mishaps, failure) = (0, nil)
                account.isInTrouble(nil)
                return jobs
            } catch {
                guard run.manner.isUnattended, error.mayPass else {
                    failure = error
                    return nil
                }
                mishaps += 1
                account.isInTrouble("\(error)")
                account.count(.retried)
                let milliseconds = min(60_000, run.pollMilliseconds << min(mishaps, 10))
                await bell.rest(milliseconds: milliseconds / 2 + Int(Spread.of("\(now)", below: UInt64(milliseconds))), engine.time)
            }
        }
        return nil
    }

    private func round() async throws(EngineError) -> [FleetJob]? {
        account.count(.turns)
        try await hear()
        if run.isStopping() { return nil }
        rounds += 1
        if run.oneStep, rounds > 1 { return nil }
        var begun: Set<TenantID> = []
        if mustAdmit, mayAdmit { begun = try await admit() }
        let jobs = try await due(&begun)
        if !jobs.isEmpty || underWay > 0 || agenda.next.map({ $0 <= now }) == true { return jobs }
        return await isOver() ? nil : []
    }

    /// Takes what is due off the agenda, and lets begin who may.
    private func due(_ begun: inout Set<TenantID>) async throws(EngineError) -> [FleetJob] {
        let moment = now
        var (jobs, later) = ([FleetJob](), [FleetJob]())
        var seen: Set<TenantID> = []
        while let at = agenda.next, at <= moment, let (_, job) = agenda.take() {
            switch job {
            case .admit:
                if admissionDue == at { admissionDue = nil }
                if admittedIn != rounds { begun.formUnion(try await admit()) }
            case .recheck(let tenant): if let job = recheck(tenant, moment) { jobs.append(job) }
            case .ask(let tenant):
                // Only the newest appointment counts.
                guard let seat = seats[tenant], seat.due == at, !seat.isAsked, seen.insert(tenant).inserted else { continue }
                if begun.contains(tenant) || underWay + jobs.count >= run.manner.atATime {
                    later.append(job)
                    continue
                }
                if run.byWaves, await !books.needs(tenant).isEmpty {
                    if admittedIn != rounds { begun.formUnion(try await admit()) }
                    guard admissions[tenant] == .admitted, !begun.contains(tenant) else {
                        if let admission = admissions[tenant], admission != .admitted { take(tenant, FleetRun.Answer(outcome: .notAdmitted(admission))) }
                        continue
                    }
                }
                account.lags(moment.seconds(since: at))
                seats[tenant]?.isAsked = true
                seats[tenant]?.isNews = false
                seats[tenant]?.askedAt = seat.revision
                jobs.append(job)
            }
        }
        for case .ask(let tenant) in later { appoint(tenant, at: moment) }
        underWay += jobs.count
        account.count(.asked, jobs.count)
        return jobs
    }

    private nonisolated func carryOut(_ job: FleetJob) async {
        guard let end = await job.carryOut(run, engine) else { return }
        ended.withLock { $0.append(end) }
        bell.ring()
    }

    // MARK: - News

    /// Takes in what came of those that were asked, and what anybody has recorded since.
    private func hear() async throws(EngineError) {
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
            guard let seat = seats[tenant], !seat.isAsked, let revision = await books.standing(tenant)?.revision, revision != seat.revision else { continue }
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
        let standing = await books.standing(end.tenant)
        seats[end.tenant]?.revision = standing?.revision ?? 0
        // What the holder of the lease recorded, he knew of; a note may have come in behind his back.
        let isNews = seat.isNews || (standing?.noted ?? 0) > seat.askedAt
        if isNews, seats[end.tenant]?.outcome?.isLeased != true { appoint(end.tenant, at: now) }
    }

    private func take(_ tenant: TenantID, _ answer: FleetRun.Answer) {
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

    private func appoint(_ tenant: TenantID, at moment: Timestamp?) {
        guard let seat = seats[tenant] else { return }
        if seat.isAsked { seats[tenant]?.isNews = moment.map { $0 <= now } ?? seat.isNews }
        seats[tenant]?.due = moment
        if let moment { agenda.add(.ask(tenant), at: moment) }
    }

    // MARK: - Daily looks

    private func recheck(_ tenant: TenantID, _ moment: Timestamp) -> FleetJob? {
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

    // MARK: - Who may begin

    /// While others are at work their news comes in all the time: who may begin is not looked at more often than the loop polls.
    private var mayAdmit: Bool {
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
    private func admit() async throws(EngineError) -> Set<TenantID> {
        (mustAdmit, admittedIn, lastAdmission) = (false, rounds, now)
        let (run, books) = (run, books)
        let (admissions, begun): ([TenantID: Rollout.Admission], [TenantID: Result<FleetRun.Answer, EngineError>])
        do throws(EngineError) {
            (admissions, begun) = try await engine.admit(
                run.tenants, scene: { (seen) async throws(EngineError) in try await books.scene(seen) }, begin: { engine, tenant in await run.burst(tenant, engine) })
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

    // MARK: - Rest

    /// Until something can change. False when there is no going on.
    private func rest() async -> Bool {
        let moment = now
        guard run.manner.bell != nil else {
            // All that was begun together ends together: time does not pass beside it.
            while underWay > ended.withLock({ $0.count }), !Task.isCancelled { await bell.rung() }
            if underWay > 0 || agenda.next.map({ $0 <= moment }) == true || mustAdmit { return true }
            let milliseconds = min(Int64(run.pollMilliseconds), (agenda.next ?? moment.adding(seconds: 3600)).milliseconds - moment.milliseconds)
            return (try? await engine.time.sleep(milliseconds: Int(max(1, milliseconds)))) != nil
        }
        var until = Timestamp(milliseconds: moment.milliseconds + Int64(run.manner.longestRestMilliseconds))
        if let next = agenda.next { until = min(until, next) }
        let lastStand = Timestamp(milliseconds: lastMove.milliseconds + patienceMilliseconds)
        if !run.manner.isUnattended, lastStand > moment { until = min(until, lastStand) }
        // Who is due and finds no room waits for one that ends.
        if underWay >= run.manner.atATime { until = max(until, moment.adding(seconds: 60)) }
        guard until > moment else { return true }
        if underWay == 0 { account.rests(until: until) }
        await bell.rest(milliseconds: Int(until.milliseconds - moment.milliseconds), engine.time)
        account.rests(until: nil)
        return true
    }

    /// Nothing can change any more, or nothing that is worth waiting for. Asked when nothing is under way or due.
    private func isOver() async -> Bool {
        if run.manner.isUnattended {
            for (tenant, seat) in seats where seat.outcome?.isFinal != true {
                if await books.standing(tenant)?.abandonment == nil { return false }
            }
            return true
        }
        let open = seats.values.compactMap(\.outcome).filter(\.mayChange)
        if open.isEmpty || (!waitsForClocks && open.allSatisfy(\.isClock)) { return true }
        // Who is another worker's is come back to as well: that one may die on the way.
        let isWaitedFor = waitsForClocks && open.contains { $0.isClock || $0.isLeased }
        return !isWaitedFor && now.milliseconds - lastMove.milliseconds >= patienceMilliseconds
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
