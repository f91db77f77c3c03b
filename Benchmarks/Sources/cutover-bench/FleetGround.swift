import Cutover
import Foundation
import Journals
import Phases
import PlanFiles
import Simulation

/// Ten thousand made-up tenants of the production plan, and journals that they left. What takes long to make is kept in `.build/fleet-bench`.
struct FleetGround: Sendable {
    static let tenants = ProcessInfo.processInfo.environment["TENANTS"].flatMap { Int($0) } ?? 10_000
    let folder: String
    let fleet: Fleet
    let plan: Plan

    var fleetFile: String { "\(folder)/fleet-\(Self.tenants).yaml" }
    var planFile: String { "\(folder)/plan.yaml" }
    /// The program as it is released.
    static var program: String { "\(FileManager.default.currentDirectoryPath)/.build/bench/release/cutoverctl" }

    /// - Parameter waits: what all its waits are made; nil leaves them. Of a journal's speed the days in which nothing is recorded tell nothing.
    init(waits: String? = nil) throws {
        folder = "\(FileManager.default.currentDirectoryPath)/.build/fleet-bench"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Production tenants may soak no shorter.
        let env = waits == nil ? "production" : "staging"
        let hosts = (0..<Self.tenants).map { number -> TenantHost in
            let id = "t\(String(number + 100_000).dropFirst())"
            return TenantHost(
                id: TenantID(id), host: "10.\(number / 62_500).\(number / 250 % 250).\(number % 250 + 1)", transport: "local", labels: ["env": env, "region": "eu-\(number % 4)"],
                env: "/etc/cutover/\(id).env", state: "\(NSTemporaryDirectory())/cutover-bench-hosts/\(id)")
        }
        let others = [TenantHost(id: "control-plane", host: "127.0.0.1", transport: "local", labels: [:], env: "/dev/null", state: "/var/lib/cutover/control-plane")]
        fleet = Fleet(tenants: hosts, others: others)
        var file = try String(contentsOfFile: "Plans/memory-ssot.yaml", encoding: .utf8)
        if let waits { file = file.replacing(#/(window|grace|keepFor): \d+[hd]/#) { "\($0.1): \(waits)" } }
        guard let end = file.range(of: "rollout:\n") else { throw Trouble("the plan has no rollout") }
        // One wave for all, which the budget of so large a fleet lets move.
        let text = String(file[..<end.upperBound]) + """
              atOnce: 256
              exposed: \(Self.tenants)
              failureBudget: 100
              waves:
                - { name: all, select: { env: \(env) } }

            """
        let (read, problems) = PlanFile.read(text: text, path: "plan.yaml", catalog: MemoryCatalog.catalog, fleet: fleet)
        guard let read else { throw Trouble("\(problems)") }
        plan = read
        try text.write(toFile: "\(folder)/plan.yaml", atomically: true, encoding: .utf8)
        try FleetText.text(fleet).write(toFile: fleetFile, atomically: true, encoding: .utf8)
    }

    /// A journal in SQLite of all tenants with `events` of each, as the engine records one on a simulated host; 0: as many as there are.
    /// All wait in the soak, but for those that `cut` leaves earlier.
    func journal(_ name: String, events: Int, cut: (Int, Int) -> Int = { $1 }) async throws -> String {
        let path = "\(folder)/\(name)-\(Self.tenants)-\(plan.digest.prefix(8)).db"
        if FileManager.default.fileExists(atPath: path) { return path }
        tell("making \(path)")
        for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: "\(path).draft\(end)") }
        let journal = try SQLiteJournal.open(path: "\(path).draft", create: true) { "fleetbench" }
        let history = try await soaking(padded: events)
        let catalog = MemoryCatalog.catalog
        let text = try CanonicalJSON.text(plan)
        try await keep([.waveOpened(name: "all", tenants: fleet.tenants.map(\.id)), .planKept(digest: plan.digest, text: text)], journal)
        for (number, host) in fleet.tenants.enumerated() {
            let stream = StreamID(host.id)
            let lease = try await journal.lease(stream, to: "bench", until: history[0].at, now: history[0].at) { _ in true }
            var standing = Standing(host.id, genesis: Event.genesis(of: stream, in: "fleetbench"))
            var mine: [Event] = []
            for event in history.prefix(max(1, cut(number, history.count))) {
                let event = try event.renamed(stream, after: standing, fence: event.fence == 0 ? 0 : lease.fence)
                standing.apply(event)
                mine.append(event)
            }
            try await journal.append(mine, status: standing.status(under: plan, catalog: catalog), under: lease)
            try await journal.giveBack(lease)
        }
        try await journal.checkpointed(path)
        return path
    }

