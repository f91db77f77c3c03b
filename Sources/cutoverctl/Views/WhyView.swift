import Cutover

/// The first thing that keeps a tenant from going on.
struct WhyView {
    let reason: Reason

    func human(_ paint: Paint) -> String {
        let step = reason.step.isEmpty ? reason.tenant.text : "\(reason.tenant)/\(reason.step)"
        let lines = [
            paint.yellow(step), "  claim:      \(reason.claim)", "  answer:     \(reason.answer)",
            "  since:      \(reason.since.isEmpty ? "-" : PlainText.moment(reason.since))", "  cleared by: \(reason.clearedBy)", "  next:       \(reason.next)",
        ]
        return lines.map { paintless in paintless == lines[0] ? paintless : PlainText.line(paintless) }.joined(separator: "\n")
    }

    func json() throws -> String { try JSONText.document(Document(reason: reason)) }

    private struct Document: Encodable {
        enum Key: String, CodingKey { case formatVersion }
        let reason: Reason

        func encode(to encoder: any Encoder) throws {
            try reason.encode(to: encoder)
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(1, forKey: .formatVersion)
        }
    }
}
