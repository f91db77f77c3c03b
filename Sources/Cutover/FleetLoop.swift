import Synchronization

/// One run of a loop: who is asked when. It asks nobody before something about him can have changed, and rests in between.
actor FleetLoop {
    struct Seat {
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

    let run: FleetRun
    let engine: Engine
    let books: FleetBooks
    let bell: Bell
    let ended = Mutex([FleetJob.Ended]())
    let waitsForClocks: Bool
    let patienceMilliseconds: Int64

    var seats: [TenantID: Seat] = [:]
    var agenda = Agenda<FleetJob>()
    var underWay = 0
    var unsettled: [FleetJob.Ended] = []
    var rounds = 0
    var mustAdmit: Bool
    /// The round in which it was looked at who may begin, and when that is to be looked at next, whatever comes in.
    var admittedIn = -1
    var admissionDue: Timestamp?
    var lastAdmission: Timestamp?
    var admissions: [TenantID: Rollout.Admission] = [:]
    var stop: FleetHold?
    var holds: [FleetStanding.Hold] = []
    var lastMove: Timestamp
    var failure: EngineError?
    var mishaps = 0

    var account: RunAccount { run.manner.account }
    var now: Timestamp { engine.time.now }

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
        // One moment for all of it: an appointment counts only at the moment that its seat names.
        let moment = now
        for tenant in run.tenants {
            seats[tenant] = Seat(due: moment)
            agenda.add(.ask(tenant), at: moment)
            if run.manner.rechecks != nil { agenda.add(.recheck(tenant), at: Engine.nextRecheck(tenant, after: moment)) }
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
        while let (at, job) = agenda.first, at <= moment {
            // Who finds no room stays where he is: a large fleet is not to be gone through each time that one of it ends.
            if case .ask = job, underWay + jobs.count >= run.manner.atATime { break }
            _ = agenda.take()
            switch job {
            case .admit:
                if admissionDue == at { admissionDue = nil }
                if admittedIn != rounds { begun.formUnion(try await admit()) }
            case .recheck(let tenant): if let job = recheck(tenant, moment) { jobs.append(job) }
            case .ask(let tenant):
                // Only the newest appointment counts.
                guard let seat = seats[tenant], seat.due == at, !seat.isAsked, seen.insert(tenant).inserted else { continue }
                if begun.contains(tenant) {
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
                if await books.stand(tenant)?.isAbandoned != true { return false }
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
