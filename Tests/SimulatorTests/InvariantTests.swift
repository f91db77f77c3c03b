import Cutover
import Phases
@testable import SimulatorKit
import Testing

/// A promise that no run could break would prove nothing: each is broken here once, by an entry that should not be or a world that is not so.
@Suite("what is promised can be seen broken") struct InvariantTests {
    private static let plan = SimulatorKit.Setting.plan()
    private static let host = TenantHost(id: "acme", host: "acme.test", transport: "plain", labels: ["env": "staging"], env: "/etc/acme.env", state: "/var/acme")

    /// Entries as a journal chains them, and the world that they are judged by.
    private struct Ground {
        var state: TenantState?
        var files: [String: String] = [:]
        var recorded: [Event] = []
        private var heads: [StreamID: (revision: Int, hash: String)] = [:]
        private(set) var now = SimulatorKit.Setting.start

        mutating func pass(_ seconds: Int) { now = now.adding(seconds: seconds) }

        mutating func event(_ change: Event.Change, by: OperatorID = "operator", fence: Int = 1, stream: StreamID = "acme") -> Event {
            let head = heads[stream] ?? (0, Event.genesis(of: stream, in: "test"))
            let event = Event(stream: stream, revision: head.revision + 1, at: now, by: by, fence: fence, change: change, previous: head.hash)
            heads[stream] = (event.revision, event.hash)
            return event
        }

        var world: WorldView {
            let (state, files, recorded) = (state, files, recorded)
            return WorldView(
                now: now, plan: InvariantTests.plan, catalog: MemoryCatalog.catalog, fleet: Fleet(tenants: [InvariantTests.host]), events: { stream in recorded.filter { $0.stream == stream } },
                truth: { _ in state }, files: { _ in files })
        }
    }

    private static func ref(_ kind: StepKind) -> StepRef { plan.steps.first { $0.spec.kind == kind }?.ref(for: "acme") ?? StepRef(tenant: "acme", phase: "-", step: "-") }

    private static func happening(_ what: Happening.What, _ ground: Ground) -> Happening { Happening(at: ground.now, tenant: "acme", what: what) }

    private static func clock() -> ClockFace {
        ClockFace(wall: SimulatorKit.Setting.start, monotonic: 0, boot: "boot", database: SimulatorKit.Setting.start)
    }

    private static func state() -> TenantState { TenantState("acme", seed: 3, clocks: clock()) }

    @Test("an effect that nothing on record intends")
    func intent() {
        var (ground, promise) = (Ground(), IntentBeforeAct())
        let started = ground.event(.started(Self.ref("env.wire"), attempt: 1))
        promise.hear(started, world: ground.world)
        promise.after(Self.happening(.handLaid(OperationID.derived(from: started.hash, ordinal: 1), "wiring.switch", .writing, fence: 1), ground), world: ground.world)
        #expect(promise.violations == [])
        promise.after(Self.happening(.handLaid("unheard-of", "wiring.switch", .writing, fence: 1), ground), world: ground.world)
        #expect(promise.violations.count == 1)
    }

    @Test("an end that somebody recorded who did not see it, and a step begun again in doubt")
    func doubt() {
        let ref = Self.ref("env.wire")
        var (ground, promise) = (Ground(), DoubtIsVerified())
        for change in [.started(ref, attempt: 1), .verified(ref, .partial(Evidence())), .started(ref, attempt: 2), .performed(ref, Evidence())] as [Event.Change] {
            promise.hear(ground.event(change), world: ground.world)
        }
        #expect(promise.violations == [])
        promise.hear(ground.event(.started(ref, attempt: 3)), world: ground.world)
        promise.hear(ground.event(.performed(ref, Evidence()), fence: 2), world: ground.world)
        #expect(promise.violations.count == 1)
        promise.hear(ground.event(.started(ref, attempt: 4)), world: ground.world)
        promise.hear(ground.event(.started(ref, attempt: 5)), world: ground.world)
        #expect(promise.violations.count == 2)
    }

