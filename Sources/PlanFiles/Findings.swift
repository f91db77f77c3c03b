import Yams

/// The problems of one file, gathered while it is read, so that all of them are told at once.
final class Findings {
    let file: String
    private var found: [Problem] = []
    private var known: Set<Problem> = []

    init(file: String) { self.file = file }

    var isEmpty: Bool { found.isEmpty }
    /// In the order of the file.
    var problems: [Problem] {
        found.enumerated().sorted { left, right in
            let (a, b) = (left.element, right.element)
            return (a.line, a.column, left.offset) < (b.line, b.column, right.offset)
        }.map(\.element)
    }

    func note(_ node: Node?, _ what: String, fix: String) {
        note(line: node?.mark?.line ?? 1, column: node?.mark?.column ?? 1, what, fix: fix)
    }

    func note(line: Int, column: Int, _ what: String, fix: String) {
        let problem = Problem(file: file, line: line, column: column, what: what, fix: fix)
        // Two rules can come upon the same slip.
        if known.insert(problem).inserted { found.append(problem) }
    }
}
