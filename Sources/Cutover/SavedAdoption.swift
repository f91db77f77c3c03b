/// What somebody was shown of tenants that are to take up a changed plan: to be taken up as it was shown, or not at all.
///
/// It binds to the new plan's digest and to where each tenant stood. It needs no mark of having been used: a tenant that has taken the plan
/// up does not stand there any more.
public struct SavedAdoption: Sendable, Codable, Equatable {
    public static let formatVersion = 1

    public let formatVersion: Int
    public let at: String
    public let planName: String
    public let planRevision: Int
    public let planDigest: String
    public let adoptions: [Adoption]
    public let standings: [String: SavedPreview.Stand]
    /// Over everything above. It tells a cut-off or edited file; it is no signature.
    public let binding: String

    public init(at: Timestamp, plan: Plan, shown: [ShownAdoption]) {
        formatVersion = Self.formatVersion
        self.at = at.description
        planName = plan.name
        planRevision = plan.revision
        planDigest = plan.digest
        adoptions = shown.map(\.adoption)
        standings = Dictionary(uniqueKeysWithValues: shown.map { ($0.adoption.tenant.text, $0.stand) })
        binding = Self.binding([self.at, planName, String(planRevision), planDigest], adoptions, standings)
    }

    /// False for one that was changed since it was saved.
    public var isWhole: Bool {
        formatVersion == Self.formatVersion && Set(standings.keys) == Set(adoptions.map(\.tenant.text)) && standings.count == adoptions.count
            && binding == Self.binding([at, planName, String(planRevision), planDigest], adoptions, standings)
    }

    private static func binding(_ head: [String], _ adoptions: [Adoption], _ standings: [String: SavedPreview.Stand]) -> String {
        var parts = ["cutover adoption 1"] + head
        for (tenant, stand) in standings.sorted(by: { $0.key < $1.key }) { parts += [tenant, String(stand.revision), stand.hash, stand.state] }
        for adoption in adoptions {
            parts += [adoption.tenant.text, String(adoption.fromRevision), adoption.fromDigest, String(adoption.toRevision), adoption.toDigest, adoption.refused ?? ""]
            for words in [adoption.changes, adoption.effects] { parts += [String(words.count)] + words }
        }
        return Digest.sha256(parts.map { "\($0.utf8.count):\($0)" }.joined(separator: "\n"))
    }
}

/// What taking up the plan would mean for a tenant that stands there.
public struct ShownAdoption: Sendable, Equatable {
    public let adoption: Adoption
    public let stand: SavedPreview.Stand
}

extension Engine {
    /// Nil for a tenant that has not begun, or has taken this plan up.
    public func shownAdoption(of tenant: TenantID) async throws(EngineError) -> ShownAdoption? {
        // The standing first: what comes in meanwhile is a change that adopting finds.
        let stand = try await stand(of: tenant)
        return try await adoption(of: tenant).map { ShownAdoption(adoption: $0, stand: stand) }
    }

    /// What keeps the tenant from taking the plan up as it was shown; nothing while it still stands and nobody holds it.
    public func changes(of tenant: TenantID, since saved: SavedAdoption) async throws(EngineError) -> [String] {
        guard fleet.host(of: tenant) != nil else { return ["it is no longer in the fleet file"] }
        guard let then = saved.standings[tenant.text] else { return ["the preview does not show it"] }
        let standing = try await standing(of: tenant)
        return [try await moved(standing, since: then), try await obstacle(toAdopting: standing)].compactMap { $0 }
    }
}
