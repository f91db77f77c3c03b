import Cutover

/// The fleet at one moment.
struct StatusView {
    let report: StatusReport
    /// How far the copy is, where hosts were asked.
    var live: [TenantID: String] = [:]
    /// The checks that people have set aside, as far as they still count.
    var waivers: [TenantID: [Waiver]] = [:]
    /// Tenants that the journal knows and the fleet file does not.
    let strangers: [TenantID]
    /// The moment it is told of, where that is not now.
    var at: Timestamp?

    func human(_ paint: Paint) -> String {
        var table = Table(["TENANT", "WAVE", "MILESTONE", "STEP", "STATE", "SINCE", "NEXT"])
        for tenant in report.tenants {
            let step = tenant.step.isEmpty ? "-" : "\(tenant.phase)/\(tenant.step)"
            table.add(
                [
                    tenant.tenant.text, tenant.wave.isEmpty ? "-" : tenant.wave, tenant.milestone.isEmpty ? "-" : tenant.milestone, step,
                    tenant.state.rawValue, tenant.since.isEmpty ? "-" : PlainText.moment(tenant.since), tenant.held.map { "held by \($0)" } ?? tenant.next,
                ], paint: [4: { Self.colour(tenant.state, paint, $0) }])
        }
        let budget = report.budget
        let spent = budget.failures > budget.allowed
        let failures = "\(budget.failures) of \(budget.allowed) allowed failures"
        var parts = ["\(budget.inMotion) of \(budget.atOnce) in motion", spent ? paint.red(failures) : failures]
        if budget.exposed > 0 { parts.append("\(budget.exposed) of \(budget.exposedAllowed) exposed") }
        if budget.stragglers > 0 { parts.append("\(budget.stragglers) of \(budget.stragglersAllowed) stragglers") }
        let legend = "budget: \(parts.joined(separator: ", "))"
        let plan = "plan \(report.plan.name) revision \(report.plan.revision) (\(report.plan.digest.prefix(12)))"
        let others = strangers.isEmpty ? "" : "\nin the journal, but not in the fleet file: \(strangers.map(\.text).joined(separator: ", "))"
        let progress = report.tenants.compactMap { tenant in told(tenant).map { "\n\(tenant.tenant): \(PlainText.line($0))" } }.joined()
        let waived = report.tenants.flatMap { tenant in (waivers[tenant.tenant] ?? []).map { "\n" + paint.red(Self.line($0, of: tenant.tenant)) } }.joined()
        let abandoned = report.tenants.flatMap { tenant in (tenant.abandoned ?? []).map { "\n" + paint.red(Self.line($0, of: tenant.tenant)) } }.joined()
        let drifted = report.tenants.compactMap { tenant in
            tenant.drift.map { "\n" + paint.red("DRIFT: \(tenant.tenant): no longer as it was left: \($0.joined(separator: ", ")); next: cutoverctl check \(tenant.tenant)") }
        }.joined()
        let moment = at.map { "as the journal had it at \($0)\n\n" } ?? ""
        return "\(moment)\(table.text)\(drifted.isEmpty ? "" : "\n\(drifted)")\(abandoned.isEmpty ? "" : "\n\(abandoned)")\(waived.isEmpty ? "" : "\n\(waived)")\(progress.isEmpty ? "" : "\n\(progress)")\n\n\(legend)\n\(plan)\(others)"
    }

    private static func line(_ waiver: Waiver, of tenant: TenantID) -> String {
        let word = waiver.brokeGlass ? "GLASS BROKEN" : "WAIVED"
        return PlainText.line("\(word): \(tenant)/\(waiver.step): “\(waiver.check)” by \(waiver.by) until \(PlainText.moment(waiver.expires)): \(waiver.reason)")
    }

    private static func line(_ given: Abandonment, of tenant: TenantID) -> String {
        PlainText.line("ABANDONED: \(tenant)\(given.step.map { "/\($0), its outcome" } ?? "") by \(given.by) at \(PlainText.moment(given.at)): \(given.reason)")
    }

    /// What the host said, or the last checkpoint of the journal.
    private func told(_ tenant: TenantStatus) -> String? {
        if let line = live[tenant.tenant] { return line }
        guard let checkpoint = tenant.progress else { return nil }
        let facts = checkpoint.facts
        var parts = facts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        if let of = facts["of"], let done = facts["copied"] ?? facts["done"] {
            parts = ["\(done) of \(of) rows\(facts["stage"].map { " \($0)" } ?? "")"]
            if let rate = facts["rowsPerSecond"] { parts.append("\(rate) rows/s") }
            if let left = facts["left"] { parts.append(left) }
            if let bound = facts["bound"] { parts.append("waits: \(bound) is \(facts["value"] ?? "?"), \(facts["limit"] ?? "?") allowed") }
            if let lag = facts["lagEntries"] { parts.append("lag \(lag) changes, \(facts["lagSeconds"] ?? "0") s") }
            if let behind = facts["behind"] { parts.append(behind) }
            if let over = facts["overwrittenUnread"] { parts.append("\(over) overwritten unread, \(facts["forgottenUnread"] ?? "0") forgotten unread") }
            if let trouble = facts["trouble"] { parts.append("the plugin is in trouble: \(trouble)") }
        }
        return "\(parts.joined(separator: ", ")) (at \(PlainText.moment(checkpoint.at.description)))"
    }

