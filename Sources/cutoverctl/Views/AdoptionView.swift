import Cutover

/// What tenants under way would take up.
struct AdoptionView {
    let adoptions: [Adoption]

    var isRefused: Bool { adoptions.contains { $0.refused != nil } }

    func human(_ paint: Paint) -> String {
        if adoptions.isEmpty { return "no tenant under way has another revision of this plan" }
        return adoptions.map { adoption in
            let head = "\(adoption.tenant): revision \(adoption.fromRevision) (\(adoption.fromDigest.prefix(12))) to revision \(adoption.toRevision) (\(adoption.toDigest.prefix(12)))"
            let lines = adoption.changes.map { "  \(PlainText.line($0))" } + adoption.effects.map { "  \(paint.yellow("then:")) \(PlainText.line($0))" }
            return ([head] + lines + (adoption.refused.map { ["  \(paint.red("refused:")) \(PlainText.line($0))"] } ?? [])).joined(separator: "\n")
        }.joined(separator: "\n\n")
    }

    func json() throws -> String { try JSONText.document(Document(tenants: adoptions)) }

    private struct Document: Encodable {
        let formatVersion = 1
        let tenants: [Adoption]
    }
}
