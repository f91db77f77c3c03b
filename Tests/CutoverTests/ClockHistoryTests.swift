import Cutover
import CutoverTestKit
import Testing

@Suite("what the journal tells of a wait's clock") struct ClockHistoryTests {
    private static let start = ManualTime.beginning

    private static func sample(
        _ second: Int, _ verdict: EvidenceClock.Verdict = .green, boot: String = "1", uptime: Int? = nil, database: Int? = nil
    ) -> EvidenceClock.Sample {
        EvidenceClock.Sample(
            at: start.adding(seconds: second), uptime: Double(uptime ?? second), boot: boot, database: database.map { start.adding(seconds: $0) }, verdict: verdict,
            detail: verdict == .green ? "" : "no good", hash: "h\(second)")
    }

    private func clock(_ samples: EvidenceClock.Sample...) -> EvidenceClock { EvidenceClock(samples, longestGapSeconds: 60) }

    @Test("stretches say what was made of every sample, and sum up to what is covered")
    func stretches() {
        let clock = clock(
            Self.sample(0), Self.sample(30), Self.sample(60), Self.sample(90, .availability), Self.sample(120, .availability), Self.sample(150), Self.sample(180),
            Self.sample(400), Self.sample(430), Self.sample(460, .safety), Self.sample(490), Self.sample(520))
        #expect(clock.stretches.map(\.kind) == [.counted, .paused, .counted, .gap, .counted, .reset, .counted])
        #expect(clock.stretches.map(\.milliseconds) == [60_000, 0, 30_000, 0, 30_000, 0, 30_000])
        #expect(clock.stretches.map(\.samples) == [3, 2, 2, 0, 2, 1, 2])
        #expect(clock.stretches.map(\.first) == ["h0", "h90", "h150", "h180", "h400", "h460", "h490"])
        #expect(ClockReading.coveredMilliseconds(clock.stretches) == 30_000 && clock.coveredSeconds == 30)
        for stretch in clock.stretches { #expect(Stretch(stretch.text) == stretch) }
    }

    @Test("a step of any clock, a changed hour among them, counts no more than the others allow", arguments: [3600, -3600, 50, -50, 86_400])
    func steps(seconds: Int) {
        let stepped = clock(Self.sample(0, uptime: 0), Self.sample(30 + seconds, uptime: 30), Self.sample(60 + seconds, uptime: 60))
        #expect(stepped.coveredSeconds <= 60)
        let database = clock(Self.sample(0, database: 0), Self.sample(30, database: 30 + seconds), Self.sample(60, database: 60 + seconds))
        #expect(database.coveredSeconds <= 60)
        let all = clock(Self.sample(0, boot: "1"), Self.sample(30 + seconds, boot: "2", uptime: 3), Self.sample(60 + seconds, boot: "2", uptime: 33))
        #expect(all.coveredSeconds == 30)
    }

    @Test("a database that stood still covers nothing")
    func still() { #expect(clock(Self.sample(0, database: 0), Self.sample(30, database: 0), Self.sample(60, database: 10)).coveredSeconds == 10) }

    @Test("it is recomputed from the events alone, however often it was told")
    func recomputed() async throws {
        let ref = StepRef(tenant: "acme", phase: "L1", step: "lamp.watch")
        var clock = EvidenceClock(longestGapSeconds: 60)
        var events: [Event] = []
        func tell(_ change: Event.Change) {
            events.append(Event(stream: "acme", revision: events.count + 1, at: Self.start, by: "ann", fence: 1, change: change, previous: events.last?.hash ?? "g"))
        }
        tell(.waitBegan(ref))
        var told = 0
        for (number, verdict) in [EvidenceClock.Verdict.green, .green, .availability, .green, .green, .safety, .green, .green, .green].enumerated() {
            clock.add(Self.sample(number * 20, verdict))
            let from = max(0, min(told - 1, clock.stretches.count - 1))
            tell(.clockRead(ref, from: from, Array(clock.stretches[from...])))
            told = clock.stretches.count
        }
        tell(.verified(ref, .inPlace(Evidence(["covered": "\(Int(clock.coveredSeconds))"]))))
        let stored = events.map(EventRecord.init).compactMap { $0.event() }
        let history = ClockHistory(stored)
        #expect(history.clocks.count == 1)
        #expect(history.clocks.first?.stretches == clock.stretches)
        #expect(history.clocks.first?.coveredMilliseconds == 40_000 && history.clocks.first?.verified == 40)
    }
}
