import Cutover
import Simulation
import Synchronization

/// What is between controllers and their journal.
final class JournalRoad: Sendable {
    private struct State {
        var closedUntil: Timestamp?
        var unheard: [Int: Int] = [:]
    }
    private let state = Mutex(State())
    let time: WorldTime
    init(_ time: WorldTime) { self.time = time }

    func close(until: Timestamp) { state.withLock { $0.closedUntil = until } }
    var isClosed: Bool { state.withLock { $0.closedUntil.map { $0 > time.now } ?? false } }
    /// The operator's `number`-th append from now on is made, and it does not hear of it.
    func silence(_ whom: Int, at number: Int) { state.withLock { $0.unheard[whom] = max(1, number) } }
    func isUnheard(by whom: Int) -> Bool {
        state.withLock { state in
            guard let left = state.unheard[whom] else { return false }
            state.unheard[whom] = left == 1 ? nil : left - 1
            return left == 1
        }
    }
}

/// The journal as one process reaches it.
struct JournalDoor: Journal {
    let journal: SimulatedJournal
    let road: JournalRoad
    let process: ControllerProcess
    let whom: Int

    private static let dead = JournalError.unreachable("the controller has died")

    private func pass() async throws(JournalError) {
        guard await process.lives() else { throw Self.dead }
        if road.isClosed { throw .unreachable("the journal does not answer") }
    }

    private func leave() throws(JournalError) { if process.isDead { throw Self.dead } }

    func identity() async throws(JournalError) -> JournalID {
        try await pass()
        return try await journal.identity()
    }

    func append(_ events: [Event], status: TenantStatus?, under lease: Lease?, on footing: Footing?) async throws(JournalError) {
        try await pass()
        try await journal.append(events, status: status, under: lease, on: footing)
        // It may die knowing of it, or before.
        guard await process.lives() else { throw Self.dead }
        if road.isUnheard(by: whom) { throw .unreachable("the connection broke") }
    }

    func events(in stream: StreamID, after revision: Int) async throws(JournalError) -> [Event] {
        try await pass()
        return try await journal.events(in: stream, after: revision)
    }

    func streams() async throws(JournalError) -> [StreamID] {
        try await pass()
        return try await journal.streams()
    }

    func news(since mark: JournalMark?) async throws(JournalError) -> JournalNews {
        try await pass()
        return try await journal.news(since: mark)
    }

    func lease(
        _ stream: StreamID, to holder: String, until: Timestamp, now: Timestamp, gone: @escaping @Sendable (String) -> Bool
    ) async throws(JournalError) -> Lease {
        try await pass()
        let lease = try await journal.lease(stream, to: holder, until: until, now: now, gone: gone)
        try leave()
        return lease
    }

    func raise(_ stream: StreamID, above fence: Int) async throws(JournalError) {
        try await pass()
        try await journal.raise(stream, above: fence)
    }

    func giveBack(_ lease: Lease) async throws(JournalError) {
        try await pass()
        try await journal.giveBack(lease)
    }

    func leaseHolder(of stream: StreamID, now: Timestamp) async throws(JournalError) -> String? {
        try await pass()
        return try await journal.leaseHolder(of: stream, now: now)
    }

    func statuses() async throws(JournalError) -> [TenantStatus] {
        try await pass()
        return try await journal.statuses()
    }

    func lines(of tenants: Set<TenantID>?) async throws(JournalError) -> [TenantLine] {
        try await pass()
        return try await journal.lines(of: tenants)
    }

    func replaceStatuses(_ statuses: [TenantStatus]) async throws(JournalError) {
        try await pass()
        try await journal.replaceStatuses(statuses)
    }

    func records() async throws(JournalError) -> JournalRecords {
        try await pass()
        return try await journal.records()
    }
}
