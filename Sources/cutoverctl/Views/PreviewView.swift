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

    private struct Document: Encodable {
        let formatVersion = 1
        let planDigest: String
        let tenants: [TenantPreview]
    }
}
