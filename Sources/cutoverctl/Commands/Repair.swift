import ArgumentParser
import Cutover
import Phases

struct RepairCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Takes away what differs between a tenant's two stores and no agent made; --preview tells what would be done about each row.",
        discussion: """
            Before the freeze v2 is written from v1, after it from the frozen table. A row that came back after it was forgotten is deleted
            from v2; a row that only v2 has is looked at like a new one. What an agent's own entry explains is never touched, and every row
            of v2 that is written over or deleted is kept whole in cutover.v2_archive. Afterwards everything is compared again.

            Over HTTP nothing tells what agents forgot or edited in the plugin from what the plugin lost: such rows are left alone, unless
            --lost says that nobody did. Those that were listed already are sent again as well then.

            Deleting rows, more than 1000 rows, and reading the frozen table (the soak's clock begins again) want --confirm with the tenant
            once more. Exit codes are those of diff, of the comparison afterwards.
            """)

    @Argument(help: "The tenant.")
    var tenant: String
    @Option(help: "v1, or frozen: what was recorded at the freeze. Default: frozen once there is one.")
    var against: Diff.Against?
    @Option(help: "How long each comparison may take at most, such as 90s or 10m.")
    var within = "10m"
    @Flag(help: "Over HTTP: the plugin lost what changed in it, nobody forgot or edited it there. It is sent again.")
    var lost = false
    @Flag(help: "Only tell what would be done about each row; changes nothing.")
    var preview = false
    @Option(help: "Why; it is recorded.")
    var reason = ""
    @Option(help: "The tenant once more.")
    var confirm: String?
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions

    /// So many rows at once are no small matter.
    private static let many = 1000
    /// Two comparisons have to fit into one host operation.
    private static let askSeconds = 100

    func validate() throws {
        if Duration(shortForm: within) == nil { throw ValidationError("--within wants a whole number and a unit, s, m, h or d: 10m") }
    }

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try await Wiring(inputs, console).site(ifMissing: preview ? .standIn : .refuse, asking: preview)
        let tenant = try site.choice.tenant(tenant)
        let limit = Duration(shortForm: within) ?? .seconds(600)
        let comparing = Comparing(site: site, tenant: tenant, against: against?.rawValue, within: limit, console: console)
        let found = try await comparing.compare(fresh: false, includingListed: lost)
        if lost, found.overHTTP == nil {
            throw CommandFailure("--lost says nothing here", why: "the looks see who forgot or edited what in v2", next: "cutoverctl repair \(tenant) --preview", status: .usage)
        }
        if preview { return try await tell(found, comparing, tenant, console) }
        guard !found.differing.isEmpty else {
            let view = DiffView(tenant: tenant, found: found, consents: try await site.engine.standing(of: tenant).consents)
            console.show(output.json ? try view.summaryLine() : view.summary(console.paint))
            return view.status
        }
        try judge(found, tenant)
        let operation = RepairStores(against: found.against, withinSeconds: min(Self.askSeconds, Int(limit.components.seconds)), lost: lost, plan: site.plan)
        let intent = Evidence(found.differing.mapValues(String.init).merging(["against": found.against, "lost": String(lost)]) { one, _ in one })
        let result = try await site.engine.carryOut(
            operation, on: tenant, reason: reason.isEmpty ? "asked by \(site.engine.me)" : reason, facts: intent
        ) { result in
            Evidence([
                "written": String(result.written), "deleted": String(result.deleted), "looked": String(result.looked), "left": String(result.left),
                "clean": String(result.after.clean), "complete": String(result.after.complete),
            ])
        }.get()
        console.note("\(tenant): \(result.written) written, \(result.deleted) deleted, \(result.looked) looked at, \(result.left) left")
        let view = DiffView(tenant: tenant, found: result.after, consents: try await site.engine.standing(of: tenant).consents)
        console.show(output.json ? try JSONText.document(RepairReport(tenant: tenant, result)) : view.summary(console.paint))
        return view.status
    }

    /// What would be done, a line a row.
    private func tell(_ found: DiffStores.Result, _ comparing: Comparing, _ tenant: TenantID, _ console: Console) async throws -> CommandExit {
        let view = DiffView(tenant: tenant, found: found, consents: try await comparing.site.engine.standing(of: tenant).consents)
        try await comparing.eachLine(of: found) { line in
            let action = RepairStores.action(for: line.what, lost: lost)
            console.show(output.json ? try JSONText.line(RepairReport.Line(id: line.id, what: line.what, fields: line.fields, action: action)) : "\(action)  \(view.human(line))")
        }
        console.note(view.summary(console.paint))
        if found.against == "frozen", !found.differing.isEmpty { console.note("a repair reads the frozen table: the clock of the soak begins again") }
        return view.status
    }

    private func judge(_ found: DiffStores.Result, _ tenant: TenantID) throws(CommandFailure) {
        let deletes = found.differing["resurrected"] ?? 0
        let rows = found.differing.values.reduce(0, +)
        let isSevere = deletes > 0 || lost || rows > Self.many || found.against == "frozen"
        guard isSevere, confirm != tenant.text else { return }
        let why = deletes > 0 ? "\(deletes) rows would be deleted from v2" : lost ? "what agents forgot in the plugin, if they did, would come back" : found.against == "frozen" ? "the frozen table would be read, and the soak's clock begin again" : "\(rows) rows would be changed"
        throw CommandFailure("this repair has to be confirmed", why: why, next: "look first: cutoverctl repair \(tenant) --preview; then add --confirm \(tenant)", status: .usage)
    }
}

/// What a repair did, for programs.
struct RepairReport: Codable, Equatable {
    struct Line: Codable, Equatable {
        let id: String
        let what: String
        let fields: [String]
        let action: String
    }
    let formatVersion: Int
    let tenant: TenantID
    let found: [String: Int]
    let written: Int
    let deleted: Int
    let looked: Int
    let left: Int
    let after: DiffStores.Result

    init(tenant: TenantID, _ result: RepairStores.Result) {
        self.formatVersion = 1
        self.tenant = tenant
        self.found = result.found
        self.written = result.written
        self.deleted = result.deleted
        self.looked = result.looked
        self.left = result.left
        self.after = result.after
    }
}