    private func keep(_ changes: [Event.Change], _ journal: SQLiteJournal) async throws {
        var before = (revision: 0, hash: Event.genesis(of: .fleet, in: "fleetbench"))
        for change in changes {
            let event = Event(stream: .fleet, revision: before.revision + 1, at: Timestamp("2026-01-01T00:00:00.000Z") ?? Timestamp(milliseconds: 0), by: "bench", fence: 0, change: change, previous: before.hash)
            try await journal.append([event], status: nil, under: nil)
            before = (event.revision, event.hash)
        }
    }

    /// What the engine recorded of one tenant up to its soak; padded by a window that is now clean and now not, as where a network flaps.
    private func soaking(padded wanted: Int) async throws -> [Event] {
        let one = Fleet(tenants: [fleet.tenants[0]], others: fleet.others)
        let scenario = Scenario(start: Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000) - 20 * 86_400_000), days: 20)
        let records = try await FleetSimulation(plan: plan, fleet: one, catalog: MemoryCatalog.catalog, scenario: scenario).runRecording().journal.records
        var events = records.filter { $0.stream == StreamID(one.tenants[0].id) }.compactMap { $0.event() }
        guard var last = events.last, let soak = plan.steps.first(where: { $0.id == "soak.wait" }) else { throw Trouble("nothing was recorded") }
        let ref = soak.ref(for: one.tenants[0].id)
        var isShut = false
        tell("\(events.count) events of one tenant by the engine; \(max(0, wanted - events.count)) more of its window")
        while events.count < wanted {
            isShut.toggle()
            let verdict: Gate.Verdict = isShut ? .shut("12000 of 2592000 s covered, 1 gap, 0 resets") : .unknown("\(one.tenants[0].host) does not answer")
            last = Event(stream: last.stream, revision: last.revision + 1, at: last.at.adding(seconds: 60), by: last.by, fence: last.fence, change: .gateAssessed(ref, claim: "the window is clean", verdict), previous: last.hash)
            events.append(last)
        }
        return events
    }
}

extension Event {
    /// The same change of another tenant, behind what stands in its stream.
    fileprivate func renamed(_ stream: StreamID, after standing: Standing, fence: Int) throws -> Event {
        let record = EventRecord(self)
        let step = record.step.map { "\(stream)/" + $0.split(separator: "/").dropFirst().joined(separator: "/") }
        guard let change = Event.Change(kind: record.kind, step: step.flatMap { StepRef($0) }, facts: record.facts) else { throw Trouble("\(record.kind) can't be renamed") }
        return Event(stream: stream, revision: standing.revision + 1, at: at, by: by, fence: fence, change: change, previous: standing.head)
    }
}

extension SQLiteJournal {
    /// Puts a finished draft in place.
    fileprivate func checkpointed(_ path: String) async throws {
        for end in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: "\(path).draft\(end)") {
            try FileManager.default.moveItem(atPath: "\(path).draft\(end)", toPath: path + end)
        }
    }
}

/// A clock that nothing waits for: who sleeps on it moves it on. Only leases, which are renewed once a month, rest in earnest.
final class HurriedTime: TimeSource {
    private let milliseconds: Locked<Int64>
    init(_ start: Timestamp) { milliseconds = Locked(start.milliseconds) }
    var now: Timestamp { Timestamp(milliseconds: milliseconds.read { $0 }) }
    func sleep(milliseconds count: Int) async throws(CancellationError) {
        if count > 30 * 86_400_000 {
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
            throw CancellationError()
        }
        milliseconds.write { $0 += Int64(count) }
    }
}

/// A clock that runs at a multiple of the machine's own.
final class FastTime: TimeSource {
    private let began = ContinuousClock.now
    private let start: Timestamp
    private let speed: Double
    init(_ start: Timestamp, speed: Double) { (self.start, self.speed) = (start, speed) }
    var now: Timestamp { Timestamp(milliseconds: start.milliseconds + Int64(inSeconds(ContinuousClock.now - began) * 1000 * speed)) }
    func sleep(milliseconds count: Int) async throws(CancellationError) {
        do { try await Task.sleep(for: .seconds(Double(count) / 1000 / speed)) } catch { throw CancellationError() }
    }
}