    @Test("once the journal was put back it is judged by what it says then, and what was noted stays")
    func putBack() throws {
        let ref = Self.ref("env.wire")
        var (ground, promise) = (Ground(), DoubtIsVerified())
        let kept = ground.event(.started(ref, attempt: 1))
        promise.hear(kept, world: ground.world)
        promise.hear(ground.event(.performed(ref, Evidence()), fence: 2), world: ground.world)
        ground.recorded = [kept]
        var anew = try #require(promise.afterPutBack(ground.world) as? DoubtIsVerified)
        #expect(anew.violations == promise.violations && anew.violations.count == 1)
        anew.hear(ground.event(.started(ref, attempt: 2)), world: ground.world)
        #expect(anew.violations.count == 2, "it is in doubt again")
        var looks = LookingChangesNothing()
        looks.after(Self.happening(.handLaid("op", "x", .writing, fence: 1), ground), world: ground.world)
        #expect(looks.afterPutBack(ground.world) is LookingChangesNothing)
    }

    @Test("a change that no operation made which may")
    func looking() {
        var (ground, promise) = (Ground(), LookingChangesNothing())
        var state = Self.state()
        state.effects.append(WorldEffect(kind: "stores.compare", operation: "reading-x", fence: 1, at: ground.now, what: "writes"))
        ground.state = state
        promise.after(Self.happening(.handLaid("reading-x", "stores.compare", .reading, fence: 1), ground), world: ground.world)
        #expect(promise.violations.count == 1)
    }

    @Test("a step begun though a gate was shut, or never asked, or long ago")
    func gates() {
        let ref = Self.ref("legacy.archive")
        func broken(_ verdict: Gate.Verdict?, seconds: Int = 0) -> Int {
            var (ground, promise) = (Ground(), WayBackIsProven())
            let claims = ["v1 is frozen", "the archive's place is off the tenant's host, or that was accepted", "what lives on the table can be made again"]
            for claim in claims {
                if let verdict { promise.hear(ground.event(.gateAssessed(ref, claim: claim, claim == claims[0] ? verdict : .open(Evidence()))), world: ground.world) }
            }
            ground.pass(seconds)
            promise.hear(ground.event(.started(ref, attempt: 1)), world: ground.world)
            return promise.violations.count
        }
        #expect(broken(.open(Evidence())) == 0)
        #expect(broken(.shut("it is not")) == 1)
        #expect(broken(nil) == 3)
        #expect(broken(.open(Evidence()), seconds: 4000) == 3)
    }

    @Test("a memory that lies nowhere, one that the agents' door does not find, one that nobody wrote, one that was forgotten")
    func memories() throws {
        var state = Self.state()
        #expect(MemoriesAreKept.troubles(state) == [])
        let id = try #require(state.database.old?.rows.keys.min())
        let row = try #require(state.database.old?.rows[id])
        state.database.old?.rows[id] = nil
        #expect(MemoriesAreKept.troubles(state).count == 2, "it lies nowhere, and is not served")
        state.database.aside = [[id: NewRow(namespace: "workspace:0", text: row.text, made: row.made)]]
        #expect(MemoriesAreKept.troubles(state).count == 1, "it is not served")
        state = Self.state()
        state.database.old?.rows[id]?.text = "what nobody wrote"
        #expect(MemoriesAreKept.troubles(state).contains { $0.contains("invented") })
        state = Self.state()
        state.database.own = OwnSchema(fence: 1, capture: .whole)
        state.book.forgot(id, having: row.text)
        #expect(MemoriesAreKept.troubles(state).contains { $0.contains("forgotten") })
        var (ground, promise) = (Ground(), MemoriesAreKept())
        ground.state = state
        promise.atEnd(ground.world)
        #expect(promise.violations.count == 1)
    }

