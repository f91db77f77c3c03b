import Cutover
import CutoverTestKit
import Testing

@Suite("waves and budget") struct RolloutTests {
    private static let waves = [
        Wave(name: "canary", select: ["env": "prod"], count: 1, bakeSeconds: 3600, after: "L0/lamp.light"), Wave(name: "rest", select: ["env": "prod"]),
    ]
    private let fleet = Fleet(tenants: ["a", "b", "c", "d"].map { LampCatalog.host($0, labels: ["env": $0 == "d" ? "test" : "prod"]) })

    private func rollout(
        atOnce: Int = 10, exposed: Int = 10, budget: Int = 1, stragglers: Int = 0, counted: Set<Trouble> = Trouble.countedByDefault, waves: [Wave] = waves
    ) -> Rollout {
        Rollout(atOnce: atOnce, exposed: exposed, failureBudget: budget, stragglers: stragglers, counted: counted, waves: waves)
    }

    private static func ref(_ tenant: TenantID, _ step: StepID) -> StepRef { StepRef(tenant: tenant, phase: "L0", step: step) }

    private static func standing(_ tenant: TenantID, _ changes: [Event.Change]) -> Standing {
        var standing = Standing(tenant, genesis: "g")
        for change in changes {
            standing.apply(
                Event(stream: StreamID(tenant), revision: standing.revision + 1, at: ManualTime.beginning, by: "ann", fence: 0, change: change, previous: standing.head))
        }
        return standing
    }

    private static func begun(_ tenant: TenantID) -> Standing { standing(tenant, [Fold.adopted()]) }
    private static func waiting(_ tenant: TenantID) -> Standing { standing(tenant, lit(tenant) + [.waitBegan(ref(tenant, "lamp.watch"))]) }
    private static func failed(_ tenant: TenantID) -> Standing {
        standing(tenant, [Fold.adopted(), .started(ref(tenant, "lamp.wire"), attempt: 1), .failed(ref(tenant, "lamp.wire"), Fold.mishap)])
    }
    private static func lit(_ tenant: TenantID) -> [Event.Change] { [Fold.adopted()] + Fold.done(ref(tenant, "lamp.wire"), ref(tenant, "lamp.light")) }

    private func decide(
        _ rollout: Rollout, _ standings: [TenantID: Standing], afterSeconds: Int = 0, fleet: Fleet? = nil, opened: [FleetStanding.OpenWave] = []
    ) -> Rollout.Decided {
        rollout.decide(
            Rollout.Scene(
                plan: LampCatalog.plan(rollout: rollout), catalog: LampCatalog.catalog, fleet: fleet ?? self.fleet, opened: opened,
                standings: standings, now: ManualTime.beginning.adding(seconds: afterSeconds)))
    }

    private func admissions(
        _ rollout: Rollout, _ standings: [TenantID: Standing], afterSeconds: Int = 0, fleet: Fleet? = nil, opened: [FleetStanding.OpenWave] = []
    ) -> [TenantID: Rollout.Admission] {
        let decided = decide(rollout, standings, afterSeconds: afterSeconds, fleet: fleet, opened: opened)
        return Dictionary(uniqueKeysWithValues: decided.admissions.map { ($0.tenant, $0.admission) })
    }

    private static func quarantined(_ tenant: TenantID) -> Standing { standing(tenant, [Fold.adopted(), .quarantined(reason: "two truths")]) }
    private static func silent(_ tenant: TenantID) -> Standing {
        standing(tenant, [Fold.adopted(), .gateAssessed(ref(tenant, "lamp.wire"), claim: "the bulb is whole", .unknown("no answer"))])
    }
    private static func shut(_ tenant: TenantID) -> Standing {
        standing(tenant, [Fold.adopted(), .gateAssessed(ref(tenant, "lamp.wire"), claim: "the bulb is whole", .shut("it is broken"))])
    }
    private static func open(_ name: String, _ tenants: TenantID...) -> FleetStanding.OpenWave {
        var fleet = FleetStanding(journal: "j")
        fleet.apply(
            Event(
                stream: .fleet, revision: 1, at: ManualTime.beginning, by: "ann", fence: 1, change: .waveOpened(name: name, tenants: tenants),
                previous: fleet.head))
        return fleet.waves[0]
    }

    @Test("each tenant falls to the first wave that selects it and has room")
    func assignment() {
        #expect(rollout().assignment(of: fleet).map(\.tenants) == [["a"], ["b", "c"]])
        #expect(admissions(rollout(), [:])["d"] == .noWave)
    }

