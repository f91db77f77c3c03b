import DataPath
import Postgres
import ProgramsTestKit
import Testing

@Suite("Throttle") struct ThrottleTests {
    private let limits = ThrottleLimits(connections: 40, replicationLagMilliseconds: 5000, doorP95Milliseconds: 250, nice: 0.5, pauseFile: "/run/pause")

    @Test("a reading at its limit goes on, one above it holds, and the bound is named with value and limit")
    func bounds() {
        let calm = ThrottleReadings(connections: .value(40), replicationLagMilliseconds: .value(5000), doorP95Milliseconds: .value(250))
        let go = Throttle.decide(limits, calm)
        #expect(go.copies && go.copyRest == 0.5 && go.lookRest == 0 && go.unknown.isEmpty)
        for (bound, busy, value, limit) in [
            (Throttle.Bound.connections, ThrottleReadings(connections: .value(41)), "41", "40"),
            (.replicationLag, ThrottleReadings(replicationLagMilliseconds: .value(5001)), "5001 ms", "5000 ms"),
            (.doorP95, ThrottleReadings(doorP95Milliseconds: .value(251)), "251 ms", "250 ms"),
        ] {
            let wait = Throttle.decide(limits, busy)
            #expect(wait.holds == [Throttle.Hold(bound, value: value, limit: limit)])
            #expect(!wait.copies && wait.lookRest == 1, "looks go on, half as fast")
        }
    }

    @Test("a pause file stops looks as well, a hold stops the copy alone, and the gravest is named first")
    func persons() {
        let paused = Throttle.decide(limits, ThrottleReadings(connections: .value(99), pauseFileIsThere: true))
        #expect(paused.holds.map(\.bound) == [.pauseFile, .connections] && paused.lookRest == nil)
        let held = Throttle.decide(limits, ThrottleReadings(heldBy: "by ann: lunch"))
        #expect(held.holds.map(\.description) == ["held by ann: lunch"] && held.lookRest == 0)
        #expect(Throttle.decide(ThrottleLimits(), ThrottleReadings(pauseFileIsThere: true)).copies, "a file that is not the pause file pauses nothing")
    }

    @Test("what can't be read slows down and does not stop")
    func unknown() {
        let blind = Throttle.decide(limits, ThrottleReadings(connections: .unknown("no right")))
        #expect(blind.copies && blind.unknown == [.connections] && blind.copyRest == 1 && blind.lookRest == 1)
        let eager = Throttle.decide(ThrottleLimits(nice: 3), ThrottleReadings(connections: .unknown("no right")))
        #expect(eager.unknown.isEmpty && eager.copyRest == 3, "what has no limit is not missed")
    }

    @Test("what was changed while it runs counts before the plan, and 0 takes a limit away")
    func overlaid() {
        let now = limits.overlaid(by: ThrottleLimits(connections: 0, nice: 2))
        #expect(now.connections == 0 && now.doorP95Milliseconds == 250 && now.nice == 2)
        #expect(Throttle.decide(now, ThrottleReadings(connections: .value(1000))).copies)
    }

    @Test("a percentile is by rank, and too few samples are none")
    func percentile() {
        var window = LatencyWindow(seconds: 60, fewest: 5)
        for number in 1...4 { window.add(milliseconds: Double(number), at: Double(number)) }
        #expect(window.p95(at: 5) == nil)
        for number in 5...100 { window.add(milliseconds: Double(number), at: 6) }
        #expect(window.p95(at: 6) == 95)
        #expect(window.p95(at: 66.5) == nil, "what is old does not count")
    }

