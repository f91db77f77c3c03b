import Cutover
import Simulation

/// What became of a simulated fleet.
struct SimulationView {
    let report: SimulationReport

    func human(_ paint: Paint) -> String {
        let mishaps = report.mishaps.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        var text = "\(report.plan): \(report.tenants) tenants over \(report.days) days, seed \(report.seed)\(mishaps.isEmpty ? "" : "; \(mishaps)")\n\n"
        var waves = Table(["WAVE", "TENANTS", "OPENED", "DONE"])
        for wave in report.waves { waves.add([wave.name, String(wave.tenants), Self.day(wave.firstDay), wave.lastDay.map(Self.day) ?? "-"]) }
        var words = Table(["MILESTONE", "TENANTS", "FIRST", "LAST"])
        for milestone in report.milestones { words.add([milestone.name, String(milestone.tenants), Self.day(milestone.firstDay), milestone.lastDay.map(Self.day) ?? "-"]) }
        text += "\(waves.text)\n\n\(words.text)\n\n"
        if !report.stands.isEmpty {
            var stands = Table(["TENANTS", "STATE", "STEP", "WHY", "SUCH AS"])
            for group in report.stands { stands.add([String(group.tenants), group.state, group.step, group.why.isEmpty ? "-" : group.why, group.named.prefix(3).joined(separator: " ")]) }
            text += "\(stands.text)\n\n"
        }
        let end = report.done == report.tenants ? "all \(report.tenants) are done on \(Self.day(report.lastEventDay))" : "\(report.done) of \(report.tenants) are done; the last event is of \(Self.day(report.lastEventDay))"
        text += "\(end)\nmost at once: \(Self.limit(report.inMotion, "in motion", beyond: "beyond that by a person's word"))"
        text += ", \(Self.limit(report.exposed, "exposed")), \(Self.limit(report.failures, "failures", beyond: "beyond that nothing new began"))\n"
        text += "\(report.events) events judged: "
        if report.violations.isEmpty { return text + paint.green("every promise held") }
        return text + paint.red("\(report.violations.count) broken promises") + "\n" + report.violations.prefix(20).joined(separator: "\n")
    }

    func json() throws -> String { try JSONText.document(report) }

    static func rounded(_ duration: Duration) -> String {
        let tenths = Int(duration.components.seconds) * 10 + Int(duration.components.attoseconds / 100_000_000_000_000_000)
        return "\(tenths / 10).\(tenths % 10) s"
    }

    private static func day(_ day: Double) -> String { "day \(day)" }
    /// - Parameter beyond: how there may lawfully be more; what is not lawful is among the violations.
    private static func limit(_ limit: SimulationReport.Limit, _ what: String, beyond: String? = nil) -> String {
        let excess = beyond.flatMap { limit.most > limit.allowed ? " (\($0))" : nil } ?? ""
        return "\(limit.most) of \(limit.allowed) \(what)\(excess)"
    }
}
