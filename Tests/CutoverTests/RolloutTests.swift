import Cutover
import CutoverTestKit
import Testing

@Suite("waves and budget") struct RolloutTests {
    private static let waves = [
        Wave(name: "canary", select: ["env": "prod"], count: 1, bakeSeconds: 3600, after: "L0/lamp.light"), Wave(name: "rest", select: ["env": "prod"]),
    ]
    private let fleet = Fleet(tenants: ["a", "b", "c", "d"].map { LampCatalog.host($0, labels: ["env": $0 == "d" ? "test" : "prod"]) })

    private func rollout(atOnce: Int = 10, budget: Int = 1, waves: [Wave] = waves) -> Rollout {
        Rollout(atOnce: atOnce, exposed: 10, failureBudget: budget, stragglers: 0, waves: waves)
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

    private func admissions(_ rollout: Rollout, _ standings: [TenantID: Standing], afterSeconds: Int = 0) -> [TenantID: Rollout.Admission] {
        let plan = LampCatalog.plan(rollout: rollout)
        let statuses = standings.mapValues { $0.status(under: plan, catalog: LampCatalog.catalog) }
        let answers = rollout.admissions(
            under: plan, fleet: fleet, statuses: statuses, standings: standings, now: ManualTime.beginning.adding(seconds: afterSeconds))
        return Dictionary(uniqueKeysWithValues: answers.map { ($0.tenant, $0.admission) })
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
        #expect(admissions(rollout(), lit, afterSeconds: 3599)["b"] == .baking("wave canary bakes for another 1 s"))
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

    @Test("what counts as failure, and what as motion")
    func words() {
        #expect(TenantStatus.State.allCases.filter(\.countsAsFailure) == [.inDoubt, .failed])
        #expect(TenantStatus.State.allCases.filter(\.isInMotion) == [.running, .inDoubt, .gated, .reverting])
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
