public import Cutover

/// A journal in memory that keeps what was appended as it is, for tens of thousands of events; with the rules of the durable ones.
public actor SimulatedJournal: Journal {
    /// Hears of every event as it is appended, with the status line it leads to.
    public typealias Listener = @Sendable (Event, TenantStatus?) -> Void

    private let id: JournalID
    private let listener: Listener
    private var kept = Copy()
    /// How often an older copy of it was put in place: what it tells of news is of one of them.
    private var timesPutBack = 0

    /// All of it, as it was at one moment.
    public struct Copy: Sendable {
        fileprivate var streamed: [StreamID: [Event]] = [:]
        fileprivate var order: [(stream: StreamID, index: Int)] = []
        fileprivate var heads: [StreamID: JournalRecords.Head] = [:]
        fileprivate var leases: [StreamID: LeaseEntry] = [:]
        fileprivate var lines: [TenantID: TenantStatus] = [:]
        public func events(in stream: StreamID) -> [Event] { streamed[stream] ?? [] }
    }

    /// - Parameter recorded: what it begins with.
    public init(identity: JournalID = "simulation", recorded: [Event] = [], listener: @escaping Listener = { _, _ in }) {
        self.id = identity
        self.listener = listener
        for event in recorded {
            kept.streamed[event.stream, default: []].append(event)
            kept.order.append((event.stream, event.revision - 1))
            kept.heads[event.stream] = JournalRecords.Head(stream: event.stream, revision: event.revision, hash: event.hash)
            let entry = kept.leases[event.stream] ?? .never(event.stream)
            // Fences go on from what the hosts have seen.
            kept.leases[event.stream] = LeaseEntry(stream: event.stream, holder: nil, fence: max(entry.fence, event.fence), until: entry.until)
        }
    }

    public func identity() async throws(JournalError) -> JournalID { id }

    public func append(_ events: [Event], status: TenantStatus?, under lease: Lease?, on footing: Footing?) async throws(JournalError) {
        if let stream = events.first?.stream ?? lease?.stream {
            try entry(stream).admit(events, under: lease)
            if let footing { try footing.bear(kept.heads[footing.head.stream] ?? .genesis(of: footing.head.stream, in: id), entry(footing.head.stream)) }
            let head = try (kept.heads[stream] ?? .genesis(of: stream, in: id)).extended(by: events)
            if head.revision > 0 { kept.heads[stream] = head }
            for event in events {
                kept.order.append((stream, kept.streamed[stream]?.count ?? 0))
                kept.streamed[stream, default: []].append(event)
            }
        }
        if let status { kept.lines[status.tenant] = status }
        for event in events { listener(event, status) }
    }

    public func events(in stream: StreamID, after revision: Int) async throws(JournalError) -> [Event] {
        let all = kept.streamed[stream] ?? []
        return revision <= 0 ? all : Array(all.dropFirst(revision))
    }

    public func streams() async throws(JournalError) -> [StreamID] { kept.heads.keys.sorted() }

    public func news(since mark: JournalMark?) async throws(JournalError) -> JournalNews {
        let told = mark?.text.split(separator: "/").compactMap { Int($0) } ?? []
        let known = told.first == timesPutBack ? told.last ?? 0 : 0
        return JournalNews(streams: Set(kept.order.dropFirst(known).map(\.stream)), mark: JournalMark("\(timesPutBack)/\(kept.order.count)"), isAll: known == 0)
    }

    public func lease(
        _ stream: StreamID, to holder: String, until: Timestamp, now: Timestamp, gone: @escaping @Sendable (String) -> Bool
    ) async throws(JournalError) -> Lease {
        let granted = try entry(stream).granted(to: holder, until: until, now: now, gone: gone)
        kept.leases[stream] = granted
        return Lease(stream: stream, holder: holder, fence: granted.fence, until: until)
    }

    public func raise(_ stream: StreamID, above fence: Int) async throws(JournalError) {
        if let raised = entry(stream).raised(above: fence) { kept.leases[stream] = raised }
    }

    public func giveBack(_ lease: Lease) async throws(JournalError) {
        if let returned = entry(lease.stream).returned(lease) { kept.leases[lease.stream] = returned }
    }

    public func leaseHolder(of stream: StreamID, now: Timestamp) async throws(JournalError) -> String? { entry(stream).holder(at: now) }

    public func statuses() async throws(JournalError) -> [TenantStatus] { kept.lines.values.sorted { $0.tenant < $1.tenant } }

    public func lines(of tenants: Set<TenantID>?) async throws(JournalError) -> [TenantLine] {
        (tenants ?? Set(kept.lines.keys)).compactMap { tenant in
            guard let line = kept.lines[tenant], let head = kept.heads[StreamID(tenant)] else { return nil }
            return TenantLine(status: line, head: head)
        }
    }

    public func replaceStatuses(_ statuses: [TenantStatus]) async throws(JournalError) {
        kept.lines = Dictionary(uniqueKeysWithValues: statuses.map { ($0.tenant, $0) })
    }

    public func records() async throws(JournalError) -> JournalRecords {
        let rows = kept.order.compactMap { place in kept.streamed[place.stream].map { EventRecord($0[place.index]) } }
        return JournalRecords(journal: id, records: rows, heads: kept.heads.values.sorted { $0.stream < $1.stream }, counted: rows.count)
    }

    private func entry(_ stream: StreamID) -> LeaseEntry { kept.leases[stream] ?? .never(stream) }

    // MARK: - What befalls it

    public var copy: Copy { kept }

    /// An older copy is put in its place.
    public func putBack(_ copy: Copy) {
        kept = copy
        timesPutBack += 1
    }
}
