import Foundation

/// A build in which each durable write and each effect is a place to be killed at: killed there and given again, a rollout ends as one that nobody disturbed.
enum CrashPoints {
    /// Of a run that was never looked at before nobody knows the points; they are counted off.
    private static let kills = 6
    /// How many points a run of a sample passes, about.
    private static let length = 1200

    /// Each of them was the end of a rollout once: the server stopped for good, probes left in the new store, no way back from a drop, a plugin that
    /// ran on for nobody, a database whose being put back nobody would have noticed.
    private static let known = [
        "host writing wiring.switch: server.pid removed #1", "host exercising sidecar.trial: POST /v1/namespaces/*/memories answered #1",
        "host exercising strict.trial: DELETE /workspaces/*/v2/memories/* begun #1", "host writing legacy.drop: commit done #1",
        "host writing sidecar.remove: sidecar.pid stop of #1", "host writing watch.start: tally.json written #1",
    ]

    @Sendable static func sampled(_ stage: Stage) async throws {
        let stage = try await raised(stage, tenants: 1)
        let tour = try CrashTour(stage, "acme")
        var at = 0
        let chosen = (0..<kills).map { _ in
            at += stage.chance.number(in: 1...(2 * length / kills))
            return "after \(at)"
        }
        try tour.ground.arm(known + chosen)
        do { _ = try await tour.thereAndBack() } catch { throw Trouble("\(error)\n     killed at \(tour.ground.died.joined(separator: "\n     killed at "))") }
        try expect(known.allSatisfy(tour.ground.died.contains), "nobody died at \(known.filter { !tour.ground.died.contains($0) }.joined(separator: ", "))")
        try expect(tour.ground.died.count > known.count, "nobody died at any of \(chosen.joined(separator: ", ")): the run passed \(tour.ground.reached.count) points")
        for line in tour.ground.died { tell("    crash-points: killed \(line)") }
    }

    /// Every point; taken up again where it was stopped, as long as the build is the same.
    @Sendable static func whole(_ stage: Stage) async throws {
        let count = number("TENANTS", 5)
        let stage = try await raised(stage, tenants: count)
        let facts = try FileManager.default.attributesOfItem(atPath: stage.places.program("cutoverctl"))
        let record = try CrashRecord("\(stage.places.repository)/.build/crash-points", build: "\(facts[.size] ?? "") \(facts[.modificationDate] ?? "")")
        let tenants = try await stage.labStatus().tenants.map(\.tenant)
        let first = try CrashTour(stage, tenants[0])
        try first.ground.arm([])
        let undisturbed = try await first.thereAndBack()
        try await record.list(first.ground.reached.filter(isDistinct))
        tell("    crash-points: \(await record.points.count) points, \(await record.survived.count) of them survived before")
        await withTaskGroup(of: Void.self) { group in
            // Who was undisturbed has been begun before, and some points come by at a first beginning alone.
            for tenant in tenants.count > 1 ? Array(tenants.dropFirst()) : tenants { group.addTask { await visit(stage, tenant, record, undisturbed) } }
        }
        let (points, survived, failures) = (await record.points, await record.survived, await record.failures)
        let left = points.filter { !survived.contains($0) }
        tell("    crash-points: \(survived.count) of \(points.count) survived")
        try expect(failures.isEmpty, failures.joined(separator: "\n"))
        for point in left { tell("    crash-points: never came by again: \(point)") }
    }

    /// One run after the other, until nothing is left or one has failed: who failed is left as he is.
    private static func visit(_ stage: Stage, _ tenant: String, _ record: CrashRecord, _ undisturbed: [Remains]) async {
        while true {
            let wanted = await record.next(number("KILLS", 12))
            if wanted.isEmpty { return }
            do {
                let tour = try CrashTour(stage, tenant)
                try tour.ground.arm(wanted)
                do {
                    let remains = try await tour.thereAndBack()
                    let differences = zip(undisturbed, remains).flatMap { $0.differences(to: $1, earlier: undisturbed) }
                    try expect(differences.isEmpty, "\(tenant): other than undisturbed: \(differences.joined(separator: "; "))")
                } catch { return await record.fail(tour.ground.died, "\(error)") { tell("    \($0)") } }
                try await record.note(wanted, died: tour.ground.died) { tell("    \($0)") }
            } catch { return await record.fail(wanted, "\(error)") { tell("    \($0)") } }
        }
    }

    /// What goes on and on comes by the same places: the first times stand for the others. How often the watch and a wait come by depends on how long they take.
    private static func isDistinct(_ point: String) -> Bool {
        guard let mark = point.lastIndex(of: "#"), let count = Int(point[point.index(after: mark)...]) else { return true }
        return count <= (point.hasPrefix("host watch") || point.contains("append clockRead") ? 2 : 6)
    }

    private static func raised(_ stage: Stage, tenants: Int) async throws -> Stage {
        var stage = stage
        try await stage.raise(tenants: tenants, rows: 40)
        let text = try String(contentsOfFile: stage.places.plan, encoding: .utf8)
        stage.plan = try stage.file(
            "short.yaml", text.replacing("window: 6s", with: "window: 2s").replacing("window: 8s", with: "window: 2s").replacing("grace: 3s", with: "grace: 1s"))
        return stage
    }

    private static func number(_ name: String, _ otherwise: Int) -> Int { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? otherwise }

    private static func tell(_ line: String) {
        print(line)
        fflush(nil)
    }
}
