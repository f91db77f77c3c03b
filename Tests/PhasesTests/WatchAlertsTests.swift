import Cutover
import Foundation
import Host
import Testing

@testable import Phases

@Suite("what the watch found wrong") struct WatchAlertsTests {
    let folder: Folder
    let host: HostSight
    let alerts: WatchAlerts

    init() throws {
        folder = try Folder()
        host = try folder.host()
        alerts = WatchAlerts(host: host, table: .memories)
    }

    private func states(_ kind: String = "alert") throws -> [String] {
        try host.evidence.entries().filter { $0.kind == kind }.map { "\($0.facts["name"] ?? "") \($0.facts["state"] ?? "")" }
    }

    @Test("a finding has one entry when it begins and one when it is over, however often it is seen")
    func once() async throws {
        for _ in 1...3 { try await alerts.note(["log": "too long", "capture": "off"]) }
        #expect(try states() == ["capture red", "log red"])
        #expect(try alerts.standing().mapValues { $0.facts["detail"] } == ["capture": "off", "log": "too long"])
        for _ in 1...2 { try await alerts.note(["log": "longer still"]) }
        #expect(try states() == ["capture red", "log red", "capture over"])
        try await alerts.note([:])
        try await alerts.note(["log": "again"])
        #expect(try alerts.standing()["log"]?.facts["detail"] == "again")
        #expect(try states().suffix(2) == ["log over", "log red"])
    }

    @Test("a truncated table stays a finding until every memory was looked at again, whatever else is over")
    func truncation() async throws {
        try await alerts.noteTruncation(of: [1])
        try await alerts.note([:])
        #expect(try alerts.standing().isEmpty)
        #expect(try alerts.truncations().map { $0.facts["detail"] } == ["v1 was truncated"])
        try await alerts.settleTruncations()
        #expect(try alerts.truncations().isEmpty)
        try await alerts.settleTruncations()
        #expect(try states() == ["truncate red", "truncate over"])
        try await alerts.noteTruncation(of: [1, 2])
        #expect(try alerts.truncations().count == 2)
    }

    @Test("a capture that was put in place anew begins with a clean sheet, and each table has its own")
    func anew() async throws {
        try await alerts.note(["capture": "off"])
        try await alerts.noteTruncation(of: [2])
        let others = WatchAlerts(host: host, table: .keyValues)
        #expect(try others.standing().isEmpty)
        try await others.note(["log": "too long"])
        let hand = HostHand(sight: host, operation: "again", fence: 1, journal: JournalID("journal"))
        try await Effect.capture(.memories).begin(by: hand)
        #expect(try alerts.standing().isEmpty)
        #expect(try alerts.truncations().isEmpty)
        #expect(try others.standing().keys.sorted() == ["log"])
    }

    @Test("a signature of truncations is of those that were there: one more is another thing to sign")
    func digest() {
        func result(_ events: (String, String)...) -> WatchFindings.Result {
            WatchFindings.Result(standing: [], events: events.map { .init(name: WatchAlerts.truncation, detail: $0.0, since: $0.1) })
        }
        #expect(result(("v1 was truncated", "2026-01-01")).digest == result(("v1 was truncated", "2026-01-01")).digest)
        #expect(result(("v1 was truncated", "2026-01-01")).digest != result(("v1 was truncated", "2026-01-01"), ("v1 was truncated", "2026-01-02")).digest)
    }
}

@Suite("the outage that a preview estimates") struct OutageWordsTests {
    private func estimate(_ waiting: Int, _ rows: Int, _ looked: Double? = nil, _ measured: MeasuredOutage? = nil) -> OutageEstimate.Result {
        OutageEstimate.Result(waiting: waiting, rows: rows, lookedPerSecond: looked, measured: measured)
    }

    @Test("never measured, it goes by what waits and by the rows, and says so")
    func unmeasured() {
        #expect(
            estimate(5000, 200_000).words
                == "about 9.0 s: 5000 changes wait (5.0 s), 200000 rows are compared; stop and start were never measured on this host")
        // A pace below the least that was ever measured is one of a time with little to do.
        #expect(estimate(5000, 0, 3).lookSeconds == 5)
        #expect(estimate(5000, 0, 2500).lookSeconds == 2)
    }

    @Test("measured before, stop and start are those, and the quiesce grows with the rows but never shrinks")
    func measured() {
        let last = MeasuredOutage(stop: 1, quiesce: 2, start: 3, rows: 1000, at: Timestamp(milliseconds: 0))
        #expect(estimate(0, 4000, nil, last).words.hasPrefix("about 12.0 s: stop 1.0 s and start 3.0 s as last measured, quiesce 8.0 s, 0 changes wait"))
        #expect(estimate(0, 10, nil, last).words.hasPrefix("about 6.0 s"))
        let empty = MeasuredOutage(stop: 1, quiesce: 2, start: 3, rows: 0, at: Timestamp(milliseconds: 0))
        #expect(estimate(0, 4000, nil, empty).words.hasPrefix("about 6.0 s"))
    }
}
