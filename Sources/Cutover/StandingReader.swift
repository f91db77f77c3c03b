/// What was read of a journal, for engines that go by the same one: they need not fold the same streams again.
public struct JournalReaders: Sendable {
    let fleet = FleetReader()
    let standings = StandingReader()
    let room = RoomReader()
    public init() {}
}

/// Reads of tenants' streams only what it has not folded yet: a loop asks for each of them again and again. The last event that is known is read
/// along; where that is another one by now, or is gone, the journal was put back, and the stream is folded anew.
actor StandingReader {
    private var known: [TenantID: Standing] = [:]
    /// The generation before: who is asked for again moves on into the newer one, and the others are forgotten with it.
    private var older: [TenantID: Standing] = [:]
    /// How many a generation holds. With all that was ever asked of its gates a standing is large, and a large fleet's would fill the memory.
    private static let most = 1000

    func read(_ tenant: TenantID, in journal: any Journal, _ identity: JournalID) async throws(JournalError) -> Standing {
        let stream = StreamID(tenant)
        var standing = Standing(tenant, genesis: Event.genesis(of: stream, in: identity))
        if let before = known[tenant] ?? older[tenant] {
            let events = try await journal.events(in: stream, after: before.revision - 1)
            if events.first?.hash == before.head {
                standing = before
                for event in events.dropFirst() { standing.apply(event) }
                return keep(standing)
            }
        }
        for event in try await journal.events(in: stream, after: 0) { standing.apply(event) }
        return keep(standing)
    }

    private func keep(_ standing: Standing) -> Standing {
        if known.count >= Self.most, known[standing.tenant] == nil { (older, known) = (known, [:]) }
        known[standing.tenant] = standing.revision > 0 ? standing : nil
        older[standing.tenant] = nil
        return standing
    }
}
