import Cutover
import Testing

@testable import cutoverctl

@Suite("the fleet file beside what others list")
struct FleetDriftTests {
    private let fleet = Fleet(tenants: [
        TenantHost(id: "acme", host: "acme.lab", transport: "ssh", labels: [:], env: "/e", state: "/s"),
        TenantHost(id: "zeta", host: "i-0123456789abcdef0", transport: "ssm", labels: ["org": "org-z"], env: "/e", state: "/s"),
    ])

    private func listed(_ tenant: String?, _ instance: String, _ addresses: [String] = [], organisation: String? = nil, state: String = "running") -> Inventory.Instance {
        Inventory.Instance(tenant: tenant, organisation: organisation, instance: instance, addresses: addresses, state: state, isUp: state == "running")
    }

    private func drift(_ instances: Inventory.Instance..., source: Inventory.Source = .books) -> FleetDrift {
        FleetDrift(fleet, [Inventory(source: source, instances: instances)])
    }

    private let acme = Inventory.Instance(tenant: "acme", organisation: "org-a", instance: "i-a", addresses: ["acme.lab"], state: "running", isUp: true)
    private let zeta = Inventory.Instance(tenant: "renamed", organisation: "org-z", instance: "i-0123456789abcdef0", addresses: [], state: "running", isUp: true)

    @Test("two that agree differ in nothing; a tenant is known by the organisation its label names, whatever it is called there")
    func agree() {
        #expect(drift(acme, zeta) == FleetDrift(fleet, []))
    }

    @Test("each difference is told, and of whom", arguments: [
        ("not-in-fleet", "umbrella"), ("not-running", "acme"), ("another-host", "acme"), ("not-listed", "acme"), ("listed-twice", "acme"), ("nameless", nil),
    ])
    func differences(what: String, tenant: String?) {
        let found =
            switch what {
            case "not-in-fleet": drift(acme, zeta, listed("umbrella", "i-u"))
            case "not-running": drift(listed("acme", "i-a", ["acme.lab"], state: "stopped"), zeta)
            case "another-host": drift(listed("acme", "i-b", ["10.0.0.9"]), zeta)
            case "listed-twice": drift(acme, acme, zeta)
            case "nameless": drift(acme, zeta, listed(nil, "i-n", organisation: "org-n"))
            default: drift(zeta)
            }
        #expect(!found.differences.isEmpty)
        #expect(found.differences.allSatisfy { $0.what.rawValue == what && $0.tenant == tenant }, "\(found)")
        let view = FleetDriftView(tenants: 2, compared: [], drift: found)
        #expect(view.status == .changesPending)
    }

    @Test("an instance that lives in another region than its tenant is looked for in is told")
    func region() {
        let tenant = TenantHost(id: "zeta", host: "i-0123456789abcdef0", transport: "ssm", labels: [:], env: "/e", state: "/s", region: "eu-west-1")
        func found(_ region: String?) -> [FleetDrift.Difference.What] {
            let instance = Inventory.Instance(tenant: nil, organisation: nil, instance: tenant.host, addresses: [], state: "Online", isUp: true, region: region)
            return FleetDrift(Fleet(tenants: [tenant]), [Inventory(source: .ssm, instances: [instance])]).differences.map(\.what)
        }
        #expect(found("eu-west-1").isEmpty && found(nil).isEmpty)
        #expect(found("eu-central-1") == [.anotherRegion])
    }

    @Test("what does not run and is in no fleet is shown, and is no difference")
    func notes() {
        let found = drift(acme, zeta, listed("gone", "i-g", state: "deprovisioned"))
        #expect(found.differences.isEmpty && found.notes.map(\.tenant) == ["gone"])
        #expect(FleetDriftView(tenants: 2, compared: [], drift: found).human(.none).contains("deprovisioned"))
    }

    @Test("Systems Manager is asked about those who are reached by it, and a connection that was lost is a difference")
    func systemsManager() {
        #expect(drift(listed(nil, "i-0123456789abcdef0"), source: .ssm).differences.isEmpty)
        #expect(drift(listed(nil, "i-0123456789abcdef0", state: "ConnectionLost"), source: .ssm).differences.map(\.what) == [.notRunning])
        #expect(drift(source: .ssm).differences.map(\.tenant) == ["zeta"])
        #expect(drift(listed(nil, "i-0123456789abcdef0"), listed(nil, "i-x"), source: .ssm).differences.map(\.what) == [.notInFleet])
    }

    @Test("for programs, with its version and every difference")
    func json() throws {
        let list = Inventory(source: .books, instances: [acme])
        let text = try FleetDriftView(tenants: 2, compared: [list], drift: FleetDrift(fleet, [list])).json()
        #expect(text == """
            {
              "compared" : [
                {
                  "instances" : 1,
                  "source" : "org_instances"
                }
              ],
              "drift" : [
                {
                  "detail" : "it has no row there",
                  "source" : "org_instances",
                  "tenant" : "zeta",
                  "what" : "not-listed"
                }
              ],
              "formatVersion" : 1,
              "notes" : [

              ],
              "tenants" : 2
            }
            """)
    }
}
