import ArgumentParser
import Foundation
import LabKit

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "What runs, and how many rows lie where.")

    @OptionGroup var lab: LabRoot

    @Flag(help: "One JSON document.")
    var json = false

    func run() throws {
        let status = try LabStatus.look(root: lab.root)
        if json {
            try printJSON(Document(postgres: word(status.postgresIsUp), ssm: status.ssmIsUp.map(word), tenants: status.tenants))
            return
        }
        print("postgres \(word(status.postgresIsUp))")
        if let ssm = status.ssmIsUp { print("ssm \(word(ssm))") }
        print(line("TENANT", "SERVER", "PLUGIN", "AGENTS", "V1", "V2"))
        for tenant in status.tenants {
            print(line(tenant.tenant, tenant.server, tenant.plugin, tenant.agents, rows(tenant.v1), rows(tenant.v2)))
        }
    }

    private struct Document: Encodable {
        var formatVersion = 1
        let postgres: String
        let ssm: String?
        let tenants: [LabStatus.Tenant]
    }

    private func word(_ isUp: Bool) -> String { isUp ? "up" : "down" }

    private func rows(_ count: Int?) -> String { count.map(String.init) ?? "-" }

    private func line(_ fields: String...) -> String {
        fields.map { $0.padding(toLength: max(10, $0.count), withPad: " ", startingAt: 0) }.joined(separator: " ")
    }
}

/// Prints a value as one JSON document with its keys in order.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
}
