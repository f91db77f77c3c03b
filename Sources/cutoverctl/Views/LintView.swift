import PlanFiles

/// What is wrong with a plan file.
struct LintView {
    let path: String
    let problems: [Problem]

    func human(_ paint: Paint) -> String {
        if problems.isEmpty { return "\(path): \(paint.green("no problems"))" }
        let count = problems.count == 1 ? "1 problem" : "\(problems.count) problems"
        return problems.map(\.description).joined(separator: "\n") + "\n\(path): \(paint.red(count))"
    }

    func json() throws -> String { try JSONText.document(Document(plan: path, problems: problems)) }

    private struct Document: Encodable {
        let formatVersion = 1
        let plan: String
        let problems: [Problem]
    }
}
