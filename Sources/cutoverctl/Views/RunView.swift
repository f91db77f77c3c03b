import Cutover

/// What a loop is at, at one moment: one line for logs and service managers, or a table at the foot of a terminal.
struct RunView {
    let plan: Plan
    let picture: RunAccount.Picture
    let tenants: [TenantID]
    let now: Timestamp

    /// In the order in which people ask.
    private static let order: [RunAccount.Doing] = [.done, .progress, .clock, .world, .person, .queue]

    private var counts: [RunAccount.Doing: Int] {
        tenants.reduce(into: [:]) { counts, tenant in
            if let doing = picture.doing(tenant) { counts[doing, default: 0] += 1 }
        }
    }

    /// The whole fleet in a line.
    var line: String {
        let counts = counts
        var parts = Self.order.compactMap { doing in
            counts[doing].map { "\($0) \(Self.words(doing))" }
        }
        parts.insert("\(tenants.count) tenants", at: 0)
        if let trouble = picture.trouble { parts.append("in trouble: \(trouble)") }
        let drifted = picture.statuses.values.count { $0.drift != nil }
        if drifted > 0 { parts.append("\(drifted) drifted") }
        return PlainText.line(parts.joined(separator: ", "))
    }

    static func words(_ doing: RunAccount.Doing) -> String {
        switch doing {
        case .progress: "moving"
        case .clock: "waiting for a clock"
        case .world: "waiting for an answer"
        case .person: "waiting for a person"
        case .queue: "not admitted yet"
        case .done: "done"
        }
    }

    /// - Parameters:
    ///   - rows: how many lines there may be.
    ///   - columns: no line is wider: one that wraps could not be taken away again.
    func table(rows: Int, columns: Int, _ paint: Paint) -> [String] {
        let shown = tenants.filter { weight($0) > 0 }.sorted { (weight($1), $0) < (weight($0), $1) }
        let room = max(0, rows - 3)
        var table = Table(["TENANT", "MILESTONE", "STEP", "STATE", "FOR", "DETAIL"])
        for tenant in shown.prefix(room) {
            let (status, outcome) = (picture.statuses[tenant], picture.outcomes[tenant])
            let step = status.map { $0.step.isEmpty ? "-" : "\($0.phase)/\($0.step)" } ?? "-"
            let milestone = status.map { $0.milestone.isEmpty ? "-" : $0.milestone } ?? "-"
            let since = status.flatMap { Timestamp($0.since) }.map { Self.span(now.seconds(since: $0)) } ?? "-"
            let detail = picture.progress[tenant].map { Self.bar($0) } ?? outcome?.detail ?? ""
            table.add([tenant.text, milestone, step, outcome?.word ?? "-", since, detail])
        }
        var lines = shown.isEmpty ? [] : table.text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0.prefix(max(1, columns - 1))) }
        for (index, tenant) in shown.prefix(room).enumerated() where index + 1 < lines.count {
            if let outcome = picture.outcomes[tenant] { lines[index + 1] = Self.colour(outcome, lines[index + 1], paint) }
        }
        if let head = lines.first { lines[0] = paint.dim(head) }
        if shown.count > room { lines.append(String("and \(shown.count - room) more: cutoverctl status".prefix(max(1, columns - 1)))) }
        let rests = picture.restsUntil.map { ", rests until \(PlainText.moment($0.description))" } ?? ""
        return lines + [String("\(line)\(rests)".prefix(max(1, columns - 1)))]
    }

    /// Who is shown first: those in trouble, then those that move, then those that wait. 0: not at all.
    private func weight(_ tenant: TenantID) -> Int {
        guard let outcome = picture.outcomes[tenant] else { return 0 }
        switch outcome {
        case .failed, .unknown: return 5
        case .gatedByPerson, .held: return 4
        case .advanced: return 3
        case .gatedByTime, .leased: return 2
        case .waiting: return 1
        case .notAdmitted, .finished, .reached, .settled: return 0
        }
    }

    private static func colour(_ outcome: FleetRun.Outcome, _ text: String, _ paint: Paint) -> String {
        switch outcome {
        case .failed, .unknown: paint.red(text)
        case .gatedByPerson, .gatedByTime, .held, .leased: paint.yellow(text)
        case .advanced: paint.green(text)
        default: text
        }
    }

    private static func bar(_ progress: StepProgress) -> String {
        guard let share = progress.share else { return progress.line }
        let filled = Int(min(1, max(0, share)) * 10)
        return "[\(String(repeating: "#", count: filled))\(String(repeating: "-", count: 10 - filled))] \(progress.line)"
    }

    /// 42s, 7m, 5h, 12d.
    static func span(_ seconds: Double) -> String {
        let whole = Int(max(0, seconds))
        switch whole {
        case ..<60: return "\(whole)s"
        case ..<3600: return "\(whole / 60)m"
        case ..<86_400: return "\(whole / 3600)h"
        default: return "\(whole / 86_400)d"
        }
    }
}
