import ArgumentParser
import Cutover

struct Diff: Command {
    static let configuration = CommandConfiguration(
        abstract: "What differs between a tenant's two stores, every row of it; with --access, who can read which memory.",
        usage: "cutoverctl diff TENANT [--against v1|frozen] [--within 10m] [--ids] | --access [--back] [--list]",
        discussion: """
            Every row and field is compared inside the tenant's database. What was proven stays noted on the host, so that a comparison that
            was stopped, or whose time was up, goes on where it was. Rows that changed meanwhile are compared again.

            Exit codes: 0 nothing differs, 2 rows differ (cutoverctl repair TENANT --preview), 3 changes since the freeze want a signature,
            6 the time was up first, or rows are still under way: the rest is not known.
            """)

    @Argument(help: "The tenant.")
    var tenant: String
    @Option(help: "v1, or frozen: what was recorded at the freeze. Default: frozen once there is one.")
    var against: Against?
    @Option(help: "How long at most, such as 90s or 10m.")
    var within = "10m"
    @Flag(help: "Begin anew instead of going on.")
    var fresh = false
    @Flag(help: "Only the ids of the rows that differ, one a line.")
    var ids = false
    @Flag(help: "Who gains and who loses what, counted in pairs of reader and memory.")
    var access = false
    @Flag(help: "With --access: what a way back would change, from the new store's rules to the old one's.")
    var back = false
    @Flag(help: "With --access: every pair that changes, one a line, as they are found.")
    var list = false
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var stream: StreamOptions

    enum Against: String, ExpressibleByArgument, Sendable { case v1, frozen }

    func validate() throws {
        if !access, back || list { throw ValidationError("--back and --list belong to --access") }
        if Duration(shortForm: within) == nil { throw ValidationError("--within wants a whole number and a unit, s, m, h or d: 10m") }
    }

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try await Wiring(inputs, console).site(ifMissing: .standIn, asking: true)
        let tenant = try site.choice.tenant(tenant)
        if access { return try await compareAccess(tenant, site, console) }
        let comparing = Comparing(site: site, tenant: tenant, against: against?.rawValue, within: Duration(shortForm: within) ?? .seconds(600), console: console)
        let found = try await comparing.compare(fresh: fresh)
        let view = DiffView(tenant: tenant, found: found, consents: try await site.engine.standing(of: tenant).consents)
        try await show(view, comparing, console)
        return view.status
    }

    /// A page of lines at a time, whatever their number.
    private func show(_ view: DiffView, _ comparing: Comparing, _ console: Console) async throws {
        if ids {
            try await comparing.eachLine(of: view.found) { console.show($0.id) }
        } else if stream.jsonLines {
            try await comparing.eachLine(of: view.found) { console.show(try JSONText.line($0)) }
            console.show(try view.summaryLine())
        } else if output.json {
            let (head, tail) = try view.document()
            console.show(head)
            var isFirst = true
            try await comparing.eachLine(of: view.found) { line in
                console.show("    \(isFirst ? "" : ", ")\(try JSONText.line(line))")
                isFirst = false
            }
            console.show(tail)
        } else {
            try await comparing.eachLine(of: view.found) { console.show(view.human($0)) }
            console.show(view.summary(console.paint))
        }
    }

    private func compareAccess(_ tenant: TenantID, _ site: Wiring.Site, _ console: Console) async throws -> CommandExit {
        let questions = MemoryQuestions(engine: site.engine)
        if list {
            try await questions.eachAccessPair(of: tenant, back: back) { pair in
                console.show(try output.json ? AccessView.jsonLine(pair) : AccessView.line(pair))
            }
        } else {
            let view = AccessView(report: try await questions.access(of: tenant, back: back))
            console.show(output.json ? try view.json() : view.human(console.paint))
        }
        return .done
    }
}
