import Cutover
import DataPath
import Testing

@testable import Phases

@Suite("what of a long work's progress the journal gets") struct ProgressNewsTests {
    private func report(
        _ copied: Int, of rows: Int = 1000, rate: Double? = nil, left: (Double, Double?)? = nil, hold: Throttle.Hold? = nil, log: LogState? = nil
    ) -> WatchReport {
        WatchReport(
            at: Timestamp(milliseconds: 0), mode: "copy",
            copy: .init(copied: copied, rows: rows, done: false, rowsPerSecond: rate, soonestSeconds: left?.0, latestSeconds: left?.1), holds: hold.map { [$0] } ?? [], unknown: [],
            limits: ThrottleLimits(), log: log, keeping: nil)
    }

    @Test("each tenth of the way is noted once, however often it is told")
    func tenths() {
        var checkpoints = CopyCheckpoints()
        var noted: [String] = []
        for copied in stride(from: 0, through: 1000, by: 7) {
            for _ in 1...3 { if let facts = checkpoints.next(report(copied), elapsedSeconds: copied / 100) { noted.append(facts["copied"] ?? "") } }
        }
        #expect(noted == ["105", "203", "301", "406", "504", "602", "700", "805", "903"])
    }

    @Test("a slow copy is noted every five minutes, and not before anything has moved")
    func slow() {
        var checkpoints = CopyCheckpoints()
        #expect(checkpoints.next(report(0), elapsedSeconds: 1000) == nil)
        #expect(checkpoints.next(report(100), elapsedSeconds: 1001)?["copied"] == "100")
        #expect(checkpoints.next(report(110), elapsedSeconds: 1300) == nil)
        #expect(checkpoints.next(report(111), elapsedSeconds: 1301)?["copied"] == "111")
    }

    @Test("a bound that begins to hold is noted with its value and limit, and one that comes and goes within a minute only once")
    func bounds() {
        var checkpoints = CopyCheckpoints()
        let hold = Throttle.Hold(.connections, value: "41", limit: "40")
        let noted = checkpoints.next(report(0, hold: hold), elapsedSeconds: 0)
        #expect(noted?["bound"] == "connections" && noted?["value"] == "41" && noted?["limit"] == "40")
        for second in 1..<60 { #expect(checkpoints.next(report(1, hold: second % 2 == 0 ? hold : nil), elapsedSeconds: second) == nil) }
        #expect(checkpoints.next(report(1), elapsedSeconds: 60)?["copied"] == "1")
    }

    @Test("rate, time left as a range and lag are in the facts as they are on the line")
    func facts() {
        var checkpoints = CopyCheckpoints()
        let facts = checkpoints.next(report(100, rate: 99.6, left: (90, 300)), elapsedSeconds: 1)
        #expect(facts == ["copied": "100", "of": "1000", "rowsPerSecond": "100", "left": "2 m to 5 m left"])
        #expect(report(100, rate: 99.6, left: (90, 300)).line == "100 of 1000 rows (10%), 100 rows/s, 2 m to 5 m left")
        #expect(report(100, left: (5, nil)).timeLeft == "at least 5 s left")
        #expect(report(100, left: (5, 5.2)).timeLeft == "5 s to 6 s left")
        #expect(report(100, left: (5.1, 6)).timeLeft == "6 s left")
        #expect(report(100, left: (6000, 8000)).timeLeft == "2 h left")
    }

    @Test("an archive's progress reads the same way")
    func archive() {
        let report = WorkReport(stage: "written", done: 250, of: 1000, pace: Pace(rowsPerSecond: 50, soonestSeconds: 10, latestSeconds: 20))
        #expect(report.line == "250 of 1000 rows written (25%), 50 rows/s, 10 s to 20 s left")
        #expect(report.facts == ["stage": "written", "done": "250", "of": "1000", "rowsPerSecond": "50", "left": "10 s to 20 s left"])
        #expect(WorkReport(stage: "written", done: 0, of: 0, pace: Pace()).line == "0 of 0 rows written")
    }
}
