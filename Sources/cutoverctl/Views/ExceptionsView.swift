import Cutover

/// The rows that one store has and the other can't hold, and those that both changed.
struct ExceptionsReport: Sendable, Codable, Equatable {
    struct Exception: Sendable, Codable, Equatable {
        let id: String
        let side: Int
        let reason: String
        let detail: String
        /// In both stores, and listed for what it holds.
        let carried: Bool
        let at: String
    }
    struct Conflict: Sendable, Codable, Equatable {
        let n: Int
        let id: String
        let kind: String
        let v1: String
        let v2: String
        let v1Digest: String
        let v2Digest: String
        let at: String
    }
    let formatVersion: Int
    let tenant: TenantID
    let counts: [String: Int]
    let exceptions: [Exception]
    let conflicts: [Conflict]

    init(tenant: TenantID, counts: [String: Int], exceptions: [Exception], conflicts: [Conflict]) {
        self.formatVersion = 1
        self.tenant = tenant
        self.counts = counts
        self.exceptions = exceptions
        self.conflicts = conflicts
    }

    /// Reasons of rows that changed in a plugin reached over HTTP, where only a person can tell why.
    static let changedInPlugin = ["absent-in-plugin", "edited-in-plugin", "many-changed-in-plugin"]

    /// The ids of one reason, sorted: what a signature binds to.
    func ids(of reason: String) -> [String] { exceptions.filter { $0.reason == reason }.map(\.id).sorted() }
}

struct ExceptionsView {
    let report: ExceptionsReport

    func human(_ paint: Paint) -> String {
        if report.exceptions.isEmpty, report.conflicts.isEmpty { return "\(report.tenant): no open exceptions and no conflicts" }
        var parts: [String] = []
        if !report.exceptions.isEmpty {
            let counts = report.counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
            var table = Table(["ID", "SIDE", "REASON", "SINCE", "DETAIL"])
            for row in report.exceptions { table.add([row.id, "v\(row.side)", row.reason, PlainText.moment(row.at), row.detail]) }
            parts.append("\(report.tenant): \(paint.yellow(counts))\n\(table.text)")
        }
        if !report.conflicts.isEmpty {
            var table = Table(["#", "ID", "KIND", "SINCE", "V1", "V2"])
            for row in report.conflicts { table.add([String(row.n), row.id, row.kind, PlainText.moment(row.at), short(row.v1), short(row.v2)]) }
            parts.append("\(report.tenant): \(paint.yellow("\(report.conflicts.count) conflicts"))\n\(table.text)")
        }
        return parts.joined(separator: "\n\n")
    }

    /// A person can choose: between two texts, or two rows.
    var hasChoices: Bool { report.conflicts.contains { $0.kind == "conflict" } || report.exceptions.contains { $0.reason == "suspected-twin" || ExceptionsReport.changedInPlugin.contains($0.reason) } }

    func json() throws -> String { try JSONText.document(report) }

    /// One id a line, each once: what is not the same in both stores.
    func ids() -> String { Array(Set(report.exceptions.filter { !$0.carried }.map(\.id) + report.conflicts.map(\.id))).sorted().joined(separator: "\n") }

    private func short(_ text: String) -> String { text.count > 40 ? text.prefix(39) + "…" : text }
}
