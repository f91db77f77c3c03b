import Foundation

/// Rollouts over the lab again and again, there and back, while whatever belongs to them is killed at random; what lives through all of it must not grow.
///
/// One tenant goes round. Another one stands in a soak of thirty days meanwhile: its watch, its plugin and the `advance --wait` of its release
/// manager live as long as the test. As nothing of theirs is killed, whatever they keep to themselves adds up.
enum Endurance {
    @Sendable static func run(_ stage: Stage) async throws {
        let minutes = ProcessInfo.processInfo.environment["MINUTES"].flatMap { Double($0) } ?? 10
        var stage = stage
        try await stage.raise(tenants: 2, rows: 60)
        let text = try String(contentsOfFile: stage.places.plan, encoding: .utf8).replacing("window: 6s", with: "window: 2s").replacing("grace: 3s", with: "grace: 1s")
        stage.plan = try stage.file("short.yaml", text.replacing("window: 8s", with: "window: 2s"))
        let names = try await stage.labStatus().tenants.map(\.tenant)
        var long = try Resident(stage, names[1], plan: try stage.file("long.yaml", text.replacing("window: 8s", with: "window: 30d")))
        try await long.settle()
        let tour = try EnduranceTour(stage, names[0])
        var gauges = Gauges()
        let (began, end) = (Date(), Date().addingTimeInterval(minutes * 60))
        var (round, total) = (0, 0)
        while Date() < end || round < 1 {
            round += 1
            let kills = try await tour.round()
            total += kills
            gauges.read(try long.readings(), ["disk of the tenant that goes round": ProcessUse.size(of: stage.host(names[0])), "its journal": ProcessUse.size(of: tour.journal)], after: Date().timeIntervalSince(began))
            print("    endurance: round \(round), \(kills) kills, \(Int(Date().timeIntervalSince(began))) s: \(gauges.told)")
            fflush(nil)
        }
        try await long.end()
        try await stage.referee("v2", of: [names[1]], changing: long.calmly)
        print("    endurance: \(round) rounds in \(Int(Date().timeIntervalSince(began))) s, \(total) kills")
        let trouble = gauges.trouble
        try expect(trouble.isEmpty, trouble.joined(separator: "\n"))
    }
}

/// The gauges of a run.
private struct Gauges {
    /// What belongs to a round: a rollout there and back writes some hundred operations and events, a watch a line of evidence a second.
    private static let bounds = [
        Gauge.Bound(what: "memory of the watch", unit: "MiB", perRound: 0.5), Gauge.Bound(what: "descriptors of the watch", unit: "", perRound: 0.2),
        Gauge.Bound(what: "memory of its supervisor", unit: "MiB", perRound: 0.2), Gauge.Bound(what: "descriptors of its supervisor", unit: "", perRound: 0.2),
        Gauge.Bound(what: "memory of the controller", unit: "MiB", perRound: 0.5), Gauge.Bound(what: "descriptors of the controller", unit: "", perRound: 0.2),
        Gauge.Bound(what: "disk of the soaking tenant a minute", unit: "KiB", perRound: 20), Gauge.Bound(what: "journal of the soaking tenant", unit: "KiB", perRound: 100),
        Gauge.Bound(what: "disk of the tenant that goes round", unit: "KiB", perRound: 2500), Gauge.Bound(what: "its journal", unit: "KiB", perRound: 2500),
    ]
    private var gauges = Self.bounds.map { Gauge($0) }

    /// The soaking tenant's disk is told by the minute: its watch writes as long as there is time, and rounds are of many lengths.
    mutating func read(_ one: [String: Double], _ two: [String: Double], after seconds: Double) {
        let all = one.merging(two) { $1 }
        for index in gauges.indices {
            if let value = all[gauges[index].bound.what] { gauges[index].read(value) }
        }
    }

    var told: String { gauges.map(\.told).joined(separator: "; ") }
    var trouble: [String] { gauges.compactMap(\.trouble) }
}

/// The tenant that stays in its soak, and who waits for it.
private struct Resident {
    private let stage: Stage
    private let tenant: String
    private let plan: String
    private var controller: RunningProgram?
    private var began = Date()
    private var sizeThen = 0.0

