/// Checks a journal's rows against the chain, and names every row that was edited, removed, reordered or inserted.
public struct JournalAudit: Sendable, Equatable {
    public struct Flaw: Sendable, Codable, Equatable {
        public let stream: StreamID
        public let revision: Int
        public let what: String
    }
    public let events: Int
    public let streams: Int
    public let flaws: [Flaw]

    public init(_ opened: JournalRecords) {
        var flaws: [Flaw] = []
        var last: [StreamID: (revision: Int, hash: String)] = [:]
        for record in opened.records {
            let before = last[record.stream] ?? (0, Event.genesis(of: record.stream, in: opened.journal))
            if let what = Self.flaw(of: record, after: before) {
                flaws.append(Flaw(stream: record.stream, revision: record.revision, what: what))
            }
            last[record.stream] = (record.revision, record.hash)
        }
        for head in opened.heads {
            let found = last[head.stream] ?? (0, Event.genesis(of: head.stream, in: opened.journal))
            if found.revision < head.revision {
                flaws.append(Flaw(stream: head.stream, revision: found.revision + 1, what: "removed: the stream's head is at \(head.revision)"))
            } else if found.revision > head.revision {
                flaws.append(Flaw(stream: head.stream, revision: head.revision + 1, what: "inserted: the stream's head is at \(head.revision)"))
            } else if found.hash != head.hash {
                flaws.append(Flaw(stream: head.stream, revision: head.revision, what: "edited: its hash is not the one recorded for the head"))
            }
        }
        let headed = Set(opened.heads.map(\.stream))
        for stream in last.keys.sorted() where !headed.contains(stream) {
            flaws.append(Flaw(stream: stream, revision: 1, what: "inserted: no head is recorded for this stream"))
        }
        if let counted = opened.counted, counted != opened.records.count {
            let what = counted > opened.records.count ? "removed" : "inserted"
            flaws.append(Flaw(stream: .all, revision: 0, what: "\(what): the journal counts \(counted) events, \(opened.records.count) are here"))
        }
        self.events = opened.records.count
        self.streams = last.count
        self.flaws = flaws
    }

    private static func flaw(of record: EventRecord, after before: (revision: Int, hash: String)) -> String? {
        if record.revision <= before.revision { return "reordered or inserted: it follows revision \(before.revision)" }
        if record.revision > before.revision + 1 { return "removed: revisions \(before.revision + 1) to \(record.revision - 1) before it are missing" }
        if record.hash != record.computedHash { return "edited: its hash does not fit its content" }
        if record.previous != before.hash { return "edited or inserted: it does not continue the event before it" }
        if record.event() == nil { return "not an event that this build knows (\(record.kind))" }
        return nil
    }
}

extension StreamID {
    /// Stands for every stream where a flaw is the whole journal's.
    static let all: StreamID = "*"
}