    @Test("a window that fewer green samples cover")
    func windows() throws {
        let ref = Self.ref("shadow.watch")
        func broken(_ verdicts: [EvidenceClock.Verdict], every hours: Int = 6) -> Int {
            var (ground, promise) = (Ground(), NoEvidenceIsNotGreen())
            let began = ground.event(.waitBegan(ref))
            promise.hear(began, world: ground.world)
            var state = Self.state()
            for verdict in verdicts {
                state.samples.append(TakenSample(at: ground.now, marker: OperationID.derived(from: began.hash, ordinal: 0).text, verdict: verdict))
                ground.pass(hours * 3600)
            }
            ground.state = state
            promise.hear(ground.event(.verified(ref, .inPlace(Evidence()))), world: ground.world)
            return promise.violations.count
        }
        #expect(broken([.green, .green, .green, .green, .green]) == 0)
        #expect(broken([.green, .green, .availability, .green, .green]) == 1)
        #expect(broken([.green, .green, .green, .green, .safety]) == 1)
        #expect(broken([.green, .green, .green], every: 30) == 1, "gaps count for nothing")
        #expect(broken([.green]) == 2)
    }

    @Test("a drop without an archive, a signature, a soak, a grace, or a memory")
    func drops() throws {
        var state = Self.state()
        let rows = try #require(state.database.old?.rows)
        var before = state.database
        (before.held, before.old) = (before.old, nil)
        before.own = OwnSchema(fence: 1, frozen: rows)
        before.new = rows.mapValues { NewRow(namespace: "workspace:0", text: $0.text, made: $0.made) }
        state.archive = ArchivedTable(mark: "m", rows: rows, frozenDigest: "")
        state.host.rehearsal = .init(mark: "m", rows: rows.count, frozenDigest: "", at: SimulatorKit.Setting.start)
        #expect(DropAsksAgain.troubles(state, before) == [])
        let first = try #require(rows.keys.min())
        before.new?[first] = nil
        #expect(DropAsksAgain.troubles(state, before).count == 1)
        state.archive = nil
        #expect(DropAsksAgain.troubles(state, before).count == 3)

        var (ground, promise) = (Ground(), DropAsksAgain())
        state.effects.append(WorldEffect(kind: "legacy.drop", operation: "o", fence: 1, at: ground.now, what: "drops the table", asItWas: before))
        ground.state = state
        promise.after(Self.happening(.watched, ground), world: ground.world)
        for what in ["no soak", "0 of 2 people", "issue-769 was open", "nobody was given time", "archive"] {
            #expect(promise.violations.contains { $0.contains(what) }, "\(what): \(promise.violations)")
        }
        // Delivered again, it finds the table gone.
        let count = promise.violations.count
        before.own?.dropped = .init(oid: 1000, digest: "", rows: 0)
        before.held = nil
        #expect(before.place == .dropped)
        state.effects.append(WorldEffect(kind: "legacy.drop", operation: "o", fence: 1, at: ground.now.adding(seconds: 60), what: "drops the table", asItWas: before))
        ground.state = state
        promise.after(Self.happening(.watched, ground), world: ground.world)
        #expect(promise.violations.count == count, "\(promise.violations)")
    }

    @Test("two hands at once, and an older one after a newer")
    func hands() {
        var (ground, promise) = (Ground(), NeverTwoHands())
        func lay(_ id: OperationID, _ fence: Int) { promise.after(Self.happening(.handLaid(id, "copy.begin", .writing, fence: fence), ground), world: ground.world) }
        func take(_ id: OperationID, _ fence: Int) { promise.after(Self.happening(.handTaken(id, "copy.begin", .writing, fence: fence), ground), world: ground.world) }
        lay("a", 2)
        take("a", 2)
        #expect(promise.violations == [])
        lay("b", 1)
        #expect(promise.violations.count == 1)
        lay("c", 2)
        #expect(promise.violations.count == 2)
        promise.hear(ground.event(.released(reason: ""), fence: 5), world: ground.world)
        promise.hear(ground.event(.released(reason: ""), fence: 4), world: ground.world)
        #expect(promise.violations.count == 3)
    }