    @Test("the time left is a range, from the fast and the slow tenth of the rates; after a standstill its end is open")
    func eta() throws {
        var steady = RateWindow()
        for second in 0...20 { steady.add(second * 200, at: Double(second * 2)) }
        #expect(steady.rate == 100)
        let even = try #require(steady.eta(remaining: 1000))
        #expect(even.soonest == 10 && even.latest == 10)
        var uneven = RateWindow()
        var count = 0
        for second in 0...20 {
            count += second % 2 == 0 ? 100 : 300
            uneven.add(count, at: Double(second * 2))
        }
        let range = try #require(uneven.eta(remaining: 3000))
        #expect(range.soonest == 20 && range.latest == 60)
        for second in 21...30 { uneven.add(count, at: Double(second * 2)) }
        #expect(try #require(uneven.eta(remaining: 3000)).latest == nil)
        uneven.add(0, at: 63)
        #expect(uneven.rate == nil, "a count that fell begins anew")
    }

    @Test("looks that can't keep up say so with both rates; a burst and a short log do not")
    func keeping() throws {
        func keeping(incoming: Int, looked: Int, seconds: Int, entries: Int) -> Keeping? {
            var (came, went) = (RateWindow(), RateWindow())
            for second in 0...seconds {
                came.add(second * incoming, at: Double(second))
                went.add(second * looked, at: Double(second))
            }
            return Keeping(incoming: came, looked: went, entries: entries)
        }
        #expect(keeping(incoming: 5000, looked: 100, seconds: 9, entries: 44_100) == nil)
        let behind = try #require(keeping(incoming: 500, looked: 300, seconds: 20, entries: 4000))
        #expect(!behind.keepsUp && behind.words == "the looks can't keep up: 500 changes/s come in, 300/s are looked at, 4000 wait")
        #expect(try #require(keeping(incoming: 500, looked: 300, seconds: 20, entries: 999)).keepsUp)
        #expect(try #require(keeping(incoming: 500, looked: 499, seconds: 20, entries: 4000)).keepsUp)
    }
}

@Suite("Database load", .serialized) struct DatabaseLoadTests {
    @Test("sessions at work are counted and ours are not; a standby that stands still is told in milliseconds")
    func load() async throws {
        let cluster = try Cluster.start()
        defer { cluster.end() }
        let ours = try await PostgresConnection.connect(cluster.url(), applicationName: "cutover-test")
        let idle = try await DatabaseLoad.read(ours)
        #expect(idle.connections == .value(0) && idle.replicationLagMilliseconds == .nothing)
        for (name, count) in [("agent", 1), ("cutover-watch", 0)] {
            let busy = try await PostgresConnection.connect(cluster.url(), applicationName: name)
            async let work: Void = busy.execute("SELECT pg_sleep(60)")
            try await until("EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND state = 'active')", ours)
            #expect(try await DatabaseLoad.read(ours).connections == .value(count), "\(name)")
            _ = try await ours.query("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)'")
            _ = try? await work
            await busy.close()
        }
        try await cluster.startStandby()
        try await until("EXISTS (SELECT FROM pg_stat_replication WHERE state = 'streaming' AND replay_lsn = pg_current_wal_lsn())", ours)
        #expect(try await DatabaseLoad.read(ours).replicationLagMilliseconds == .value(0))
        let standby = try await PostgresConnection.connect(cluster.standbyURL)
        try await standby.execute("SELECT pg_wal_replay_pause()")
        try await ours.execute("CREATE TABLE t AS SELECT generate_series(1, 1000)")
        while true {
            let lag = try await DatabaseLoad.read(ours).replicationLagMilliseconds
            #expect(lag != .nothing)
            if case .value(let milliseconds) = lag, milliseconds > 300 { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        try await standby.execute("SELECT pg_wal_replay_resume()")
        try await until("EXISTS (SELECT FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_lsn())", ours)
        #expect(try await DatabaseLoad.read(ours).replicationLagMilliseconds == .value(0))
    }

    @Test("a role that may not see sessions makes the count unknown, not zero")
    func blind() async throws {
        let stage = try await Stage.make(capture: false)
        try await stage.agent.execute("DO $$ BEGIN CREATE ROLE blind_role; EXCEPTION WHEN duplicate_object THEN NULL; END $$; SET ROLE blind_role")
        let load = try await DatabaseLoad.read(stage.agent)
        guard case .unknown = load.connections else { return #expect(Bool(false), "\(load)") }
    }
}
