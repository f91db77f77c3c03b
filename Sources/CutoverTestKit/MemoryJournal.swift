public import Cutover

/// A journal that lives as long as the test, with the same rules as the durable ones; it can die on request.
public actor MemoryJournal: Journal {
    /// How an append fails when the controller dies at it.
    public enum Death: Sendable {
        /// Before it was durable.
        case before
        /// After it was durable, before the caller learned of it.
        case after
    }

    private let id: JournalID
    private var rows: [EventRecord] = []
    private var heads: [StreamID: JournalRecords.Head] = [:]
    private var leases: [StreamID: LeaseEntry] = [:]
    private var lines: [TenantID: TenantStatus] = [:]
    private var appends = 0
    private var death: (append: Int, how: Death)?
    private var lastWord: (kind: String, how: Death)?
    private var isDead = false
    private var interludes: [String: @Sendable () async -> Void] = [:]

    public init(identity: JournalID = "journal-of-a-test") { self.id = identity }

    /// The `append`-th append from now on, counted from 1, fails, and so does everything after it until `revive`.
    public func die(atAppend append: Int, _ how: Death = .before) {
        appends = 0
        death = (append, how)
    }

    /// The first append that records a change of `kind` fails, and so does everything after it until `revive`.
    public func die(recording kind: String, _ how: Death = .before) { lastWord = (kind, how) }

    public func revive() {
        isDead = false
        death = nil
        lastWord = nil
    }

    /// As if an older copy of it stood there: of the stream, what came after `revision` is gone.
    public func putBack(_ stream: StreamID, to revision: Int) {
        rows.removeAll { $0.stream == stream && $0.revision > revision }
        heads[stream] = rows.last { $0.stream == stream }.map { JournalRecords.Head(stream: stream, revision: $0.revision, hash: $0.hash) }
    }

    /// Runs once before the next append that records a change of `kind` is looked at: what another process does in that moment.
    public func before(recording kind: String, _ interlude: @escaping @Sendable () async -> Void) { interludes[kind] = interlude }

    /// False while the death asked for has not come.
    public var hasDied: Bool { isDead }

    public func identity() async throws(JournalError) -> JournalID { id }

    public func append(_ events: [Event], status: TenantStatus?, under lease: Lease?, on footing: Footing?) async throws(JournalError) {
        for event in events {
            if let interlude = interludes.removeValue(forKey: event.change.kind) { await interlude() }
        }
        try beAlive()
        appends += 1
        var dying = death.flatMap { $0.append == appends ? $0.how : nil }
        if let lastWord, events.contains(where: { $0.change.kind == lastWord.kind }) { dying = lastWord.how }
        if case .before? = dying { try succumb() }
        if let stream = events.first?.stream ?? lease?.stream {
            try entry(stream).admit(events, under: lease)
            if let footing { try footing.bear(heads[footing.head.stream] ?? .genesis(of: footing.head.stream, in: id), entry(footing.head.stream)) }
            let head = try (heads[stream] ?? .genesis(of: stream, in: id)).extended(by: events)
            rows += events.map { EventRecord($0) }
            if head.revision > 0 { heads[stream] = head }
        }
        if let status { lines[status.tenant] = status }
        if dying != nil { try succumb() }
    }

    public func events(in stream: StreamID, after revision: Int) async throws(JournalError) -> [Event] {
        try beAlive()
        let all = try JournalRecords.Head.genesis(of: stream, in: id).replay(rows.filter { $0.stream == stream })
        return all.filter { $0.revision > revision }
    }

    public func streams() async throws(JournalError) -> [StreamID] {
        try beAlive()
        return heads.keys.sorted()
    }

    public func news(since mark: JournalMark?) async throws(JournalError) -> JournalNews {
        try beAlive()
        let told = mark.flatMap { Int($0.text) } ?? 0
        // Put back to an older state, it has nothing but news.
        let known = told > rows.count ? 0 : told
        return JournalNews(streams: Set(rows.dropFirst(known).map(\.stream)), mark: JournalMark(String(rows.count)), isAll: known == 0)
    }

    public func lease(
        _ stream: StreamID, to holder: String, until: Timestamp, now: Timestamp, gone: @escaping @Sendable (String) -> Bool
    ) async throws(JournalError) -> Lease {
        try beAlive()
        let granted = try entry(stream).granted(to: holder, until: until, now: now, gone: gone)
        leases[stream] = granted
        return Lease(stream: stream, holder: holder, fence: granted.fence, until: until)
    }

    public func raise(_ stream: StreamID, above fence: Int) async throws(JournalError) {
        try beAlive()
        if let raised = entry(stream).raised(above: fence) { leases[stream] = raised }
    }

    public func giveBack(_ lease: Lease) async throws(JournalError) {
        try beAlive()
        if let returned = entry(lease.stream).returned(lease) { leases[lease.stream] = returned }
    }

    public func leaseHolder(of stream: StreamID, now: Timestamp) async throws(JournalError) -> String? {
        try beAlive()
        return entry(stream).holder(at: now)
    }

    public func statuses() async throws(JournalError) -> [TenantStatus] {
        try beAlive()
        return lines.values.sorted { $0.tenant < $1.tenant }
    }

    public func replaceStatuses(_ statuses: [TenantStatus]) async throws(JournalError) {
        try beAlive()
        lines = Dictionary(uniqueKeysWithValues: statuses.map { ($0.tenant, $0) })
    }

    public func records() async throws(JournalError) -> JournalRecords {
        try beAlive()
        return JournalRecords(journal: id, records: rows, heads: heads.values.sorted { $0.stream < $1.stream }, counted: rows.count)
    }

    private func entry(_ stream: StreamID) -> LeaseEntry { leases[stream] ?? .never(stream) }

    private func beAlive() throws(JournalError) {
        if isDead { throw .unreachable("the controller has died") }
    }

    private func succumb() throws(JournalError) -> Never {
        isDead = true
        throw .unreachable("the controller has died")
    }
}
