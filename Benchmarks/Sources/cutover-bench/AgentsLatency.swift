import DataPath
import Foundation
import HTTP
import Postgres

/// What commits and recalls take the agents at their own door while a throttled copy runs, against the same with nothing running.
struct AgentsLatency: Bench {
    let name = "agents-p95"
    private static let agents = 4
    private static let windowSeconds = 8.0
    /// What the throttle held altogether proves nothing.
    private static let fewestRows = 500

    func measure(_ ground: Ground) async throws -> [Figure] {
        let pairs = try await paired(name) {
            try await p95(ground, copying: true)
        } against: {
            try await p95(ground, copying: false)
        }
        return [Figure(name, pairs, unit: "ms", .atMost(1.5))]
    }

    private func p95(_ ground: Ground, copying: Bool) async throws -> Double {
        let url = try await ground.database("bench_agents")
        let server = try await ServerProcess.start(database: url)
        defer { server.stop() }
        let control = try await PostgresConnection.connect(url, applicationName: "bench")
        let workspaces = try await control.query("SELECT id::text AS id FROM workspaces WHERE status = 'online' ORDER BY id LIMIT \(Self.agents)").map { try $0.string("id") }
        guard workspaces.count == Self.agents else { throw Trouble("\(workspaces.count) workspaces are online") }
        // Warm, and the measure of what the throttle allows: half as much again is too much, so it holds a little before.
        let quiet = try await latencies(server, workspaces, seconds: 2)
        var copy: pid_t?
        if copying {
            try await Control.restartCopy(fence: 0, control)
            copy = try Child.start(ThrottledCopy.role, [url, server.url, workspaces[0], String(quiet * 1.4), String(getpid())])
        }
        let measured = try await latencies(server, workspaces, seconds: Self.windowSeconds)
        if let copy {
            Child.stop(copy)
            let state = try await Control.read(control)
            tell("\(state.copied) rows copied meanwhile\(state.copyDone ? ", all there were" : "")")
            guard state.copied >= Self.fewestRows else { throw Trouble("a copy of \(state.copied) rows is none: the throttle held it") }
        }
        await control.close()
        return measured
    }

    /// The 95th percentile of all that the agents did, one thing after the other and a moment's rest between.
    private func latencies(_ server: ServerProcess, _ workspaces: [String], seconds: Double) async throws -> Double {
        let pool = HTTPPool(connections: workspaces.count)
        let all = try await withThrowingTaskGroup(of: [Double].self) { group in
            for workspace in workspaces {
                group.addTask {
                    var mine: [Double] = []
                    let end = ContinuousClock.now + .seconds(seconds)
                    while ContinuousClock.now < end {
                        let number = mine.count
                        mine.append(
                            number.isMultiple(of: 2)
                                ? try await server.tool("commit_memory", #"{"content":"agents at work \#(workspace) \#(number)","scope":"LOCAL"}"#, workspace: workspace, over: pool)
                                : try await server.tool("recall_memory", #"{"query":"work \#(number)","scope":"LOCAL"}"#, workspace: workspace, over: pool))
                        try await Task.sleep(for: .milliseconds(20))
                    }
                    return mine
                }
            }
            return try await group.reduce(into: [Double]()) { $0 += $1 }
        }
        guard all.count >= 100 else { throw Trouble("\(all.count) requests are too few") }
        return all.sorted()[Int((Double(all.count) * 0.95).rounded(.up)) - 1]
    }
}

/// The copy in a process of its own, held back as the watch holds it back: by the door's own latency, asked twice a second, and by a nice ratio.
enum ThrottledCopy {
    static let role = "throttled-copy"

    @Sendable static func main(_ words: [String]) async throws {
        guard words.count == 5, let limit = Double(words[3]), let parent = Int32(words[4]) else { throw Trouble("throttled-copy DATABASE DOOR WORKSPACE MILLISECONDS PARENT") }
        Child.endWith(parent)
        let limits = ThrottleLimits(doorP95Milliseconds: max(1, Int(limit.rounded(.up))), nice: 2)
        let door = Door(server: ServerProcess(pid: 0, url: words[1]), workspace: words[2])
        let probing = Task { await door.probe() }
        defer { probing.cancel() }
        let writer = Writer(try await PostgresConnection.connect(words[0], applicationName: "bench-writer"), fence: 0)
        try await writer.start()
        while true {
            let throttle = Throttle.decide(limits, ThrottleReadings(doorP95Milliseconds: await door.reading))
            let began = ContinuousClock.now
            let step = try await writer.step(copying: throttle.copies)
            if step.copyFinished { break }
            if step.idle {
                try await Task.sleep(for: .milliseconds(25))
            } else {
                try await Task.sleep(for: (ContinuousClock.now - began) * max(step.copied > 0 ? throttle.copyRest : 0, throttle.lookRest ?? 0))
            }
        }
        await writer.stop()
        // Whoever started it ends it.
        while true { try await Task.sleep(for: .seconds(1)) }
    }

    private actor Door {
        private let server: ServerProcess
        private let workspace: String
        private var window = LatencyWindow()
        private let began = ContinuousClock.now

        init(server: ServerProcess, workspace: String) { (self.server, self.workspace) = (server, workspace) }

        private var now: Double { inSeconds(ContinuousClock.now - began) }
        var reading: ThrottleReadings.Gauge { window.p95(at: now).map { .value(Int($0.rounded())) } ?? .unknown("too few samples") }

        func probe() async {
            let pool = HTTPPool(connections: 1)
            while !Task.isCancelled {
                let took = (try? await server.tool("recall_memory", #"{"query":"cutover-probe latency","scope":"LOCAL"}"#, workspace: workspace, over: pool)) ?? 5000
                window.add(milliseconds: took, at: now)
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
    }
}