    func json() throws -> String {
        let lines = try report.tenants.map { try text(of: $0) }
        // The tenants are the last of its keys.
        let (frame, empty) = (try JSONText.document(document(of: [])), "[\n\n  ]\n}")
        guard !lines.isEmpty, frame.hasSuffix(empty) else { return try JSONText.document(document) }
        return frame.dropLast(empty.count) + "[\n" + lines.joined(separator: ",\n") + "\n  ]\n}"
    }

    /// One tenant as it stands in the document: most have nothing but plain words, and are written without an encoder, which takes as long for a
    /// large fleet as all the rest.
    private func text(of status: TenantStatus) throws -> String {
        let isPlain = status.progress == nil && status.abandoned == nil && status.drift == nil && live[status.tenant] == nil && waivers[status.tenant, default: []].isEmpty
        guard isPlain else {
            let line = try JSONText.document(Line(status, live: live[status.tenant], waivers: waivers[status.tenant] ?? []))
            return "    " + line.replacing("\n", with: "\n    ")
        }
        var keys = [
            ("held", status.held), ("milestone", status.milestone), ("next", status.next), ("phase", status.phase), ("since", status.since), ("state", status.state.rawValue),
            ("step", status.step), ("tenant", status.tenant.text),
        ]
        if let trouble = status.trouble { keys.append(("trouble", trouble.rawValue)) }
        keys.append(("wave", status.wave))
        return try "    {\n" + keys.map { key, value in "      \"\(key)\" : \(try value.map(JSONText.text) ?? "null")" }.joined(separator: ",\n") + "\n    }"
    }

    /// For `--watch`: one document a line.
    func jsonLine() throws -> String { try JSONText.line(document) }

    /// A tenant a line, each with the moment it is told of where that is not now.
    func lines() throws -> [String] { try document(of: report.tenants).tenants.map { try JSONText.line(Row(line: $0, at: at?.description)) } }

    static let columns = ["tenant", "wave", "milestone", "phase", "step", "state", "since", "held", "next"]

    func csv() -> [String] {
        [CSVText.row(Self.columns)]
            + report.tenants.map { CSVText.row([$0.tenant.text, $0.wave, $0.milestone, $0.phase, $0.step, $0.state.rawValue, $0.since, $0.held ?? "", $0.next]) }
    }

    private static func colour(_ state: TenantStatus.State, _ paint: Paint, _ text: String) -> String {
        switch state {
        case .done: paint.green(text)
        case .failed, .inDoubt, .quarantined: paint.red(text)
        case .gated, .held, .reverting, .reverted: paint.yellow(text)
        case .pending: paint.dim(text)
        case .running, .waiting: text
        }
    }

    /// The same by the general encoder.
    var document: some Encodable { document(of: report.tenants) }

    private func document(of tenants: [TenantStatus]) -> Document {
        Document(
            formatVersion: report.formatVersion, at: at?.description, plan: report.plan, tenants: tenants.map { Line($0, live: live[$0.tenant], waivers: waivers[$0.tenant] ?? []) },
            budget: report.budget)
    }

    private struct Document: Encodable {
        let formatVersion: Int
        let at: String?
        let plan: StatusReport.PlanLine
        let tenants: [Line]
        let budget: StatusReport.Budget
    }

    private struct Row: Encodable {
        enum Key: String, CodingKey { case formatVersion, at }
        let line: Line
        let at: String?

        func encode(to encoder: any Encoder) throws {
            try line.encode(to: encoder)
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(1, forKey: .formatVersion)
            try container.encodeIfPresent(at, forKey: .at)
        }
    }

    /// A tenant with every key, `held` too where nobody holds it.
    private struct Line: Encodable {
        enum Key: String, CodingKey { case tenant, wave, milestone, phase, step, state, since, held, next, progress, live, trouble, waivers, abandoned, drift }
        let status: TenantStatus
        let live: String?
        let waivers: [Waiver]

        init(_ status: TenantStatus, live: String?, waivers: [Waiver]) {
            self.status = status
            self.live = live
            self.waivers = waivers
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(status.tenant, forKey: .tenant)
            try container.encode(status.wave, forKey: .wave)
            try container.encode(status.milestone, forKey: .milestone)
            try container.encode(status.phase, forKey: .phase)
            try container.encode(status.step, forKey: .step)
            try container.encode(status.state, forKey: .state)
            try container.encode(status.since, forKey: .since)
            try container.encode(status.held, forKey: .held)
            try container.encode(status.next, forKey: .next)
            try container.encodeIfPresent(status.progress, forKey: .progress)
            try container.encodeIfPresent(live, forKey: .live)
            try container.encodeIfPresent(status.trouble, forKey: .trouble)
            try container.encodeIfPresent(status.abandoned, forKey: .abandoned)
            try container.encodeIfPresent(status.drift, forKey: .drift)
            if !waivers.isEmpty { try container.encode(waivers, forKey: .waivers) }
        }
    }
}
