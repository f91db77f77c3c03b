import Cutover

/// Who could read what before, and who can after, counted in pairs of reader and memory.
struct AccessReport: Sendable, Codable, Equatable {
    struct Count: Sendable, Codable, Equatable {
        let scope: String
        let role: String
        let kept: Int
        let gained: Int
        let lost: Int
    }
    struct Pair: Sendable, Codable, Equatable {
        let reader: String
        let memory: String
        let scope: String
        let role: String
        let gained: Bool
    }
    let formatVersion: Int
    let tenant: TenantID
    /// `forth`, or `back` for a way back.
    let direction: String
    let gained: Int
    let lost: Int
    let counts: [Count]
    let examples: [Pair]

    init(tenant: TenantID, back: Bool, gained: Int, lost: Int, counts: [Count], examples: [Pair]) {
        self.formatVersion = 1
        self.tenant = tenant
        self.direction = back ? "back" : "forth"
        self.gained = gained
        self.lost = lost
        self.counts = counts
        self.examples = examples
    }
}

struct AccessView {
    let report: AccessReport

    func human(_ paint: Paint) -> String {
        let change = report.direction == "back" ? "going back from the new store to the old" : "moving from the old store to the new"
        var table = Table(["SCOPE", "READER", "KEPT", "GAINED", "LOST"])
        for count in report.counts {
            table.add(
                [count.scope, count.role, String(count.kept), String(count.gained), String(count.lost)],
                paint: [3: { count.gained > 0 ? paint.red($0) : $0 }, 4: { count.lost > 0 ? paint.yellow($0) : $0 }])
        }
        var parts = ["\(report.tenant): \(change), \(report.gained) pairs of reader and memory are gained and \(report.lost) lost"]
        if !report.counts.isEmpty { parts.append(table.text) }
        if !report.examples.isEmpty {
            parts.append((["for example:"] + report.examples.map { "  \(Self.line($0))" }).joined(separator: "\n"))
        }
        return parts.joined(separator: "\n\n")
    }

    func json() throws -> String { try JSONText.document(report) }

    static func line(_ pair: AccessReport.Pair) -> String {
        "\(pair.reader) \(pair.gained ? "gains" : "loses") \(pair.memory) (\(pair.scope), \(pair.role))"
    }

    static func jsonLine(_ pair: AccessReport.Pair) throws -> String { try JSONText.line(pair) }
}
