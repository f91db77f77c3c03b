public import Cutover

/// Examines any journal. Each question is put to a fresh one, through two doors to the same store, as two processes would use it.
public enum JournalExam {
    public struct Question: Sendable, CustomStringConvertible {
        public let description: String
        public let ask: @Sendable (_ door: any Journal, _ other: any Journal) async throws -> Void

        init(_ description: String, _ ask: @escaping @Sendable (any Journal, any Journal) async throws -> Void) {
            self.description = description
            self.ask = ask
        }
    }

    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    public static let questions = chainQuestions + leaseQuestions + footingQuestions + projectionQuestions + newsQuestions

    // MARK: - What the questions share

    static func expect(_ holds: Bool, _ claim: String) throws {
        if !holds { throw Failure(description: "not so: \(claim)") }
    }

    /// Throws unless `act` throws a journal error for which `isExpected` holds.
    static func refuses(_ claim: String, _ isExpected: (JournalError) -> Bool, _ act: () async throws -> Void) async throws {
        do { try await act() } catch let error as JournalError where isExpected(error) { return } catch {
            throw Failure(description: "\(claim): refused, but with \(error)")
        }
        throw Failure(description: "\(claim): not refused")
    }

    static func isConflict(_ error: JournalError) -> Bool { if case .conflict = error { true } else { false } }
    static func isSuperseded(_ error: JournalError) -> Bool { if case .superseded = error { true } else { false } }
    static func isLeased(_ error: JournalError) -> Bool { if case .leased = error { true } else { false } }
    static func isDamaged(_ error: JournalError) -> Bool { if case .damaged = error { true } else { false } }

    static let moment = ManualTime.beginning

    /// Notes chained onto what the journal holds now.
    static func notes(_ reasons: [String], in stream: StreamID, of journal: any Journal) async throws -> [Event] {
        let last = try await journal.events(in: stream, after: 0).last
        let genesis = Event.genesis(of: stream, in: try await journal.identity())
        return chain(reasons.map { .held(reason: $0) }, in: stream, after: (last?.revision ?? 0, last?.hash ?? genesis), fence: 0)
    }

    static func chain(_ changes: [Event.Change], in stream: StreamID, after head: (revision: Int, hash: String), fence: Int) -> [Event] {
        var events: [Event] = []
        for change in changes {
            let event = Event(
                stream: stream, revision: (events.last?.revision ?? head.revision) + 1, at: moment, by: "examiner", fence: fence,
                change: change, previous: events.last?.hash ?? head.hash)
            events.append(event)
        }
        return events
    }

    static func grant(_ stream: StreamID, to holder: String, seconds: Int = 60, now: Timestamp = moment, from journal: any Journal) async throws -> Lease {
        try await journal.lease(stream, to: holder, until: now.adding(seconds: seconds), now: now) { _ in false }
    }

    static func status(_ tenant: TenantID, _ step: String) -> TenantStatus {
        TenantStatus(
            tenant: tenant, wave: "all", milestone: "", phase: "P", step: step, state: .running, since: moment.description, held: nil, next: "wait")
    }
}
