public import Cutover
import Synchronization

/// The real engine and the real rollout over simulated hosts, in simulated time. It reaches no host and no journal but its own.
public struct FleetSimulation: Sendable {
    let plan: Plan
    let fleet: Fleet
    let catalog: StepCatalog
    let scenario: Scenario
    let recorded: JournalRecords?
    /// By which the events are judged: the plan's own promises, also where the engine is given another.
    let judged: Plan

    /// - Parameters:
    ///   - catalog: the real one; what its steps do is done to simulated hosts.
    ///   - recorded: where the fleet stands when the simulation begins.
    public init(plan: Plan, fleet: Fleet, catalog: StepCatalog, scenario: Scenario, recorded: JournalRecords? = nil, judgedBy judged: Plan? = nil) {
        self.plan = plan.signedByWord
        self.fleet = fleet
        self.catalog = catalog.simulated()
        self.scenario = scenario
        self.recorded = recorded
        self.judged = (judged ?? plan).signedByWord
    }

    public func run() async throws(EngineError) -> SimulationReport { try await runRecording().report }

    /// Also the journal it ends with.
    public func runRecording() async throws(EngineError) -> (report: SimulationReport, journal: JournalRecords) { try await SimulationRun(self).run() }
}

extension Plan {
    /// Nobody can sign for a person: in a simulation their word is enough.
    fileprivate var signedByWord: Plan {
        let rule = approvals
        return Plan(
            name: name, revision: revision, author: author, digest: digest, ownState: ownState, decisions: decisions,
            approvals: Approvals(count: rule.count, from: rule.from, notAuthor: rule.notAuthor, notExecutor: rule.notExecutor, validSeconds: rule.validSeconds),
            phases: phases, rollout: rollout)
    }
}

