import Cutover
import Foundation
import Testing

@testable import PlanFiles

@Suite("fleet files")
struct FleetFileTests {
    static let text = """
        tenants:
          - { id: acme, host: 10.0.0.1, transport: local, labels: { env: lab, ring: 2 }, env: /etc/acme.env }
          - id: zeta-2
            host: localhost
            transport: local
            env: /etc/zeta.env
            state: /srv/zeta

        """

    func problems(_ old: String, _ new: String) -> [String] {
        FleetFile.read(text: Self.text.replacingOccurrences(of: old, with: new), path: "fleet.yaml").1.map(\.what)
    }

    @Test("a fleet without a flaw is read whole, with the default folder on the host")
    func readsWhole() {
        let (fleet, problems) = FleetFile.read(text: Self.text, path: "fleet.yaml")
        #expect(problems == [])
        #expect(fleet?.tenants == [
            TenantHost(id: "acme", host: "10.0.0.1", transport: "local", labels: ["env": "lab", "ring": "2"], env: "/etc/acme.env", state: "/var/lib/cutover/acme"),
            TenantHost(id: "zeta-2", host: "localhost", transport: "local", labels: [:], env: "/etc/zeta.env", state: "/srv/zeta"),
        ])
    }

    @Test("each slip is told", arguments: [
        ("id: acme", "id: Acme", "Acme is no tenant id"), ("id: acme", "id: -a", "-a is no tenant id"),
        ("id: zeta-2", "id: acme", "there are two tenants acme, the first on line 2"),
        ("host: localhost\n", "hots: localhost\n", "tenant zeta-2 has no key hots"),
        ("transport: local,", "transport: ssm,", "tenant acme: 10.0.0.1 is no instance of Systems Manager"),
        ("host: 10.0.0.1, transport: local,", "host: i-0123456789abcdef0, region: Frankfurt, transport: ssm,", "tenant acme: Frankfurt is no region"),
        ("transport: local,", "transport: ssh, region: eu-central-1,", "tenant acme: a region goes with `transport: ssm` only"),
        ("transport: local,", "transport: telnet,", "tenant acme: there is no transport telnet"),
        ("env: /etc/acme.env", "env: acme.env", "tenant acme: env is not an absolute path"),
        ("state: /srv/zeta", "state: /srv/../etc", "tenant zeta-2: state is not an absolute path"),
        ("host: localhost", "host: postgres://a:b@c/d", "this looks like a URL with a password"),
    ])
    func slips(old: String, new: String, what: String) {
        #expect(problems(old, new).first == what)
    }

    @Test("a fleet that was written is read again as it was")
    func written() {
        let odd = TenantHost(id: "acme", host: "1.2.3.4", transport: "ssh", labels: ["ring": "2", "say": "a \"b\" \\ c", "on": "yes"], env: "/etc/ä-%b.env", state: "/srv/acme")
        let keeper = TenantHost(id: "keeper", host: "keeper.lab", transport: "local", labels: [:], env: "/dev/null", state: "/srv/keeper")
        let far = TenantHost(id: "far", host: "i-0123456789abcdef0", transport: "ssm", labels: [:], env: "/etc/far.env", state: "/srv/far", region: "eu-central-1")
        let fleet = Fleet(tenants: [odd, far], others: [keeper])
        let (read, problems) = FleetFile.read(text: FleetText.text(fleet), path: "fleet.yaml")
        #expect(problems == [])
        #expect(read == fleet)
    }

    @Test("where a fleet is only to be filled, a file without tenants will do, and one with a slip will not")
    func unfilled() {
        let hosts = "hosts:\n  - { id: plane, host: p, transport: local, state: /s }\n"
        #expect(FleetFile.read(text: hosts, path: "f", withoutTenants: true).0?.others.map(\.id) == ["plane"])
        #expect(FleetFile.read(text: hosts + "tennants: []\n", path: "f", withoutTenants: true).0 == nil)
        #expect(FleetFile.read(text: hosts, path: "f").0 == nil)
    }

    @Test("a fleet without tenants is an error", arguments: ["tenants: []\n", "tenants:\n", "", "{}\n"])
    func empty(text: String) {
        let (fleet, problems) = FleetFile.read(text: text, path: "fleet.yaml")
        #expect(fleet == nil && problems.count == 1)
    }
}

@Suite("spelling")
struct SpellingTests {
    @Test("the nearest name is offered, and none when nothing is near", arguments: [
        ("backfil.copy", "backfill.copy"), ("archive", "legacy.archive"), ("Env.Wire", "env.wire"), ("evn.wire", "env.wire"), ("zzz", nil),
    ])
    func nearest(word: String, meant: String?) {
        #expect(Spelling.nearest(to: word, among: ["backfill.copy", "legacy.archive", "env.wire", "soak.wait"]) == meant)
    }
}
