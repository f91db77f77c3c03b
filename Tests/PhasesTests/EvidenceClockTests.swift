import Cutover
import CutoverTestKit
import Testing

@Suite("the evidence clock") struct EvidenceClockTests {
    typealias Sample = EvidenceClock.Sample

    /// A sample `second` seconds after the beginning, by both clocks unless told otherwise.
    private func sample(_ second: Double, _ verdict: EvidenceClock.Verdict = .green, uptime: Double? = nil, boot: String = "first", detail: String = "") -> Sample {
        Sample(
            at: Timestamp(milliseconds: ManualTime.beginning.milliseconds + Int64(second * 1000)), uptime: uptime ?? second + 500, boot: boot, verdict: verdict,
            detail: detail)
    }

    private func clock(_ samples: Sample..., longestGap: Double = 60) -> EvidenceClock { EvidenceClock(samples, longestGapSeconds: longestGap) }

    @Test("no evidence is no time, and one sample covers none")
    func nothing() {
        #expect(clock().coveredSeconds == 0)
        #expect(clock().samples == 0)
        #expect(clock(sample(0)).coveredSeconds == 0)
        #expect(clock(sample(0)).samples == 1)
    }

    @Test("green samples cover the time between them")
    func covered() {
        let clock = clock(sample(0), sample(30), sample(90))
        #expect(clock.coveredSeconds == 90)
        #expect([clock.samples, clock.gaps, clock.resets, clock.pauses] == [3, 0, 0, 0])
        #expect(clock.lastTrouble == nil)
    }

    @Test("a gap is not covered, and what was covered before it stays")
    func gap() {
        let clock = clock(sample(0), sample(60), sample(121), sample(150))
        #expect(clock.coveredSeconds == 89)
        #expect(clock.gaps == 1)
    }

    @Test("a broken safety fact starts the count anew")
    func reset() {
        let clock = clock(sample(0), sample(30), sample(40, .safety, detail: "a row is missing"), sample(50), sample(70))
        #expect(clock.coveredSeconds == 20)
        #expect(clock.resets == 1)
        #expect(clock.lastTrouble == "a row is missing")
        #expect(self.clock(sample(0), sample(30), sample(40, .safety)).coveredSeconds == 0)
    }

    @Test("an outage pauses the count: the time before and after its sample is not covered, what was covered stays")
    func pause() {
        let clock = clock(sample(0), sample(30), sample(40, .availability, detail: "no answer"), sample(50), sample(70))
        #expect(clock.coveredSeconds == 50)
        #expect(clock.pauses == 1)
        #expect(clock.lastTrouble == "no answer")
    }

    @Test("a wall clock that was set forward makes no evidence")
    func setForward() {
        let clock = clock(sample(0), sample(3600, uptime: 510), sample(3630, uptime: 540))
        #expect(clock.coveredSeconds == 30)
        #expect(clock.gaps == 1)
    }

    @Test("a wall clock that was set forward by less than a gap counts as the time since boot says")
    func setForwardALittle() { #expect(clock(sample(0), sample(50, uptime: 510)).coveredSeconds == 10) }

    @Test("a wall clock that was set back is a gap, and counts nothing")
    func setBack() {
        let clock = clock(sample(0), sample(-3600, uptime: 530), sample(-3570, uptime: 560))
        #expect(clock.coveredSeconds == 30)
        #expect(clock.gaps == 1)
    }

    @Test("a host that was asleep made no evidence meanwhile, though its wall clock stood still")
    func suspended() {
        let clock = clock(sample(0), sample(10, uptime: 4000))
        #expect(clock.coveredSeconds == 0)
        #expect(clock.gaps == 1)
    }

    @Test("across a boot nothing is counted: a wall clock set meanwhile would make evidence")
    func boot() {
        let short = clock(sample(0, uptime: 9000), sample(40, uptime: 5, boot: "second"), sample(70, uptime: 35, boot: "second"))
        #expect(short.coveredSeconds == 30)
        #expect(short.gaps == 1)
        // Begun anew right after a sample, it has been up for nearly as long as the wall clock says.
        let soon = clock(sample(0, uptime: 5), sample(40, uptime: 39, boot: "second"))
        #expect(soon.coveredSeconds == 0)
        #expect(soon.gaps == 1)
        let long = clock(sample(0, uptime: 9000), sample(400, uptime: 9010, boot: "second"))
        #expect(long.coveredSeconds == 0)
        #expect(long.gaps == 1)
    }

    @Test("a gap exactly as long as allowed is covered")
    func exactly() { #expect(clock(sample(0), sample(60)).coveredSeconds == 60) }

    @Test("thirty days of samples every fifteen minutes open a gate of thirty days, one missing hour keeps it shut")
    func thirtyDays() {
        let every = (0...2880).map { sample(Double($0) * 900) }
        #expect(EvidenceClock(every, longestGapSeconds: 1800).coveredSeconds == 30 * 86_400)
        let holed = Array(every[..<1000] + every[1004...])
        #expect(EvidenceClock(holed, longestGapSeconds: 1800).coveredSeconds < 30 * 86_400)
    }
}