    @Test("a wave stays closed until every tenant of the one before has verified its step, and has baked")
    func closed() {
        let waiting = "wave canary: a has not verified L0/lamp.light"
        #expect(admissions(rollout(), [:])["b"] == .waveClosed(waiting))
        #expect(admissions(rollout(), ["a": Self.begun("a")])["b"] == .waveClosed(waiting))
        let lit: [TenantID: Standing] = ["a": Self.standing("a", Self.lit("a"))]
        #expect(admissions(rollout(), lit, afterSeconds: 3599)["b"] == .baking("wave canary bakes for another 1 s", until: ManualTime.beginning.adding(seconds: 3600)))
        #expect(admissions(rollout(), lit, afterSeconds: 3600)["b"] == .admitted)
        #expect(admissions(rollout(), lit, afterSeconds: 3600)["c"] == .admitted)
    }

    @Test("a wave that names no step waits for the last one")
    func lastStep() {
        let waves = [Wave(name: "first", select: ["env": "prod"], count: 1), Wave(name: "rest", select: ["env": "prod"])]
        let answers = admissions(rollout(waves: waves), ["a": Self.standing("a", Self.lit("a"))])
        #expect(answers["b"] == .waveClosed("wave first: a has not verified L1/lamp.smash"))
    }

    @Test("a tenant that went back closes the wave after its own again")
    func reverted() {
        let ref = Self.ref("a", "lamp.light")
        let back: [Event.Change] = [.revertRequested(to: "lamp.wire", reason: "r"), .revertStarted(ref, attempt: 2), .reverted(ref, Evidence())]
        let answers = admissions(rollout(), ["a": Self.standing("a", Self.lit("a") + back)], afterSeconds: 9999)
        #expect(answers["b"] == .waveClosed("wave canary: a has not verified L0/lamp.light"))
    }

    @Test("no more tenants are begun than may be in motion; one between two steps is in motion, one that waits on a clock is not")
    func atOnce() {
        let one = [Wave(name: "all", select: ["env": "prod"])]
        #expect(admissions(rollout(atOnce: 2, waves: one), [:]) == ["a": .admitted, "b": .admitted, "c": .full(atOnce: 2), "d": .noWave])
        #expect(admissions(rollout(atOnce: 1, waves: one), ["a": Self.begun("a")])["b"] == .full(atOnce: 1))
        #expect(admissions(rollout(atOnce: 1, waves: one), ["a": Self.waiting("a")])["b"] == .admitted)
    }

    @Test("past the failure budget nothing new begins, what is under way goes on, and a recovery refunds it")
    func budget() {
        let one = [Wave(name: "all", select: ["env": "prod"])]
        let failed: [TenantID: Standing] = ["a": Self.failed("a"), "b": Self.begun("b")]
        #expect(admissions(rollout(budget: 1, waves: one), failed)["c"] == .admitted)
        #expect(admissions(rollout(budget: 0, waves: one), failed)["c"] == .budgetSpent(failures: 1, allowed: 0))
        #expect(admissions(rollout(budget: 0, waves: one), failed)["b"] == .admitted)
        #expect(admissions(rollout(budget: 0, waves: one), failed)["a"] == .admitted, "only a person moves it, but it may be moved")
        let recovered: [TenantID: Standing] = ["a": Self.begun("a"), "b": Self.begun("b")]
        #expect(admissions(rollout(budget: 0, waves: one), recovered)["c"] == .admitted)
    }

    @Test("a wave that opened keeps its tenants: who joins the fleet later waits for a later wave, who leaves holds nobody up")
    func frozen() {
        let grown = Fleet(tenants: fleet.tenants + [LampCatalog.host("0", labels: ["env": "prod"])])
        let opened = [Self.open("canary", "b", "gone")]
        let assigned = rollout().assignment(of: grown, opened: opened)
        #expect(assigned.map(\.tenants) == [["b"], ["a", "c", "0"]] && assigned[0].left == ["gone"])
        let lit: [TenantID: Standing] = ["b": Self.standing("b", Self.lit("b"))]
        #expect(admissions(rollout(), lit, afterSeconds: 3600, fleet: grown, opened: opened)["a"] == .admitted)
        let all = opened + [Self.open("rest", "a", "c")]
        #expect(admissions(rollout(), lit, afterSeconds: 3600, fleet: grown, opened: all)["0"] == .joinedLate("canary"))
        #expect(admissions(rollout(), lit, afterSeconds: 3600, fleet: grown, opened: all)["d"] == .noWave)
    }

    @Test("a wave opens when the one before has baked, and is to be frozen before anybody in it begins")
    func opens() {
        #expect(decide(rollout(), [:]).opens.map(\.wave.name) == ["canary"])
        let opened = [Self.open("canary", "a")]
        let lit: [TenantID: Standing] = ["a": Self.standing("a", Self.lit("a"))]
        #expect(decide(rollout(), lit, afterSeconds: 3599, opened: opened).opens.isEmpty)
        #expect(decide(rollout(), lit, afterSeconds: 3600, opened: opened).opens.map(\.tenants) == [["b", "c"]])
    }

