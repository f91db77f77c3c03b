import Cutover
import Foundation
import Testing

@Suite("summer time") struct SummerTimeTests {
    @Test("where it begins or ends the evidence clock wins and loses nothing: the clocks count moments, whatever the wall shows", arguments: ["2026-03-29", "2026-10-25"])
    func evidence(day: String) throws {
        // Two minutes around one o'clock UTC, when Berlin's clocks are put from two to three, or from three to two.
        let before = try #require(Timestamp("\(day)T00:59:00.000Z")), after = try #require(Timestamp("\(day)T01:01:00.000Z"))
        var clock = EvidenceClock(longestGapSeconds: 300)
        for (at, uptime) in [(before, 100.0), (after, 220)] {
            clock.add(EvidenceClock.Sample(at: at, uptime: uptime, boot: "first", database: at, verdict: .green, detail: ""))
        }
        #expect(clock.coveredSeconds == 120)
        #expect(clock.gaps == 0)
        let zone = try #require(TimeZone(identifier: "Europe/Berlin"))
        func offset(_ moment: Timestamp) -> Int { zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(moment.milliseconds) / 1000)) }
        #expect(abs(offset(after) - offset(before)) == 3600, "nothing was put there")
    }
}
