/// The append-only record. One stream per tenant, so tenants never contend, and one for the fleet.
public protocol Journal: Sendable {
    /// Chosen when the journal was made; hosts are bound to it.
    func identity() async throws(JournalError) -> JournalID

    /// Appends all of `events` or none, and stores `status` in the same transaction.
    /// Must throw `.conflict` unless the stream's last revision and hash are those the first event continues,
    /// and `.superseded` when `lease` is given and is no longer the stream's newest, or an event carries another lease's fence.
    /// With `footing`, must throw what `Footing.bear` throws, asked in the same transaction.
    /// Durable when it returns; once begun, not abandoned because the caller's task was cancelled.
    func append(_ events: [Event], status: TenantStatus?, under lease: Lease?, on footing: Footing?) async throws(JournalError)

    /// In order of revision, those after `revision`. Throws `.damaged` when a row is not what was written.
    func events(in stream: StreamID, after revision: Int) async throws(JournalError) -> [Event]

    /// Names in ascending order.
    func streams() async throws(JournalError) -> [StreamID]

    /// What was appended since `mark` was given; since ever, when nil. A loop asks again and again, and mostly there is nothing.
    /// Must name every stream that was appended to, by whichever process; may name others.
    func news(since mark: JournalMark?) async throws(JournalError) -> JournalNews

    /// At most `limit` events that were appended since `mark` was given, in the order in which they were appended, and the mark behind the last of them.
    /// None may be passed over that becomes visible later.
    func appended(since mark: JournalMark?, limit: Int) async throws(JournalError) -> (events: [EventRecord], mark: JournalMark)

    /// Grants the lease unless another holder's is running. Every grant to another holder carries a higher fencing number.
    /// `gone` tells whether a holder is known to have died, so that its lease need not run out.
    func lease(
        _ stream: StreamID, to holder: String, until: Timestamp, now: Timestamp, gone: @escaping @Sendable (String) -> Bool
    ) async throws(JournalError) -> Lease

    /// From here on every grant of the stream's lease carries a number above `fence`. A lease that is held is none any more then, if its number is not above it.
    func raise(_ stream: StreamID, above fence: Int) async throws(JournalError)

    /// Ends a lease early; harmless when it has been superseded.
    func giveBack(_ lease: Lease) async throws(JournalError)

    /// Who holds the stream's lease at `now`; nil when nobody does, or it has run out: what is unfinished then is in doubt.
    func leaseHolder(of stream: StreamID, now: Timestamp) async throws(JournalError) -> String?

    /// The projection, in ascending order of tenant: what `status` answers from.
    func statuses() async throws(JournalError) -> [TenantStatus]

    /// The lines of these tenants, of all when nil, each with the head that its stream has at the same moment; in any order. One that can't be read is left out.
    func lines(of tenants: Set<TenantID>?) async throws(JournalError) -> [TenantLine]

    /// Replaces the whole projection, after a fold of the events.
    func replaceStatuses(_ statuses: [TenantStatus]) async throws(JournalError)

    /// Everything as it is stored, in the order in which it was appended, for `journal verify` and `journal export`.
    func records() async throws(JournalError) -> JournalRecords
}

/// A stream's lease. Others learn that its holder died when it has run out; what he still sends is refused by `fence`.
public struct Lease: Sendable, Equatable {
    public let stream: StreamID
    public let holder: String
    public let fence: Int
    public let until: Timestamp
    public init(stream: StreamID, holder: String, fence: Int, until: Timestamp) {
        self.stream = stream
        self.holder = holder
        self.fence = fence
        self.until = until
    }
}

/// A journal laid open: the stored rows, and the head that each stream is recorded to have.
public struct JournalRecords: Sendable, Equatable {
    public struct Head: Sendable, Codable, Equatable {
        public let stream: StreamID
        public let revision: Int
        public let hash: String
        public init(stream: StreamID, revision: Int, hash: String) {
            self.stream = stream
            self.revision = revision
            self.hash = hash
        }
    }
    public let journal: JournalID
    public let records: [EventRecord]
    public let heads: [Head]
    /// How many events the journal says it has taken in, counted apart from the rows; nil when it does not count.
    public let counted: Int?
    public init(journal: JournalID, records: [EventRecord], heads: [Head], counted: Int? = nil) {
        self.journal = journal
        self.records = records
        self.heads = heads
        self.counted = counted
    }
}

public enum JournalError: Error, Sendable, Equatable {
    /// The stream has moved on: another writer appended first.
    case conflict(StreamID, found: Int)
    case leased(StreamID, to: String, until: Timestamp)
    /// A newer lease exists: this writer must stop.
    case superseded(StreamID, fence: Int, newest: Int)
    case damaged(StreamID, revision: Int, detail: String)
    case unreachable(String)
}