    @Test("a wave that a newer plan no longer names keeps its tenants")
    func dropped() {
        let assigned = rollout(waves: [Wave(name: "new", select: ["env": "prod"])]).assignment(of: fleet, opened: [Self.open("old", "b")])
        #expect(assigned.map(\.wave.name) == ["old", "new"] && assigned.map(\.tenants) == [["b"], ["a", "c"]])
    }

    @Test("a percentage is rounded up, so that it never chooses nobody of somebody", arguments: [(1, 1), (33, 1), (34, 2), (67, 3), (100, 3)])
    func percent(percent: Int, chosen: Int) {
        let waves = [Wave(name: "some", select: ["env": "prod"], percent: percent), Wave(name: "rest", select: ["env": "prod"])]
        #expect(rollout(waves: waves).assignment(of: fleet).map(\.tenants.count) == [chosen, 3 - chosen])
    }

    @Test("stragglers stay behind within their allowance, and beyond it spend the failure budget")
    func stragglers() {
        let waves = [Wave(name: "first", select: ["env": "prod"], count: 2, after: "L0/lamp.light"), Wave(name: "rest", select: ["env": "prod"])]
        for straggler in [Self.quarantined("b"), Self.silent("b")] {
            let standings: [TenantID: Standing] = ["a": Self.standing("a", Self.lit("a")), "b": straggler]
            #expect(admissions(rollout(stragglers: 1, waves: waves), standings)["c"] == .admitted)
            #expect(admissions(rollout(stragglers: 0, waves: waves), standings)["c"] == .waveClosed("wave first: b has not verified L0/lamp.light"))
            let one = [Wave(name: "all", select: ["env": "prod"])]
            #expect(admissions(rollout(budget: 0, stragglers: 1, waves: one), standings)["c"] == .admitted)
            #expect(admissions(rollout(budget: 0, stragglers: 0, waves: one), standings)["c"] == .budgetSpent(failures: 1, allowed: 0))
        }
        // Who has failed, or waits at a gate that answers, stays behind nobody.
        for other in [Self.failed("b"), Self.shut("b")] {
            let standings: [TenantID: Standing] = ["a": Self.standing("a", Self.lit("a")), "b": other]
            #expect(admissions(rollout(stragglers: 1, waves: waves), standings)["c"] == .waveClosed("wave first: b has not verified L0/lamp.light"))
        }
        let none: [TenantID: Standing] = ["a": Self.quarantined("a"), "b": Self.quarantined("b")]
        #expect(admissions(rollout(stragglers: 2, waves: waves), none)["c"] == .waveClosed("wave first: nobody has verified L0/lamp.light"), "no evidence is not green")
    }

    @Test("a wave goes on without whoever was abandoned, but not on nobody's evidence")
    func abandoned() {
        let waves = [Wave(name: "first", select: ["env": "prod"], count: 2, after: "L0/lamp.light"), Wave(name: "rest", select: ["env": "prod"])]
        func gone(_ tenant: TenantID) -> Standing { Self.standing(tenant, Self.lit(tenant) + [.abandoned(nil, reason: "gone", facts: [:])]) }
        let fresh = Self.standing("b", [.abandoned(nil, reason: "gone", facts: [:])])
        for abandoned in [Self.standing("b", [Fold.adopted(), .abandoned(nil, reason: "gone", facts: [:])]), fresh] {
            let standings: [TenantID: Standing] = ["a": Self.standing("a", Self.lit("a")), "b": abandoned]
            #expect(admissions(rollout(exposed: 2, budget: 0, waves: waves), standings)["c"] == .admitted)
        }
        #expect(admissions(rollout(waves: waves), ["a": gone("a"), "b": gone("b")])["c"] == .waveClosed("wave first: nobody has verified L0/lamp.light"))
        let one = [Wave(name: "all", select: ["env": "prod"])]
        #expect(admissions(rollout(exposed: 1, budget: 0, waves: one), ["a": gone("a")])["b"] == .admitted, "it is not exposed any more")
    }

