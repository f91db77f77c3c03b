import Cutover
import CutoverTestKit
import Testing

@Suite("a fleet as one plan sees it") struct FleetServingTests {
    private func host(_ id: TenantID) -> TenantHost { TenantHost(id: id, host: "\(id).net", transport: "local", labels: [:], env: "/env", state: "/state/\(id)") }

    @Test("hosts that are no tenants stay in it, each with the folder of the plan")
    func others() {
        let fleet = Fleet(tenants: [host("acme")], others: [host("keeper")])
        let plan = LampCatalog.plan()
        #expect(fleet.serving(plan) == fleet)
        let own = Plan(
            name: "beside", revision: 1, author: plan.author, digest: plan.digest, ownState: true, decisions: plan.decisions, phases: plan.phases, rollout: plan.rollout)
        #expect(fleet.serving(own).tenants.map(\.state) == ["/state/acme/plans/beside"])
        #expect(fleet.serving(own).others.map(\.state) == ["/state/keeper/plans/beside"])
    }
}
