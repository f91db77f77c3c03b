import Cutover
import Phases

/// Which store serves whom.
struct MatrixView {
    struct Tenant: Sendable, Equatable {
        let tenant: TenantID
        /// Nil when it could not be asked.
        var doors: AskDoors.Result?
        var why = ""

        var writes: [String] { Self.stores([doors?.agentWrites, doors?.oldWrites, doors?.keyValues?.writes]) }
        var reads: [String] { Self.stores([doors?.agentReads, doors?.oldReads, doors?.panel, doors?.search, doors?.keyValues?.reads]) }

        /// Each store once, the one that the first of these doors has first.
        private static func stores(_ doors: [AskDoors.Served?]) -> [String] {
            doors.reduce(into: []) { stores, served in
                guard let served, [.v1, .v2].contains(served), !stores.contains(served.rawValue) else { return }
                stores.append(served.rawValue)
            }
        }
    }
    let tenants: [Tenant]

    var status: CommandExit { tenants.contains { $0.doors == nil } ? .unknown : .done }

    func human(_ paint: Paint) -> String {
        let keys = tenants.contains { $0.doors?.keyValues != nil }
        let heads = ["TENANT", "WRITES", "READS", "AGENTS", "OLD ROUTE", "PANEL", "SEARCH"] + (keys ? ["KEYS"] : [])
        var table = Table(heads + ["NOTE"])
        for row in tenants {
            guard let doors = row.doors else {
                table.add([row.tenant.text] + heads.dropFirst().map { _ in "?" } + ["could not be asked: \(row.why)"], paint: [heads.count: paint.red])
                continue
            }
            table.add(
                [
                    row.tenant.text, Self.words(row.writes), Self.words(row.reads), Self.words(doors.agentWrites, doors.agentReads),
                    Self.words(doors.oldWrites, doors.oldReads), doors.panel.rawValue, doors.search.rawValue,
                ] + (keys ? [doors.keyValues.map { Self.words($0.writes, $0.reads) } ?? "?"] : []) + [doors.trouble], paint: [heads.count: paint.yellow])
        }
        return table.text
    }

    private static func words(_ stores: [String]) -> String { stores.isEmpty ? "nobody" : stores.joined(separator: ", ") }
    private static func words(_ writes: AskDoors.Served, _ reads: AskDoors.Served) -> String {
        writes == reads ? writes.rawValue : "\(writes.rawValue) / \(reads.rawValue)"
    }

    func json() throws -> String {
        try JSONText.document(
            Document(tenants: tenants.map { row in
                Document.Tenant(
                    tenant: row.tenant, asked: row.doors != nil, writes: row.writes, reads: row.reads, doors: row.doors.map(Document.Doors.init),
                    detail: row.doors?.trouble ?? row.why)
            }))
    }

    private struct Document: Encodable {
        struct Doors: Encodable {
            struct Door: Encodable {
                let writes: AskDoors.Served?
                let reads: AskDoors.Served
            }
            let agents: Door
            let oldRoute: Door
            let panel: Door
            let search: Door
            let keys: Door?

            init(_ told: AskDoors.Result) {
                agents = Door(writes: told.agentWrites, reads: told.agentReads)
                oldRoute = Door(writes: told.oldWrites, reads: told.oldReads)
                panel = Door(writes: nil, reads: told.panel)
                search = Door(writes: nil, reads: told.search)
                keys = told.keyValues.map { Door(writes: $0.writes, reads: $0.reads) }
            }
        }
        struct Tenant: Encodable {
            let tenant: TenantID
            let asked: Bool
            let writes: [String]
            let reads: [String]
            let doors: Doors?
            let detail: String
        }
        let formatVersion = 1
        let tenants: [Tenant]
    }
}
