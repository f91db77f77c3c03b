import Cutover
import Testing

@testable import PlanFiles

@Suite("a fleet file of one line a tenant") struct FleetLinesTests {
    private static let fleet = Fleet(
        tenants: [
            TenantHost(id: "acme", host: "10.0.0.1", transport: "local", labels: ["env": "production", "ring": "2"], env: "/etc/acme.env", state: "/var/lib/cutover/acme"),
            TenantHost(id: "0-z_2.b", host: "box.example", transport: "ssh", labels: [:], env: "/etc/zeta.env", state: "/srv/zeta"),
        ], others: [TenantHost(id: "books", host: "books.example", transport: "ssh", labels: [:], env: "/dev/null", state: "/var/lib/cutover/books")])

    /// As the reader of YAML has it, alone.
    private static func slowly(_ text: String) -> (Fleet?, [Problem]) {
        let findings = Findings(file: "fleet.yaml")
        let fleet = Document(text: text, begin: "tenants:", most: Document.most.fleet, findings: findings).root.flatMap { FleetReader(findings: findings).fleet($0, false) }
        return findings.isEmpty ? (fleet, []) : (nil, findings.problems)
    }

    @Test("is read as it was written, without a reader of YAML")
    func read() {
        let text = FleetText.text(Self.fleet)
        #expect(FleetLines.fleet(text) == Self.fleet)
        #expect(Self.slowly(text).0 == Self.fleet)
        #expect(FleetLines.fleet("tenants:\n  - { id: a, host: h, transport: ssh, env: /e }\n")?.tenants.first?.state == "/var/lib/cutover/a")
    }

    @Test("what it takes the reader of YAML takes for the same, whatever was changed by a hand that slipped")
    func slips() {
        let text = Array(FleetText.text(Self.fleet))
        let typed: [Character] = ["a", "0", " ", "\n", ",", ":", "\"", "}", "#", "-", ".", "/", "~"]
        var taken = 0
        for place in text.indices {
            for character in typed {
                for isInserted in [true, false] {
                    var changed = text
                    if isInserted { changed.insert(character, at: place) } else { changed[place] = character }
                    guard let fleet = FleetLines.fleet(String(changed)) else { continue }
                    taken += 1
                    let (other, problems) = Self.slowly(String(changed))
                    #expect(other == fleet && problems.isEmpty, "\(String(changed))")
                }
            }
        }
        #expect(taken > 200, "\(taken) of the changed texts were of the form")
    }

    @Test("what could be read in two ways, or has a flaw, is left to the reader of YAML", arguments: [
        ("host: \"10.0.0.1\"", "host: null"), ("host: \"10.0.0.1\"", "host: NULL"), ("host: \"10.0.0.1\"", "host: ~"), ("host: \"10.0.0.1\"", "host: \"\""),
        ("host: \"10.0.0.1\"", "host: AKIAIOSFODNN7EXAMPLE"), ("host: \"10.0.0.1\"", "host: x, host: y"), ("transport: local", "transport: ssm"), ("transport: local", "transport: pigeon"),
        ("id: acme", "id: Acme"), ("id: acme", "id: books"), ("env: /etc/acme.env", "env: etc/acme.env"), ("env: /etc/acme.env", "env: /etc/../acme.env"), ("tenants:\n", "tenants: # all\n"),
        ("env: production, ", "env: production, env: lab, "), ("  - { id: acme", "  -  { id: acme"), (", env: /etc/acme.env", ""),
    ])
    func left(_ slip: (old: String, new: String)) {
        let text = FleetText.text(Self.fleet)
        #expect(text.contains(slip.old), "\(slip.old) is in the text")
        #expect(FleetLines.fleet(text.replacing(slip.old, with: slip.new)) == nil)
    }
}
