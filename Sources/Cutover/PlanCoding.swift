/// A plan as the journal keeps it: what its file said, and nothing derived from that.
extension Plan: Codable {
    private enum Key: String, CodingKey { case name, revision, author, digest, ownState, decisions, approvals, phases, rollout }

    public init(from decoder: any Decoder) throws {
        let kept = try decoder.container(keyedBy: Key.self)
        self.init(
            name: try kept.decode(String.self, forKey: .name), revision: try kept.decode(Int.self, forKey: .revision),
            author: try kept.decode(OperatorID.self, forKey: .author), digest: try kept.decode(String.self, forKey: .digest),
            ownState: try kept.decode(Bool.self, forKey: .ownState), decisions: try kept.decode([String: String].self, forKey: .decisions),
            approvals: try kept.decode(Approvals.self, forKey: .approvals), phases: try kept.decode([Phase].self, forKey: .phases),
            rollout: try kept.decode(Rollout.self, forKey: .rollout))
    }

    public func encode(to encoder: any Encoder) throws {
        var kept = encoder.container(keyedBy: Key.self)
        try kept.encode(name, forKey: .name)
        try kept.encode(revision, forKey: .revision)
        try kept.encode(author, forKey: .author)
        try kept.encode(digest, forKey: .digest)
        try kept.encode(ownState, forKey: .ownState)
        try kept.encode(decisions, forKey: .decisions)
        try kept.encode(approvals, forKey: .approvals)
        try kept.encode(phases, forKey: .phases)
        try kept.encode(rollout, forKey: .rollout)
    }
}
