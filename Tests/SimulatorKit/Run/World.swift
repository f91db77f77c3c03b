import Cutover
import Phases
import Simulation
import Synchronization

/// What a run came to.
public struct Outcome: Sendable, Equatable {
    /// Of every event that the journal has, in order: two runs with the same are the same.
    public let digest: String
    public let events: Int
    /// How many tenants were done at the end.
    public let done: Int
    /// Where the others stood.
    public let stands: [String: Int]
    /// What each of them stood behind.
    public let unfinished: [String]
    /// Promises that were broken.
    public let violations: [String]
    /// A line an event, in order, where the setting wants them.
    public let history: [String]
}

/// One simulated world: a journal, operators, people, roads, hosts.
final class World: Sendable {
    let setting: Setting
    let time = WorldTime(Setting.start)
    /// All tenants that there are.
    let everybody: Fleet
    let listing: Listing
    /// As the fleet file names them now.
    var fleet: Fleet { listing.fleet(everybody) }
    /// Of the journal, for when they are put back.
    let copies = Mutex([Mishap: SimulatedJournal.Copy]())
    let end: Timestamp
    let journal: SimulatedJournal
    let journalRoad: JournalRoad
    /// Every process would fold the same streams to the same.
    private let readers = JournalReaders()
    let roads: [TenantID: Road]
    let records: Records
    /// The plan that operators have before them: people change it.
    let plan: Mutex<Plan>
    let armed = Mutex([Int: (diesAt: Int?, sleeps: (at: Int, minutes: Int)?)]())

    /// What was recorded so far, and what those who judge have to say.
    final class Records: Sendable {
        private struct State {
            var events: [StreamID: [Event]] = [:]
            var invariants: [any Invariant]
            var troubles: [String] = []
        }
        private let state: Mutex<State>
        private let window = Mutex(Window())

        /// A function that a lock holds by itself is wrapped once more each time it is looked at.
        private struct Window { var look: (@Sendable () -> WorldView)? }

        init(_ invariants: [any Invariant]) { state = Mutex(State(invariants: invariants)) }

        func look(through view: @escaping @Sendable () -> WorldView) { window.withLock { $0.look = view } }
        func events(in stream: StreamID) -> [Event] { state.withLock { $0.events[stream] ?? [] } }
        func trouble(_ what: String) { state.withLock { $0.troubles.append(what) } }
        var violations: [String] { state.withLock { state in state.troubles + state.invariants.flatMap { one in one.violations.map { "\(one.name): \($0)" } } } }

        func hear(_ event: Event) {
            state.withLock { $0.events[event.stream, default: []].append(event) }
            judge { $0.hear(event, world: $1) }
        }

        /// The journal has become an older one.
        func putBack(_ copy: SimulatedJournal.Copy) {
            state.withLock { state in for stream in state.events.keys { state.events[stream] = copy.events(in: stream) } }
            judge { one, view in one = one.afterPutBack(view) }
        }

        func happen(_ happening: Happening) { judge { $0.after(happening, world: $1) } }

        /// What those who judge look at is let go, and with it the world.
        func close() {
            judge { $0.atEnd($1) }
            window.withLock { $0.look = nil }
        }

        private func judge(_ body: (inout any Invariant, WorldView) -> Void) {
            guard let view = window.withLock({ $0 }).look?() else { return }
            // They look at the records while they judge: taken out, so that no lock is held meanwhile.
            var invariants = state.withLock { state in
                defer { state.invariants = [] }
                return state.invariants
            }
            for index in invariants.indices { body(&invariants[index], view) }
            state.withLock { [invariants] in $0.invariants = invariants }
        }
    }

    init(_ setting: Setting) {
        let records = Records(setting.invariants())
        let (time, fleet, plan) = (time, setting.fleet, Setting.plan())
        self.listing = Listing(setting.story)
        self.setting = setting
        self.everybody = fleet
        self.records = records
        self.end = Setting.start.adding(seconds: setting.days * 86_400)
        self.plan = Mutex(plan)
        self.journal = SimulatedJournal(identity: JournalID("simulated-\(setting.seed)")) { event, _ in records.hear(event) }
        self.journalRoad = JournalRoad(time)
        var roads: [TenantID: Road] = [:]
        for place in fleet.tenants {
            let chance = Chance(seed: setting.seed, for: "\(place.id)")
            let host = SimulatedHost(
                place, plan: plan, time: time, chance: chance,
                witness: { records.happen(Happening(at: time.now, tenant: place.id, what: $0)) })
            roads[place.id] = Road(host, time, chance.other(for: "road"))
        }
        self.roads = roads
        records.look { [self, roads] in
            WorldView(
                now: time.now, plan: self.plan.withLock { $0 }, catalog: MemoryCatalog.catalog, fleet: fleet, events: { records.events(in: $0) }, truth: { roads[$0]?.host.model.truth },
                files: { roads[$0]?.host.disk.contents ?? [:] })
        }
    }