    @Test("the plan says of each trouble whether it counts", arguments: Trouble.allCases)
    func counted(trouble: Trouble) {
        let gated = Self.standing("a", [Fold.adopted(), .gateAssessed(Self.ref("a", "lamp.wire"), claim: "c", .shut("no"))])
        let doubt = Self.standing("a", [Fold.adopted(), .started(Self.ref("a", "lamp.wire"), attempt: 1), .becameUnknown(Self.ref("a", "lamp.wire"), detail: "?")])
        let standing: [Trouble: Standing] = [
            .failed: Self.failed("a"), .unknown: doubt, .unreachable: Self.silent("a"), .gated: gated, .quarantined: Self.quarantined("a"),
        ]
        let one = [Wave(name: "all", select: ["env": "prod"])]
        let standings = [TenantID("a"): standing[trouble, default: gated]]
        #expect(admissions(rollout(budget: 0, stragglers: 5, counted: [trouble], waves: one), standings)["b"] == .budgetSpent(failures: 1, allowed: 0))
        let others = Set(Trouble.allCases).subtracting([trouble])
        #expect(admissions(rollout(budget: 0, stragglers: 5, counted: others, waves: one), standings)["b"] == .admitted)
    }

    @Test("no more tenants are exposed than the plan allows, and one that is already goes on")
    func exposed() {
        let one = [Wave(name: "all", select: ["env": "prod"])]
        func wired(_ tenant: TenantID) -> Standing { Self.standing(tenant, [Fold.adopted()] + Fold.done(Self.ref(tenant, "lamp.wire"))) }
        func lit(_ tenant: TenantID) -> Standing { Self.standing(tenant, Self.lit(tenant)) }
        func answers(_ exposed: Int, _ standings: [TenantID: Standing]) -> [TenantID: Rollout.Admission] {
            admissions(rollout(exposed: exposed, waves: one), standings)
        }
        #expect(answers(1, ["a": lit("a"), "b": wired("b")])["b"] == .exposed(allowed: 1))
        #expect(answers(1, ["a": lit("a"), "b": wired("b")])["a"] == .admitted)
        #expect(answers(2, ["a": lit("a"), "b": wired("b"), "c": wired("c")])["b"] == .admitted)
        #expect(answers(2, ["a": lit("a"), "b": wired("b"), "c": wired("c")])["c"] == .exposed(allowed: 2))
        // Nobody begins who would only queue up to be exposed, behind one who is or behind one on its way there.
        #expect(answers(1, ["a": lit("a")])["c"] == .exposed(allowed: 1))
        #expect(answers(1, ["b": wired("b")])["c"] == .exposed(allowed: 1))
        #expect(answers(2, ["a": lit("a")])["c"] == .exposed(allowed: 2) && answers(2, ["a": lit("a")])["b"] == .admitted)
        let watched = Self.standing("a", Self.lit("a") + [.waitBegan(Self.ref("a", "lamp.watch")), .verified(Self.ref("a", "lamp.watch"), .inPlace(Evidence()))])
        #expect(answers(1, ["a": watched, "b": wired("b")])["b"] == .admitted)
    }

    @Test("what counts as motion")
    func words() {
        #expect(TenantStatus.State.allCases.filter(\.isInMotion) == [.running, .inDoubt, .gated, .reverting])
    }

    @Test("whoever is held or quarantined amid a step keeps his place, and whoever is given up does not")
    func stoppedMidway() {
        let begun: [Event.Change] = [Fold.adopted(), .started(Self.ref("a", "lamp.wire"), attempt: 1)]
        func moves(_ changes: [Event.Change]) -> Bool { Self.standing("a", changes).status(under: LampCatalog.plan(), catalog: LampCatalog.catalog).isInMotion }
        #expect(moves(begun))
        for stop in [.held(reason: "lunch"), .quarantined(reason: "put back")] as [Event.Change] {
            #expect(moves(begun + [stop]))
            #expect(moves(begun + [.performed(Self.ref("a", "lamp.wire"), Evidence()), stop]))
            #expect(!moves([Fold.adopted()] + Fold.done(Self.ref("a", "lamp.wire")) + [stop]))
        }
        #expect(moves(begun + [.held(reason: "lunch"), .released(reason: "back")]))
        #expect(!moves(begun + [.abandoned(nil, reason: "gone", facts: [:])]))
    }

    @Test("the status report counts the budget as the rollout does")
    func report() {
        let plan = LampCatalog.plan(rollout: rollout(atOnce: 3, budget: 2))
        let standings = [Self.begun("a"), Self.failed("b"), Self.waiting("c")]
        let statuses = standings.map { $0.status(under: plan, catalog: LampCatalog.catalog) }
        let report = StatusReport(plan: plan, fleet: fleet, statuses: statuses) { _ in "rest" }
        #expect(report.tenants.map(\.state) == [.pending, .failed, .waiting, .pending])
        #expect(report.budget.atOnce == 3 && report.budget.allowed == 2)
        #expect(report.budget.inMotion == 1 && report.budget.failures == 1)
    }
}
