import Cutover

/// Stands in for a journal that does not exist yet, so that a preview can be seen before anything is written anywhere.
struct UnbegunJournal: Journal {
    func identity() async throws(JournalError) -> JournalID { "unbegun" }
    func append(_ events: [Event], status: TenantStatus?, under lease: Lease?, on footing: Footing?) async throws(JournalError) { throw .unreachable("it does not exist yet") }
    func events(in stream: StreamID, after revision: Int) async throws(JournalError) -> [Event] { [] }
    func streams() async throws(JournalError) -> [StreamID] { [] }
    func lease(
        _ stream: StreamID, to holder: String, until: Timestamp, now: Timestamp, gone: @escaping @Sendable (String) -> Bool
    ) async throws(JournalError) -> Lease { throw .unreachable("it does not exist yet") }
    func raise(_ stream: StreamID, above fence: Int) async throws(JournalError) { throw .unreachable("it does not exist yet") }
    func giveBack(_ lease: Lease) async throws(JournalError) {}
    func leaseHolder(of stream: StreamID, now: Timestamp) async throws(JournalError) -> String? { nil }
    func statuses() async throws(JournalError) -> [TenantStatus] { [] }
    func replaceStatuses(_ statuses: [TenantStatus]) async throws(JournalError) { throw .unreachable("it does not exist yet") }
    func records() async throws(JournalError) -> JournalRecords { JournalRecords(journal: "unbegun", records: [], heads: []) }
}
