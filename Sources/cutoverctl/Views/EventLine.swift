import Cutover

/// An event with every key, `step` too where it concerns none.
struct EventLine: Encodable {
    let event: EventRecord
    /// Among those of other tenants.
    var namesTenant = false

    private enum Key: String, CodingKey { case tenant, revision, at, by, kind, step, facts, fence, hash, previous }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        if namesTenant { try container.encode(event.stream, forKey: .tenant) }
        try container.encode(event.revision, forKey: .revision)
        try container.encode(event.at, forKey: .at)
        try container.encode(event.by, forKey: .by)
        try container.encode(event.kind, forKey: .kind)
        try container.encode(event.step, forKey: .step)
        try container.encode(event.facts, forKey: .facts)
        try container.encode(event.fence, forKey: .fence)
        try container.encode(event.hash, forKey: .hash)
        try container.encode(event.previous, forKey: .previous)
    }
}
