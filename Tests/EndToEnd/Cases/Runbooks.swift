import Foundation

/// Every command of every runbook, typed in the state that its section names, ends as the runbook says.
///
/// One lab of four tenants is brought from scene to scene: `acme` goes through the phases once, the others are where nights begin.
/// For whoever writes a page: `RUNBOOK_SCENES='a host is away;the host is back'` plays those alone, and `RUNBOOK_TRACE=1` tells each command.
enum Runbooks {
    typealias Walk = @Sendable (Stage, [String: [String]], [String: String?]) async throws -> Void

    struct Scene: Sendable {
        let name: String
        let tenant: String
        /// Brings the lab there, walks the scene's commands, and leaves it fit for the next one.
        let play: @Sendable (inout Stage, Walk) async throws -> Void

        init(_ name: String, _ tenant: String, _ play: @escaping @Sendable (inout Stage, Walk) async throws -> Void) {
            self.name = name
            self.tenant = tenant
            self.play = play
        }
    }

    static let scenes: [Scene] = RunbookPhases.scenes + RunbookNights.scenes + RunbookLosses.scenes

    @Sendable static func run(_ stage: Stage) async throws {
        var stage = stage
        let walk = try RunbookWalk(stage)
        try await walk.require(scenes: scenes.map(\.name))
        try await stage.raise(tenants: 4, rows: 60, agents: false)
        let wanted = ProcessInfo.processInfo.environment["RUNBOOK_SCENES"].map { Set($0.split(separator: ";").map(String.init)) }
        for scene in scenes where wanted?.contains(scene.name) ?? true {
            try await scene.play(&stage) { stage, values, changes in
                let own = [
                    "TENANT": [scene.tenant], "WAVE": ["rest"], "PERSON": ["lead-1"], "TEXT": ["a reason"], "PLAN": [stage.plan ?? stage.places.plan], "HOLDFILE": ["\(stage.root)/cutover.hold"],
                ]
                try await walk.play(scene.name, stage, own.merging(values) { _, new in new }, changing: changes)
            }
        }
        if wanted == nil { try await walk.requireAllTyped() }
        try await stage.ctl("journal", "verify", code: 0)
    }
}

extension Stage {
    /// As far as the step, whatever has to be signed on the way.
    func forward(_ tenant: String, to place: String) async throws {
        let ended = try await forward("advance", tenant, "--to", place, "--wait", tenants: [tenant])
        try expect(ended.code == 0, "\(tenant) does not come to \(place): \(ended.said)")
    }

    /// To the start, from wherever it is.
    func back(_ tenant: String) async throws {
        guard try await !events(of: tenant).isEmpty, try await !verified(tenant).isEmpty else { return }
        try await ctl("revert", tenant, "--to", "start", "--reason", "for the next scene", "--confirm", tenant, code: 0)
    }

    /// Begins a command, and answers it stopped in the middle of a step.
    func stoppedInside(_ tenant: String, to place: String) async throws -> RunningProgram {
        let before = try await events(of: tenant)
        let program = try await start("cutoverctl", ["advance", tenant, "--to", place], ["CUTOVER_OPERATOR": "first"])
        _ = try await eventually("the step \(place) is begun", within: 60, pause: 5) { () -> Bool? in
            let events = try await events(of: tenant)
            return events.count > before.count && events.last?.kind == "started" && events.last?.place == place ? true : nil
        }
        program.kill(SIGSTOP)
        return program
    }

    private func events(of tenant: String) async throws -> [HistoryAnswer.Event] {
        let ended = try await ctl("history", tenant, "--json")
        return ended.code == 0 ? try ended.answer(HistoryAnswer.self).events : []
    }
}
