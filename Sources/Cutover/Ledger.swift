/// The sole writer of a tenant's stream: leases it, replays it, and chains every event to the one before.
public actor Ledger {
    public private(set) var standing: Standing
    let alarm = Alarm()
    private let stream: StreamID
    private let journal: any Journal
    private let identity: JournalID
    private let time: any TimeSource
    private let me: OperatorID
    private let project: @Sendable (Standing) -> TenantStatus?
    private var lease: Lease?
    /// The hashes of what this ledger tried to append: its own, should it meet them as news.
    private var tried: Set<String> = []

    private init(
        stream: StreamID, standing: Standing, journal: any Journal, identity: JournalID, time: any TimeSource, me: OperatorID,
        lease: Lease?, project: @escaping @Sendable (Standing) -> TenantStatus?
    ) {
        self.stream = stream
        self.standing = standing
        self.journal = journal
        self.identity = identity
        self.time = time
        self.me = me
        self.lease = lease
        self.project = project
    }

    /// Opens the tenant's stream. With `holder`, takes its lease first: only then can anything but a note be recorded.
    public static func open(
        _ tenant: TenantID, in journal: any Journal, time: any TimeSource, me: OperatorID, holder: LeaseHolder?,
        project: @escaping @Sendable (Standing) -> TenantStatus?
    ) async throws(JournalError) -> Ledger {
        try await open(tenant, in: journal, StandingReader(), time: time, me: me, holder: holder, project: project)
    }

    static func open(
        _ tenant: TenantID, in journal: any Journal, _ reader: StandingReader, time: any TimeSource, me: OperatorID, holder: LeaseHolder?,
        project: @escaping @Sendable (Standing) -> TenantStatus?
    ) async throws(JournalError) -> Ledger {
        let stream = StreamID(tenant)
        let identity = try await journal.identity()
        var lease: Lease?
        if let holder {
            let now = time.now
            lease = try await journal.lease(
                stream, to: holder.name, until: now.adding(seconds: holder.seconds), now: now, gone: holder.gone)
        }
        let standing = try await reader.read(tenant, in: journal, identity)
        return Ledger(
            stream: stream, standing: standing, journal: journal, identity: identity, time: time, me: me, lease: lease, project: project)
    }

    /// The fencing number under which effects may be asked of the host; 0 without a lease.
    public var fence: Int { lease?.fence ?? 0 }
    /// A word for whoever holds the lease, by which a host tells two that were granted the same number; nil without one.
    public var holder: String? { lease.map { String(Digest.sha256($0.holder).prefix(16)) } }
    public var journalID: JournalID { identity }

    /// Appends the changes durably, all or none. A person's note that came in between is taken in and the append repeated;
    /// under a lost lease nothing is written.
    @discardableResult
    public func record(_ changes: [Event.Change], on footing: Footing? = nil) async throws(JournalError) -> [Event] {
        while true {
            if let events = try await recordUnlessNews(changes, on: footing) { return events }
        }
    }

    /// Like `record`, but nil, with nothing written, when a note came in first: it has been taken in, and there is something new to decide.
    /// Throws `.conflict` with the footing's stream when that has moved on.
    public func recordUnlessNews(_ changes: [Event.Change], on footing: Footing? = nil) async throws(JournalError) -> [Event]? {
        let (at, base) = (time.now, standing.revision)
        var next = standing
        var events: [Event] = []
        for change in changes {
            let event = Event(
                stream: stream, revision: next.revision + 1, at: at, by: me, fence: change.isNote ? 0 : fence, change: change.bounded,
                previous: next.head)
            next.apply(event)
            events.append(event)
            tried.insert(event.hash)
        }
        do {
            try await journal.append(events, status: project(next), under: lease, on: footing)
            // While the append was under way another record of this ledger may have read these events, and more, as news.
            if standing.revision < next.revision { standing = next }
            return events
        } catch {
            guard case .conflict(stream, let found) = error else { throw error }
            if standing.revision > base { return nil }
            let news = try await journal.events(in: stream, after: base)
            let isOurs = lease == nil || news.allSatisfy { $0.change.isNote || tried.contains($0.hash) }
            guard !news.isEmpty, isOurs else { throw .conflict(stream, found: found) }
            for event in news where event.revision > standing.revision { standing.apply(event) }
            return nil
        }
    }

    /// Keeps the lease for another term. Throws `.leased` when it has passed to another.
    public func renew(_ holder: LeaseHolder) async throws(JournalError) {
        let now = time.now
        let renewed = try await journal.lease(
            stream, to: holder.name, until: now.adding(seconds: holder.seconds), now: now, gone: holder.gone)
        if let lease, renewed.fence != lease.fence {
            throw .superseded(stream, fence: lease.fence, newest: renewed.fence)
        }
        lease = renewed
    }

    public func close() async {
        // A lease that can't be given back runs out by itself.
        if let lease { try? await journal.giveBack(lease) }
        lease = nil
    }
}

/// Who takes leases: a process, by a name that is never used twice, and how to tell that another one has died.
public struct LeaseHolder: Sendable {
    public let name: String
    public let seconds: Int
    public let gone: @Sendable (String) -> Bool
    public init(name: String, seconds: Int, gone: @escaping @Sendable (String) -> Bool = { _ in false }) {
        self.name = name
        self.seconds = seconds
        self.gone = gone
    }
}
