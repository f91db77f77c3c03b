/// The chain's two rules, the same for every journal: a batch continues the head, and what is read back is what was written.
extension JournalRecords.Head {
    /// What stands before a stream's first event.
    public static func genesis(of stream: StreamID, in journal: JournalID) -> Self {
        Self(stream: stream, revision: 0, hash: Event.genesis(of: stream, in: journal))
    }

    /// The head after `events`. Throws `.conflict` unless the first continues this head, and `.damaged` unless each continues the one before.
    public func extended(by events: [Event]) throws(JournalError) -> Self {
        var head = self
        for event in events {
            guard event.stream == stream, event.revision == head.revision + 1, event.previous == head.hash else {
                if head.revision == revision { throw .conflict(stream, found: revision) }
                throw .damaged(stream, revision: event.revision, detail: "the batch does not continue itself")
            }
            head = Self(stream: stream, revision: event.revision, hash: event.hash)
        }
        return head
    }

    /// The events that continue this head. Throws `.damaged` at the first row that is missing, edited or out of order.
    public func replay(_ records: [EventRecord]) throws(JournalError) -> [Event] {
        var last = (revision: revision, hash: hash)
        var events: [Event] = []
        events.reserveCapacity(records.count)
        for record in records {
            guard record.stream == stream, record.revision == last.revision + 1 else {
                throw .damaged(stream, revision: last.revision + 1, detail: "it is missing: revision \(record.revision) follows \(last.revision)")
            }
            guard record.hash == record.computedHash else {
                throw .damaged(stream, revision: record.revision, detail: "it was edited: its hash does not fit its content")
            }
            guard record.previous == last.hash else {
                throw .damaged(stream, revision: record.revision, detail: "it does not continue the event before it")
            }
            guard let event = record.event() else {
                throw .damaged(stream, revision: record.revision, detail: "this build does not know such an event (\(record.kind))")
            }
            events.append(event)
            last = (event.revision, event.hash)
        }
        return events
    }
}
