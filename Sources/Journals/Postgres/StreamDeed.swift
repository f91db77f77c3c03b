import Cutover

/// What somebody wants to become of a stream.
enum StreamDeed: Sendable {
    case append([Event], TenantStatus?, under: Lease?, on: Footing?)
    case grant(StreamID, to: String, until: Timestamp, now: Timestamp, gone: @Sendable (String) -> Bool)
    case giveBack(Lease)
    case raise(StreamID, above: Int)

    /// The stream that it changes; nil when it stores nothing but a status.
    var stream: StreamID? {
        switch self {
        case .append(let events, _, let lease, _): events.first?.stream ?? lease?.stream
        case .grant(let stream, _, _, _, _): stream
        case .giveBack(let lease): lease.stream
        case .raise(let stream, _): stream
        }
    }

    /// The stream that must not move meanwhile.
    var footing: StreamID? {
        if case .append(_, _, _, let footing?) = self, stream != nil { return footing.head.stream }
        return nil
    }

    /// The last of the events to append.
    var last: Event? { if case .append(let events, _, _, _) = self { events.last } else { nil } }
}

/// The streams that a transaction has locked, and what becomes of them. Pure: the rules are the chain's and the lease's own.
struct LockedStreams {
    struct Row: Equatable {
        var head: JournalRecords.Head
        var entry: LeaseEntry
    }

    private(set) var rows: [StreamID: Row]
    /// What is to be written, in order.
    private(set) var events: [Event] = []
    private(set) var statuses: [TenantID: TenantStatus] = [:]
    private(set) var changed: Set<StreamID> = []
    /// Hashes of last events that an earlier attempt, whose end nobody heard of, did commit.
    private let landed: Set<String>
    private let identity: JournalID

    init(_ rows: [StreamID: Row], landed: Set<String>, in identity: JournalID) {
        self.rows = rows
        self.landed = landed
        self.identity = identity
    }

    var isUnchanged: Bool { changed.isEmpty && statuses.isEmpty }

    /// Takes the deed in, or throws and leaves all as it was. A grant answers with its lease.
    mutating func carryOut(_ deed: StreamDeed) throws(JournalError) -> Lease? {
        if let last = deed.last, landed.contains(last.hash) { return nil }
        switch deed {
        case .append(let events, let status, let lease, let footing):
            if let stream = deed.stream {
                try requireStorable(events, stream)
                var row = row(of: stream)
                try row.entry.admit(events, under: lease)
                if let footing {
                    let under = self.row(of: footing.head.stream)
                    try footing.bear(under.head, under.entry)
                }
                row.head = try row.head.extended(by: events)
                keep(row, of: stream)
                self.events += events
            }
            if let status { statuses[status.tenant] = status }
            return nil
        case .grant(let stream, let holder, let until, let now, let gone):
            var row = row(of: stream)
            row.entry = try row.entry.granted(to: holder, until: until, now: now, gone: gone)
            keep(row, of: stream)
            return Lease(stream: stream, holder: holder, fence: row.entry.fence, until: until)
        case .giveBack(let lease):
            keep(row(of: lease.stream).entry.returned(lease), of: lease.stream)
            return nil
        case .raise(let stream, let fence):
            keep(row(of: stream).entry.raised(above: fence), of: stream)
            return nil
        }
    }

    // MARK: - Non public

    private func row(of stream: StreamID) -> Row { rows[stream] ?? Row(head: .genesis(of: stream, in: identity), entry: .never(stream)) }

    private mutating func keep(_ entry: LeaseEntry?, of stream: StreamID) {
        guard let entry else { return }
        keep(Row(head: row(of: stream).head, entry: entry), of: stream)
    }

    private mutating func keep(_ row: Row, of stream: StreamID) {
        if rows[stream] == row { return }
        rows[stream] = row
        changed.insert(stream)
    }

    /// PostgreSQL's text holds no zero byte, and what was cut off there would not fit its hash.
    private func requireStorable(_ events: [Event], _ stream: StreamID) throws(JournalError) {
        for event in events where "\(stream) \(event.by) \(event.change.ref?.description ?? "")".utf8.contains(0) {
            throw .unreachable("a name with a zero byte in it can't be kept in PostgreSQL; nothing was written")
        }
    }
}
