import Cutover

/// What the world said about finished steps when it was asked again.
struct CheckView {
    struct Tenant: Sendable, Equatable {
        let tenant: TenantID
        let steps: [CheckedStep]
    }
    let tenants: [Tenant]

    var status: CommandExit {
        .worst(of: tenants.flatMap(\.steps).map { step in
            switch step.finding {
            case .inPlace: .done
            case .absent, .partial: .changesPending
            case .unknown: .unknown
            }
        })
    }

    func human(_ paint: Paint) -> String {
        var table = Table(["TENANT", "STEP", "FOUND", "DETAIL"])
        for tenant in tenants {
            for step in tenant.steps {
                let found = step.finding
                table.add([tenant.tenant.text, step.step, found.words, found.detail], paint: [2: { found.isInPlace ? paint.green($0) : paint.red($0) }])
            }
            if tenant.steps.isEmpty { table.add([tenant.tenant.text, "-", "-", "no finished step to ask about"]) }
        }
        return table.text
    }

    func json() throws -> String {
        try JSONText.document(
            Document(tenants: tenants.map { tenant in
                Document.Tenant(
                    tenant: tenant.tenant,
                    steps: tenant.steps.map { .init(step: $0.step, finding: $0.finding.word, detail: $0.finding.detail, facts: $0.finding.facts) })
            }))
    }

    private struct Document: Encodable {
        struct Tenant: Encodable {
            let tenant: TenantID
            let steps: [Step]
        }
        struct Step: Encodable {
            let step: String
            let finding: String
            let detail: String
            let facts: [String: String]
        }
        let formatVersion = 1
        let tenants: [Tenant]
    }
}

extension Finding {
    var word: String {
        switch self {
        case .absent: "absent"
        case .partial: "partial"
        case .inPlace: "inPlace"
        case .unknown: "unknown"
        }
    }
    var words: String {
        switch self {
        case .absent: "gone"
        case .partial: "partly gone"
        case .inPlace: "in place"
        case .unknown: "unknown"
        }
    }
    var facts: [String: String] {
        switch self {
        case .absent(let evidence), .partial(let evidence), .inPlace(let evidence): evidence.facts
        case .unknown: [:]
        }
    }
    var detail: String {
        if case .unknown(let detail) = self { return detail }
        return facts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
}
