/// What an append to one stream rests on in another: it is refused once that has moved on.
public struct Footing: Sendable, Equatable {
    /// The other stream's last event, as it was looked at.
    public let head: JournalRecords.Head
    /// The other stream's lease, where nobody else may have taken it since.
    public let lease: Lease?

    public init(head: JournalRecords.Head, lease: Lease? = nil) {
        self.head = head
        self.lease = lease
    }

    /// Throws `.conflict` or `.superseded`, naming the other stream, unless all is as it was. Every backend asks it within its append.
    public func bear(_ found: JournalRecords.Head, _ entry: LeaseEntry) throws(JournalError) {
        if found != head { throw .conflict(head.stream, found: found.revision) }
        try entry.admit([], under: lease)
    }
}

extension Journal {
    /// An append that rests on nothing but its own stream.
    public func append(_ events: [Event], status: TenantStatus?, under lease: Lease?) async throws(JournalError) {
        try await append(events, status: status, under: lease, on: nil)
    }
}

extension FleetStanding {
    /// For an append that is to stand only while the fleet's stream is as it was seen here.
    func footing(_ lease: Lease? = nil) -> Footing {
        Footing(head: JournalRecords.Head(stream: .fleet, revision: revision, hash: head), lease: lease)
    }
}