    func engine(_ process: ControllerProcess, _ whom: Int, as person: OperatorID, _ holder: LeaseHolder) -> Engine {
        let roads = roads
        return Engine(
            plan: plan.withLock { $0 }, fleet: fleet, catalog: MemoryCatalog.catalog,
            journal: JournalDoor(journal: journal, road: journalRoad, process: process, whom: whom), time: ProcessTime(time: time, process: process), me: person,
            holder: holder, operationSeconds: 300, readers: readers
        ) { host in roads[host.id].map { Link(road: $0, process: process) } }
    }

    // MARK: - The run

    /// On this thread alone, to its end.
    static func run(_ setting: Setting) -> Outcome {
        let world = World(setting)
        let result = Mutex<JournalRecords?>(nil)
        let ended = OneThread.run({ [world] in
            await world.live()
            let records = try? await world.journal.records()
            result.withLock { $0 = records }
        }, idle: { world.time.wakeNext() })
        if !ended { world.records.trouble("everybody waits for something that never comes") }
        world.time.end()
        OneThread.runReady()
        world.records.close()
        return world.outcome(result.withLock { $0 })
    }

    private func live() async {
        for number in 0..<setting.operators { Task { await Operator(number, self).work() } }
        for road in roads.sorted(by: { $0.key < $1.key }).map(\.value) { Task { await tick(road.host) } }
        Task { await People(self).lookAround() }
        for mishap in setting.story.mishaps {
            if mishap.kind == .journalPutBack { Task { await copyJournal(for: mishap) } }
            Task {
                guard (try? await time.sleep(until: Setting.start.adding(seconds: mishap.minute * 60))) != nil else { return }
                await befall(mishap)
            }
        }
        try? await time.sleep(until: end)
    }

    /// The resident watch looks as often as the plan wants samples.
    private func tick(_ host: SimulatedHost) async {
        while (try? await time.sleep(seconds: 12 * 3600)) != nil { await host.watch() }
    }

    private func outcome(_ records: JournalRecords?) -> Outcome {
        let rows = records?.records ?? []
        let flaws = records.map { JournalAudit($0).flaws } ?? []
        var stands: [String: Int] = [:]
        var unfinished: [String] = []
        let plan = plan.withLock { $0 }
        for host in everybody.tenants {
            var standing = Standing(host.id, genesis: Event.genesis(of: StreamID(host.id), in: records?.journal ?? ""))
            for event in self.records.events(in: StreamID(host.id)) { standing.apply(event) }
            let line = standing.status(under: plan, catalog: MemoryCatalog.catalog)
            if line.state == .done { continue }
            stands["\(line.phase)/\(line.step) \(line.state.rawValue)", default: 0] += 1
            let gates = standing.shutGates(of: StepRef(tenant: host.id, phase: PhaseID(line.phase), step: StepID(line.step)))
            let why = ["\(host.id) at \(line.phase)/\(line.step), \(line.state.rawValue) since \(line.since)"] + gates.map { "\($0.claim): \($0.verdict.detail)" } + [line.next]
            unfinished.append(why.joined(separator: "; "))
        }
        return Outcome(
            digest: Digest.sha256(rows.map(\.hash).joined(separator: "\n")), events: rows.count, done: everybody.tenants.count - unfinished.count, stands: stands, unfinished: unfinished,
            violations: self.records.violations + flaws.map { "the chain holds: \($0.stream)/\($0.revision) \($0.what)" },
            history: setting.keepsHistory ? rows.map { "\($0.at) \($0.stream)/\($0.revision) \($0.kind) \($0.step ?? "") by \($0.by) fence \($0.fence) \($0.facts)" } : [])
    }
}
