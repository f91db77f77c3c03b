public import Cutover

/// A journal in memory that keeps what was appended as it is, for tens of thousands of events; with the rules of the durable ones.
public actor SimulatedJournal: Journal {
    /// Hears of every event as it is appended, with the status line it leads to.
    public typealias Listener = @Sendable (Event, TenantStatus?) -> Void

    private let id: JournalID
    private let listener: Listener
    private var streamed: [StreamID: [Event]] = [:]
    private var order: [(stream: StreamID, index: Int)] = []
    private var heads: [StreamID: JournalRecords.Head] = [:]
    private var leases: [StreamID: LeaseEntry] = [:]
    private var lines: [TenantID: TenantStatus] = [:]

    /// - Parameter recorded: what it begins with.
    public init(identity: JournalID = "simulation", recorded: [Event] = [], listener: @escaping Listener = { _, _ in }) {
        self.id = identity
        self.listener = listener
        for event in recorded {
            streamed[event.stream, default: []].append(event)
            order.append((event.stream, event.revision - 1))
            heads[event.stream] = JournalRecords.Head(stream: event.stream, revision: event.revision, hash: event.hash)
            let entry = leases[event.stream] ?? .never(event.stream)
            // Fences go on from what the hosts have seen.
            leases[event.stream] = LeaseEntry(stream: event.stream, holder: nil, fence: max(entry.fence, event.fence), until: entry.until)
        }
    }

    public func identity() async throws(JournalError) -> JournalID { id }

    public func append(_ events: [Event], status: TenantStatus?, under lease: Lease?, on footing: Footing?) async throws(JournalError) {
        if let stream = events.first?.stream ?? lease?.stream {
            try entry(stream).admit(events, under: lease)
            if let footing { try footing.bear(heads[footing.head.stream] ?? .genesis(of: footing.head.stream, in: id), entry(footing.head.stream)) }
            let head = try (heads[stream] ?? .genesis(of: stream, in: id)).extended(by: events)
            if head.revision > 0 { heads[stream] = head }
            for event in events {
                order.append((stream, streamed[stream]?.count ?? 0))
                streamed[stream, default: []].append(event)
            }
        }
        if let status { lines[status.tenant] = status }
        for event in events { listener(event, status) }
    }

    public func events(in stream: StreamID, after revision: Int) async throws(JournalError) -> [Event] {
        let all = streamed[stream] ?? []
        return revision <= 0 ? all : Array(all.dropFirst(revision))
    }

    public func streams() async throws(JournalError) -> [StreamID] { heads.keys.sorted() }

    public func news(since mark: JournalMark?) async throws(JournalError) -> JournalNews {
        let known = mark.flatMap { Int($0.text) } ?? 0
        return JournalNews(streams: Set(order.dropFirst(known).map(\.stream)), mark: JournalMark(String(order.count)))
    }

    public func lease(
        _ stream: StreamID, to holder: String, until: Timestamp, now: Timestamp, gone: @escaping @Sendable (String) -> Bool
    ) async throws(JournalError) -> Lease {
        let granted = try entry(stream).granted(to: holder, until: until, now: now, gone: gone)
        leases[stream] = granted
        return Lease(stream: stream, holder: holder, fence: granted.fence, until: until)
    }

    public func raise(_ stream: StreamID, above fence: Int) async throws(JournalError) {
        if let raised = entry(stream).raised(above: fence) { leases[stream] = raised }
    }

    public func giveBack(_ lease: Lease) async throws(JournalError) {
        if let returned = entry(lease.stream).returned(lease) { leases[lease.stream] = returned }
    }

    public func leaseHolder(of stream: StreamID, now: Timestamp) async throws(JournalError) -> String? { entry(stream).holder(at: now) }

    public func statuses() async throws(JournalError) -> [TenantStatus] { lines.values.sorted { $0.tenant < $1.tenant } }

    public func replaceStatuses(_ statuses: [TenantStatus]) async throws(JournalError) {
        lines = Dictionary(uniqueKeysWithValues: statuses.map { ($0.tenant, $0) })
    }

    public func records() async throws(JournalError) -> JournalRecords {
        let rows = order.compactMap { place in streamed[place.stream].map { EventRecord($0[place.index]) } }
        return JournalRecords(journal: id, records: rows, heads: heads.values.sorted { $0.stream < $1.stream }, counted: rows.count)
    }

    private func entry(_ stream: StreamID) -> LeaseEntry { leases[stream] ?? .never(stream) }
}