    @Test("more tenants at work, or exposed, than the plan allows, and one that begins past the failures")
    func budget() {
        var (ground, promise) = (Ground(), BudgetHolds())
        let wire = Self.ref("env.wire")
        func start(_ number: Int, _ change: (StepRef) -> Event.Change) {
            let tenant = TenantID("t\(number)")
            promise.hear(ground.event(change(StepRef(tenant: tenant, phase: wire.phase, step: wire.step)), stream: StreamID(tenant)), world: ground.world)
        }
        for number in 0..<Self.plan.rollout.atOnce { start(number) { .started($0, attempt: 1) } }
        #expect(promise.violations == [])
        start(90) { .started($0, attempt: 1) }
        #expect(promise.violations.count == 1)
        for number in 0..<Self.plan.rollout.exposed { start(number) { .performed($0, Evidence()) } }
        for number in 20..<25 { start(number) { .started($0, attempt: 1) } }
        #expect(promise.violations.contains { $0.contains("exposed") })
        for number in 0..<3 { start(number) { .failed($0, StepFailure("it", effect: .partlyChanged, next: "")) } }
        start(95) { _ in .planAdopted(digest: "d", name: "n", revision: 1, wave: "w") }
        #expect(promise.violations.contains { $0.contains("have failed") })
    }

    @Test("an older plan, a chain that is broken, a password on record")
    func records() {
        var (ground, older, chain, secrets) = (Ground(), NeverBackward(), RecordIsWhole(), SecretsStay())
        func adopt(_ revision: Int) -> Event { ground.event(.planAdopted(digest: "d", name: "n", revision: revision, wave: "w")) }
        older.hear(adopt(2), world: ground.world)
        older.hear(adopt(1), world: ground.world)
        #expect(older.violations.count == 1)
        var other = Ground()
        chain.hear(other.event(.held(reason: "a")), world: ground.world)
        chain.hear(Event(stream: "acme", revision: 2, at: ground.now, by: "x", fence: 1, change: .released(reason: ""), previous: "else"), world: ground.world)
        #expect(chain.violations.count == 1)
        ground.files = ["/var/acme/evidence.jsonl": "{}\n{}\n"]
        chain.atEnd(ground.world)
        #expect(chain.violations.count == 2)
        secrets.hear(ground.event(.held(reason: "it said \(SimulatedSecret.password(of: "acme"))")), world: ground.world)
        #expect(secrets.violations.count == 1)
    }

    @Test("an answer and a fence that a host forgot over a crash")
    func answers() {
        var (ground, promise) = (Ground(), AnswersAreRemembered())
        promise.after(Self.happening(.handLaid("op", "copy.begin", .writing, fence: 4), ground), world: ground.world)
        promise.after(Self.happening(.answered("op"), ground), world: ground.world)
        ground.files = ["/var/acme/ops/op.done": "", "/var/acme/fence": "4"]
        promise.after(Self.happening(.hostIsBack, ground), world: ground.world)
        #expect(promise.violations == [])
        ground.files = ["/var/acme/ops/op.started": "", "/var/acme/fence": "3"]
        promise.after(Self.happening(.hostIsBack, ground), world: ground.world)
        #expect(promise.violations.count == 2)
    }

    @Test("every kind of step that is called verified and is not so")
    func verified() {
        let state = Self.state()
        let untrue = Self.plan.steps.compactMap { step in JournalExplainsTheWorld.untrue(step.spec.kind, state).map { _ in step.spec.kind } }
        #expect(untrue == ["host.prepare", "sidecar.start", "mirror.install", "backfill.copy", "env.wire", "backfill.verify", "fallback.remove", "legacy.freeze", "legacy.archive", "legacy.drop"])
        var (ground, promise) = (Ground(), JournalExplainsTheWorld())
        ground.state = state
        promise.hear(ground.event(.verified(Self.ref("env.wire"), .inPlace(Evidence()))), world: ground.world)
        #expect(promise.violations.count == 1)
    }
}
