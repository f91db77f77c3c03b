/// What somebody was shown of some tenants, to be carried out as it was shown or not at all, and once.
///
/// It binds to the plan's digest, to where each tenant stood and to what its gates answered. What a gate says beside its answer (counts
/// of rows) and the commands are information: they may have changed since.
public struct SavedPreview: Sendable, Codable, Equatable {
    /// Where a tenant stood when it was shown.
    public struct Stand: Sendable, Codable, Equatable {
        public let revision: Int
        /// Of the tenant's newest event; of no meaning at revision 0.
        public let hash: String
        public let state: String
        public init(revision: Int, hash: String, state: String) {
            self.revision = revision
            self.hash = hash
            self.state = state
        }
    }

    public static let formatVersion = 1

    public let formatVersion: Int
    /// By chance, so that no two previews are the same one.
    public let preview: String
    public let at: String
    public let planName: String
    public let planRevision: Int
    public let planDigest: String
    /// Waves and budget choose who of the tenants may begin; otherwise they were named.
    public let byWaves: Bool
    /// The last step that is carried out; the plan's last when nil.
    public let to: String?
    public let tenants: [TenantPreview]
    public let standings: [String: Stand]
    /// Over everything above.
    public let binding: String

    public init(preview: String, at: Timestamp, plan: Plan, byWaves: Bool, to: String?, tenants: [TenantPreview], standings: [TenantID: Stand]) {
        self.formatVersion = Self.formatVersion
        self.preview = preview
        self.at = at.description
        self.planName = plan.name
        self.planRevision = plan.revision
        self.planDigest = plan.digest
        self.byWaves = byWaves
        self.to = to
        self.tenants = tenants
        self.standings = Dictionary(uniqueKeysWithValues: standings.map { ($0.key.text, $0.value) })
        self.binding = Self.binding(
            [preview, at.description, plan.name, String(plan.revision), plan.digest, String(byWaves), to ?? ""], tenants, self.standings)
    }

    /// False for a file that somebody changed by hand. No proof against whoever computes the digest anew: they could as well preview anew.
    public var isWhole: Bool {
        let head = [preview, at, planName, String(planRevision), planDigest, String(byWaves), to ?? ""]
        return formatVersion == Self.formatVersion && binding == Self.binding(head, tenants, standings) && Set(standings.keys) == Set(tenants.map(\.tenant.text))
            && standings.count == tenants.count
    }

    private static func binding(_ head: [String], _ tenants: [TenantPreview], _ standings: [String: Stand]) -> String {
        var parts = ["cutover preview 1"] + head
        for (tenant, stand) in standings.sorted(by: { $0.key < $1.key }) { parts += [tenant, String(stand.revision), stand.hash, stand.state] }
        for tenant in tenants {
            parts += [tenant.tenant.text, String(tenant.steps.count)]
            for step in tenant.steps {
                parts += [step.step, String(step.reversible), step.risk, String(step.gates.count)] + step.gates.flatMap { [$0.claim, $0.answer, $0.detail] }
                parts += [String(step.commands.count)] + step.commands
            }
        }
        return Digest.sha256(parts.map { "\($0.utf8.count):\($0)" }.joined(separator: "\n"))
    }
}

extension TenantPreview {
    /// The same, no further than `step`.
    public func upTo(_ step: PlannedStep?, of plan: Plan) -> TenantPreview {
        guard let step, let last = plan.steps.firstIndex(where: { $0.id == step.id }) else { return self }
        let places = Set(plan.steps[...last].map(\.place))
        return TenantPreview(tenant: tenant, steps: steps.filter { places.contains($0.step) })
    }
}
