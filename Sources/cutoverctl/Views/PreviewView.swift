import Cutover

/// What would happen to each tenant, with the answers its gates give now.
struct PreviewView {
    let planDigest: String
    let tenants: [TenantPreview]

    func human(_ paint: Paint) -> String {
        tenants.map { tenant in
            if tenant.steps.isEmpty { return "\(tenant.tenant): nothing left to do" }
            return "\(tenant.tenant): \(tenant.steps.count) steps to come\n" + tenant.steps.map { step($0, paint) }.joined(separator: "\n")
        }.joined(separator: "\n\n")
    }

    private func step(_ step: StepPreview, _ paint: Paint) -> String {
        let marks = [step.reversible ? "" : paint.red("can't be undone"), step.risk == "high" ? paint.yellow("high risk") : ""].filter { !$0.isEmpty }
        let head = "  \(step.step)" + (marks.isEmpty ? "" : "  [\(marks.joined(separator: ", "))]")
        let gates = step.gates.map { gate in
            let answer = gate.answer == "open" ? paint.green("open") : paint.yellow(gate.answer)
            return "    gate: \(PlainText.line(gate.claim)): \(answer)" + (gate.detail.isEmpty ? "" : " (\(PlainText.line(gate.detail)))")
        }
        return ([head] + gates + step.commands.map { "    $ \(PlainText.line($0))" }).joined(separator: "\n")
    }

    func json() throws -> String { try JSONText.document(Document(planDigest: planDigest, tenants: tenants)) }

    /// The file that `-o` writes: the preview, and a digest that binds it to plan, standings and gate answers.
    func saved(heads: [TenantID: String]) throws -> String {
        let answers = tenants.flatMap { tenant in
            tenant.steps.flatMap { step in step.gates.map { "\(tenant.tenant)/\(step.step) \($0.claim) \($0.answer)" } }
        }
        let standings = Dictionary(uniqueKeysWithValues: heads.map { ($0.key.text, $0.value) })
        let bound = [planDigest] + standings.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" } + answers
        return try JSONText.document(
            Document(planDigest: planDigest, tenants: tenants, standings: standings, binding: Digest.sha256(bound.joined(separator: "\n"))))
    }

    private struct Document: Encodable {
        let formatVersion = 1
        let planDigest: String
        let tenants: [TenantPreview]
        var standings: [String: String]?
        var binding: String?
    }
}
