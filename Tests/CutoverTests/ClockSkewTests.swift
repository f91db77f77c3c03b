import Cutover
import CutoverTestKit
import Testing

@Suite("a host whose clock is not ours") struct ClockSkewTests {
    private static let start = ManualTime.beginning

    @Test("how far it is ahead is known as well as the question was quick", arguments: [0, 600_000, -600_000, 1])
    func measured(ahead: Int64) {
        for took: Int64 in [0, 1, 7, 5000] {
            for read in [0, took / 3, took] {
                let asked = Self.start
                let host = Timestamp(milliseconds: asked.milliseconds + read + ahead)
                let skew = ClockSkew(host: host, asked: asked, answered: Timestamp(milliseconds: asked.milliseconds + took))
                #expect(abs(skew.aheadMilliseconds - ahead) <= skew.withinMilliseconds)
                #expect(ClockSkew(skew.text) == skew)
            }
        }
        for text in ["", "1", "1 2 3", "1 -2", "a 2", "1  2"] { #expect(ClockSkew(text) == nil) }
    }

    @Test("ten minutes ahead are no minute of a window: a constant lead is none, and one that comes while samples are taken counts as the time since boot")
    func gainsNothing() {
        func covered(_ lead: (Int) -> Int) -> Double {
            EvidenceClock(
                (0...20).map { number in
                    EvidenceClock.Sample(
                        at: Self.start.adding(seconds: number * 60 + lead(number)), uptime: Double(number * 60), boot: "1",
                        database: Self.start.adding(seconds: number * 60 + lead(number)), verdict: .green, detail: "", hash: "h\(number)")
                }, longestGapSeconds: 1800
            ).coveredSeconds
        }
        #expect(covered { _ in 0 } == 1200)
        #expect(covered { _ in 600 } == 1200)
        #expect(covered { $0 < 7 ? 0 : 600 } == 1200)
        #expect(covered { $0 < 7 ? 600 : 0 } <= 1200)
        // It runs fast all the way.
        #expect(covered { $0 * 30 } == 1200)
    }

    /// A wait whose host says that it has covered a hundred seconds, as soon as it is asked, by a clock ten minutes ahead.
    private struct Boasting: Wait {
        var preconditions: [Gate] { [] }
        func preview(_ sight: Sight) async throws(StepFailure) -> Preview { Preview(commands: []) }
        func verify(_ sight: Sight) async throws(StepFailure) -> Finding { .absent(Evidence()) }
        func tend(_ site: Site, began: OperationID) async throws(StepFailure) -> Evidence { Evidence() }
        func observe(_ sight: Sight, began: OperationID) async -> Observation {
            let asked = sight.time.now
            let stretch = Stretch(
                kind: .counted, from: asked.adding(seconds: 500), until: asked.adding(seconds: 600), milliseconds: 100_000, samples: 2, first: "a", last: "b", detail: "")
            let skew = ClockSkew(host: asked.adding(seconds: 600), asked: asked, answered: sight.time.now)
            return Observation(.open(Evidence(["covered": "100"])), clock: ClockReading([stretch], skew: skew))
        }
    }

    @Test("what its clocks count opens nothing before ours has counted as much, and its lead is on record with it")
    func bounded() async throws {
        let catalog = StepCatalog([StepCatalog.Entry(kind: "boast", nature: .wait, milestone: "waited") { _, _ in .wait(Boasting()) }])
        let plan = LampCatalog.plan(phases: [Phase(id: "W", steps: [LampCatalog.step("boast")])])
        let (journal, time, transport) = (MemoryJournal(), ManualTime(), LampCatalog.transport())
        let engine = Engine(
            plan: plan, fleet: LampCatalog.fleet("acme"), catalog: catalog, journal: journal, time: time, me: "ann", holder: LeaseHolder(name: "one", seconds: 60)
        ) { _ in transport }
        for _ in 0..<2 { _ = try await engine.advance("acme") }
        for _ in 0..<3 {
            #expect(try await engine.advance("acme").isWaiting)
            time.advance(seconds: 33)
        }
        #expect(try await engine.advance("acme").isWaiting)
        time.advance(seconds: 1)
        #expect(try await engine.advance("acme").did == "verified")

        let records = try await journal.events(in: "acme", after: 0).map(EventRecord.init)
        let clock = try #require(ClockHistory(records.compactMap { $0.event() }).clocks.first)
        #expect(clock.skew?.aheadMilliseconds == 600_000 && clock.skew?.withinMilliseconds == 0)
        #expect(clock.skew?.words == "the host's clock is 600 s ahead of ours, give or take 0 s")
        #expect(clock.coveredMilliseconds == 100_000 && clock.verified == 100)
        let told = try await journal.events(in: "acme", after: 0).filter { $0.change.kind == "clockRead" }
        #expect(!told.isEmpty && told.allSatisfy { $0.change.facts["skew"] == "600000 0" })
    }
}