/// One simulation under way.
actor SimulationRun {
    let simulation: FleetSimulation
    let scenario: Scenario
    let time: SimulatedTime
    let hosts: SimulatedHosts
    let journal: SimulatedJournal
    let books: Books
    var fleet: Fleet
    /// Those of second operators that are still to come.
    var pauses: [Scenario.Pause]
    /// How many second operators there were: no two are the same process.
    var seconds = 0
    var engine: Engine
    /// The number of each tenant's newest appointment: an older one is not kept.
    private var turns: [TenantID: Int] = [:]
    private var turn = 0
    /// Those whose turn is under way: it says itself when to look again.
    private var busy: Set<TenantID> = []
    private var admitted: Set<TenantID> = []
    private var waiting: Set<TenantID> = []
    private var last: [TenantID: FleetRun.Outcome] = [:]
    private var seenNews = -1
    private var roundDue: Timestamp?
    private var lastRound: Timestamp?
    var trouble: EngineError?

    /// What has been appended so far, folded.
    final class Books: Sendable {
        private let judge: Mutex<Judge>
        init(_ judge: Judge) { self.judge = Mutex(judge) }
        func read<Value>(_ body: (borrowing Judge) -> Value) -> Value { judge.withLock { body($0) } }
        func write(_ body: (inout Judge) -> Void) { judge.withLock { body(&$0) } }
    }

    private static let hour = 3600
    /// Nobody looks at a clock more often than this, in seconds, unless it is about to end.
    private static let looks = 2 * 86_400
    /// Between two rounds at least, in seconds: what comes sooner waits for the next.
    private static let between = 1200

    init(_ simulation: FleetSimulation) {
        let scenario = simulation.scenario
        let recorded = (simulation.recorded?.records ?? []).compactMap { $0.event() }
        let id = simulation.recorded?.journal ?? "simulation"
        var judge = Judge(plan: simulation.judged, catalog: simulation.catalog, fates: scenario.fates, journal: id)
        for event in recorded { judge.takeIn(event) }
        for host in simulation.fleet.tenants { judge.join(host.id) }
        let books = Books(judge)
        let time = SimulatedTime(scenario.start)
        self.simulation = simulation
        self.scenario = scenario
        self.time = time
        self.books = books
        self.journal = SimulatedJournal(identity: id, recorded: recorded) { event, status in books.write { $0.hear(event, status) } }
        let pace = scenario.pace
        self.hosts = SimulatedHosts(
            Self.hosts(simulation, judge, recorded), time: time, heeded: scenario.heeded, witness: { hand in books.write { $0.see(hand) } }
        ) { pace.seconds($0, $1) }
        self.pauses = scenario.pauses
        self.fleet = simulation.fleet
        self.engine = Self.engine(simulation, simulation.fleet, journal, time, hosts, as: "simulation")
    }

    func run() async throws(EngineError) -> (report: SimulationReport, journal: JournalRecords) {
        begin()
        while trouble == nil, let next = time.next, next <= scenario.end { await time.keepNext() }
        if let trouble { throw trouble }
        let records = try await records()
        let flaws = JournalAudit(records).flaws
        return (books.read { judge in SimulationReport(judge, simulation, fleet: fleet, last: last, flaws: flaws) }, records)
    }

    // MARK: - What is to come

    private func begin() {
        for hold in scenario.holds {
            time.appoint(hold.spell.from) { await self.hold(hold, on: true) }
            if let until = hold.spell.until { time.appoint(until) { await self.hold(hold, on: false) } }
        }
        for move in scenario.joins { time.appoint(move.at) { await self.join(move.host) } }
        for move in scenario.leaves { time.appoint(move.at) { await self.leave(move.host.id) } }
        let begun = books.read { judge in fleet.tenants.map(\.id).filter { judge.standings[$0]?.planDigest != nil } }
        for tenant in begun { look(tenant, at: time.now) }
        askForRound(at: time.now)
    }

    private func hold(_ hold: Scenario.Hold, on: Bool) async {
        if let tenant = hold.tenant, fleet.host(of: tenant) == nil { return }
        do throws(EngineError) {
            switch (hold.tenant, on) {
            case (nil, true): try await engine.holdFleet(wave: nil, reason: "simulated")
            case (nil, false): try await engine.releaseFleet(wave: nil, reason: "simulated")
            case (let tenant?, true): try await engine.hold(tenant, reason: "simulated")
            case (let tenant?, false): try await engine.release(tenant, reason: "simulated")
            }
        } catch { trouble = error }
        let begun = books.read { judge in (hold.tenant.map { [$0] } ?? fleet.tenants.map(\.id)).filter { judge.standings[$0]?.planDigest != nil } }
        if !on { for tenant in begun { look(tenant, at: time.now) } }
        askForRound(at: time.now)
    }

    private func join(_ host: TenantHost) {
        guard fleet.host(of: host.id) == nil else { return }
        fleet = Fleet(tenants: fleet.tenants + [host], others: fleet.others)
        books.write { $0.join(host.id) }
        renew()
    }

    private func leave(_ tenant: TenantID) {
        fleet = Fleet(tenants: fleet.tenants.filter { $0.id != tenant }, others: fleet.others)
        books.write { $0.leave(tenant) }
        turns[tenant] = nil
        waiting.remove(tenant)
        last[tenant] = nil
        renew()
    }

    private func renew() {
        engine = Self.engine(simulation, fleet, journal, time, hosts, as: "simulation")
        askForRound(at: time.now)
    }

    // MARK: - Who may begin

    private func askForRound(at moment: Timestamp) {
        let soonest = lastRound.map { max($0.adding(seconds: Self.between), moment) } ?? moment
        if let roundDue, roundDue <= soonest { return }
        roundDue = soonest
        time.appoint(soonest) { await self.round(soonest) }
    }

    private func round(_ due: Timestamp) async {
        guard roundDue == due else { return }
        roundDue = nil
        lastRound = time.now
        let (engine, books, time) = (engine, books, time)
        let (plan, catalog, fleet) = (simulation.plan, simulation.catalog, fleet)
        do throws(EngineError) {
            let (admissions, begun) = try await engine.admit(
                fleet.tenants.map(\.id),
                scene: { seen in
                    books.read { judge in
                        Rollout.Scene(
                            plan: plan, catalog: catalog, fleet: fleet, opened: seen.waves, standings: judge.standings, now: time.now,
                            statuses: judge.statuses, holds: seen.holds)
                    }
                },
                begin: { engine, tenant in await Self.advance(engine, tenant) })
            for (tenant, result) in begun.sorted(by: { $0.key < $1.key }) { took(tenant, result) }
            settle(admissions, begun: Set(begun.keys))
        } catch { trouble = error }
        seenNews = books.read { $0.news }
    }

    private func settle(_ admissions: [TenantID: Rollout.Admission], begun: Set<TenantID>) {
        var isBaking = false
        for (tenant, admission) in admissions.sorted(by: { $0.key < $1.key }) where !begun.contains(tenant) {
            if admission != .admitted {
                if case .baking = admission { isBaking = true }
                if waiting.contains(tenant) || last[tenant] == nil || turns[tenant] == nil { note(tenant, .notAdmitted(admission)) }
            } else if waiting.remove(tenant) != nil {
                admitted.insert(tenant)
                look(tenant, at: time.now)
            }
        }
        // A bake ends without any news.
        if isBaking { askForRound(at: time.now.adding(seconds: Self.hour)) }
    }

    private func note(_ tenant: TenantID, _ outcome: FleetRun.Outcome) {
        switch last[tenant] {
        case .failed, .finished, .held, .gatedByPerson: return
        default: last[tenant] = outcome
        }
    }

    // MARK: - Turns

    func look(_ tenant: TenantID, at moment: Timestamp) {
        turn += 1
        let mine = turn
        turns[tenant] = mine
        time.appoint(moment) { await self.turn(tenant, mine) }
    }

    private func turn(_ tenant: TenantID, _ number: Int) async {
        guard turns[tenant] == number, fleet.host(of: tenant) != nil, !busy.contains(tenant) else { return }
        turns[tenant] = nil
        let needs = books.read { judge -> Needs in
            guard let standing = judge.standings[tenant], standing.planDigest != nil, let status = judge.statuses[tenant] else { return .place }
            return standing.needs(status, under: simulation.plan, catalog: simulation.catalog, now: time.now)
        }
        if !needs.isEmpty, admitted.remove(tenant) == nil {
            waiting.insert(tenant)
            askForRound(at: time.now)
            return
        }
        admitted.remove(tenant)
        if let (ref, pause) = givenAway(tenant) {
            look(tenant, at: time.now.adding(seconds: 60))
            await takeStep(ref, pause)
        } else {
            busy.insert(tenant)
            let result = await Self.advance(engine, tenant)
            busy.remove(tenant)
            if fleet.host(of: tenant) != nil { took(tenant, result) }
        }
        if books.read({ $0.news }) != seenNews { askForRound(at: time.now) }
    }

    static func advance(_ engine: Engine, _ tenant: TenantID) async -> Result<Advance, EngineError> {
        do throws(EngineError) { return .success(try await engine.advance(tenant)) } catch { return .failure(error) }
    }

    /// When to look at the tenant again, and what people do about it.
    func took(_ tenant: TenantID, _ result: Result<Advance, EngineError>) {
        let advance: Advance
        switch result {
        // A second operator is at work.
        case .failure(.journal(.leased(_, _, let until))): return look(tenant, at: until)
        case .failure(let error):
            trouble = error
            return
        case .success(let value): advance = value
        }
        last[tenant] = FleetRun.outcome(of: advance)
        let now = time.now
        let change = hosts.host(tenant).fate.change(after: now)
        switch advance {
        case .did: look(tenant, at: now)
        case .gated(let ref, let answers):
            let isSigned = answers.contains { answer in if case .person = answer.clearedBy { answer.verdict.answer == "shut" } else { false } }
            if isSigned { sign(ref) } else { look(tenant, at: change ?? now.adding(seconds: Self.hour)) }
        case .waiting(let ref, _): look(tenant, at: end(of: ref) ?? now.adding(seconds: Self.looks))
        case .failed, .stopped(.failed): mend(tenant)
        case .unknown: look(tenant, at: change ?? now.adding(seconds: 600))
        case .consentNeeded(let ref): sign(ref)
        case .stopped, .finished, .settled: break
        }
    }

    /// When the wait can be over at the earliest, if that is soon.
    private func end(of ref: StepRef) -> Timestamp? {
        let now = time.now
        let position = books.read { judge in judge.standings[ref.tenant]?.position(of: ref.step) }
        if case .inGrace(let until) = position { return max(until, now) }
        guard let step = simulation.plan.steps.first(where: { $0.id == ref.step }), let watch = hosts.host(ref.tenant).watch else { return nil }
        let wait = SimulatedWait(step)
        let left = Int(Double(wait.windowSeconds) - watch.clock.coveredSeconds) + wait.everySeconds
        return left < Self.looks ? now.adding(seconds: max(left, wait.everySeconds)) : nil
    }

    private func records() async throws(EngineError) -> JournalRecords {
        do { return try await journal.records() } catch { throw .journal(error) }
    }

    // MARK: - Beginnings

    static func engine(
        _ simulation: FleetSimulation, _ fleet: Fleet, _ journal: SimulatedJournal, _ time: SimulatedTime, _ hosts: any Transport, as person: OperatorID,
        _ holder: LeaseHolder = LeaseHolder(name: "simulation", seconds: 365 * 86_400)
    ) -> Engine {
        Engine(
            plan: simulation.plan, fleet: fleet, catalog: simulation.catalog, journal: journal, time: time, me: person,
            holder: holder, operationSeconds: 365 * 86_400
        ) { _ in hosts }
    }

    /// Hosts as the recorded journal left them.
    private static func hosts(_ simulation: FleetSimulation, _ judge: Judge, _ recorded: [Event]) -> [TenantID: SimulatedHosts.Host] {
        var hosts: [TenantID: SimulatedHosts.Host] = [:]
        for (tenant, fate) in simulation.scenario.fates { hosts[tenant, default: .init()].fate = fate }
        for (tenant, standing) in judge.standings {
            let clocks = ClockHistory(recorded.filter { $0.stream == StreamID(tenant) }).clocks
            for step in simulation.plan.steps {
                switch standing.position(of: step.id) {
                case .verified, .performed: hosts[tenant, default: .init()].there.insert(step.place)
                case .halfDone, .failed, .inDoubt, .inGrace, .revertInDoubt, .revertFailed: hosts[tenant, default: .init()].half.insert(step.place)
                case .waiting(let began): hosts[tenant, default: .init()].recorded[began] = clocks.last { $0.step.step == step.id }?.stretches
                case .pending, .reverted: continue
                }
            }
            hosts[tenant, default: .init()].highestFence = standing.fence
        }
        return hosts
    }
}
