import Cutover

/// A journal as it was at a moment: each stream up to the first event that was recorded later. Nothing can be written to it.
struct PastJournal: Journal {
    let journal: any Journal
    let moment: Timestamp

    func identity() async throws(JournalError) -> JournalID { try await journal.identity() }

    func events(in stream: StreamID, after revision: Int) async throws(JournalError) -> [Event] {
        Array(try await journal.events(in: stream, after: revision).prefix { $0.at <= moment })
    }

    func streams() async throws(JournalError) -> [StreamID] {
        var known: [StreamID] = []
        for stream in try await journal.streams() where !(try await events(in: stream, after: 0)).isEmpty { known.append(stream) }
        return known
    }

    func records() async throws(JournalError) -> JournalRecords {
        var records: [EventRecord] = []
        var heads: [JournalRecords.Head] = []
        for stream in try await journal.streams() {
            let events = try await events(in: stream, after: 0)
            records += events.map(EventRecord.init)
            if let last = events.last { heads.append(JournalRecords.Head(stream: stream, revision: last.revision, hash: last.hash)) }
        }
        return JournalRecords(journal: try await identity(), records: records, heads: heads)
    }

    /// Who held a lease then is not on record.
    func leaseHolder(of stream: StreamID, now: Timestamp) async throws(JournalError) -> String? { nil }
    /// They are of now: whoever wants those of then folds the events.
    func statuses() async throws(JournalError) -> [TenantStatus] { throw refusal }

    func append(_ events: [Event], status: TenantStatus?, under lease: Lease?, on footing: Footing?) async throws(JournalError) { throw refusal }
    func lease(
        _ stream: StreamID, to holder: String, until: Timestamp, now: Timestamp, gone: @escaping @Sendable (String) -> Bool
    ) async throws(JournalError) -> Lease { throw refusal }
    func raise(_ stream: StreamID, above fence: Int) async throws(JournalError) { throw refusal }
    func giveBack(_ lease: Lease) async throws(JournalError) { throw refusal }
    func replaceStatuses(_ statuses: [TenantStatus]) async throws(JournalError) { throw refusal }

    private var refusal: JournalError { .unreachable("it is read as it was at \(moment)") }
}

/// A clock that stands.
struct StandingTime: TimeSource {
    let now: Timestamp
    func sleep(milliseconds: Int) async throws(CancellationError) { throw CancellationError() }
}