    init(_ stage: Stage, _ tenant: String, plan: String) throws {
        (self.stage, self.tenant, self.plan) = (stage, tenant, plan)
    }

    var calmly: [String: String?] { ["CUTOVER_JOURNAL": "\(stage.root)/\(tenant).db", "CUTOVER_PLAN": plan] }

    mutating func settle() async throws {
        try await stage.forward("advance", tenant, "--to", "A3/legacy.archive", "--wait", tenants: [tenant], changing: calmly)
        controller = try await stage.start("cutoverctl", ["advance", tenant, "--wait"], calmly)
        let changes = calmly
        _ = try await eventually("\(tenant) soaks", within: 60) { try await stage.status(of: tenant, changing: changes).step == "soak.wait" ? true : nil }
        (began, sizeThen) = (Date(), ProcessUse.size(of: stage.host(tenant)))
    }

    func readings() throws -> [String: Double] {
        let watch = Leftovers.of(stage.host(tenant)).filter { $0.command.contains("host watch") }
        guard let controller, Leftovers.isAlive(controller.pid) else { throw Trouble("the long wait has ended") }
        // The one of the pid file works; the other one only waits for it.
        let worker = Int32((try String(contentsOfFile: "\(stage.host(tenant))/watch.pid", encoding: .utf8)).trimmingCharacters(in: .whitespacesAndNewlines))
        guard let worker, let supervisor = watch.first(where: { $0.pid != worker })?.pid else { throw Trouble("the watch of \(tenant) does not run: \(watch.map(\.command))") }
        var found = ["disk of the soaking tenant a minute": (ProcessUse.size(of: stage.host(tenant)) - sizeThen) / max(1, Date().timeIntervalSince(began) / 60)]
        found["journal of the soaking tenant"] = ProcessUse.size(of: "\(stage.root)/\(tenant).db")
        for (name, pid) in [("the watch", worker), ("its supervisor", supervisor), ("the controller", controller.pid)] {
            found["memory of \(name)"] = ProcessUse.memory(pid)
            found["descriptors of \(name)"] = ProcessUse.descriptors(pid)
        }
        return found
    }

    func end() async throws {
        controller?.kill(SIGTERM)
        _ = try await controller?.ended()
    }
}

/// The tenant that goes round, and who kills there.
private struct EnduranceTour {
    private let stage: Stage
    private let tenant: String
    private let tour: CrashTour

    init(_ stage: Stage, _ tenant: String) throws {
        (self.stage, self.tenant) = (stage, tenant)
        var tour = try CrashTour(stage, tenant)
        tour.patience = 60
        self.tour = tour
    }

    var journal: String { tour.journal }

    /// There and back, with the referee agreeing at both ends. Answers how many were killed.
    func round() async throws -> Int {
        let there = try await disturbed(1400) { try await tour.forward() }
        _ = try await tour.end("v2", steps: Stage.steps)
        let back = try await disturbed(400) { try await tour.back() }
        _ = try await tour.end("v1", steps: [])
        return there + back
    }

    /// - Parameter points: about how many of them the work comes by; somebody dies at a few, in the middle of whatever he writes.
    private func disturbed(_ points: Int, _ work: () async throws -> Void) async throws -> Int {
        try tour.ground.arm((0..<5).map { _ in "after \(stage.chance.number(in: 1...points))" })
        let felled = Counter()
        let killer = Task {
            while !Task.isCancelled {
                try await Task.sleep(for: .milliseconds(stage.chance.number(in: 500...8000)))
                if fell(stage.chance.number(in: 0...2)) { _ = felled.next() }
            }
        }
        defer { killer.cancel() }
        try await work()
        return tour.ground.died.count + felled.next() - 1
    }

    private func fell(_ whom: Int) -> Bool {
        let home = "\(stage.root)/tenants/\(tenant)"
        let victims = Leftovers.of(home).filter { process in
            switch whom {
            case 0: process.command.contains("host watch")
            case 1: process.command.contains("host writing") || process.command.contains("host work")
            default: process.command.contains("lab-plugin")
            }
        }
        return victims.first.map { kill($0.pid, SIGKILL) == 0 } ?? false
    }
}
