import Foundation

/// A plugin that is reached over HTTP alone fails in every way it can: nothing is called verified that is not so, what stops says why, and
/// once the fault is gone the run goes on to its end.
enum HTTPFaults {
    private enum Fault: String, CaseIterable {
        case stall, broken, truncate, lie, kill
        /// No faults, but other readings of the contract: nothing stops.
        case notFound = "not-found"
        case emptyList = "empty-list"

        var isHarmless: Bool { [.notFound, .emptyList].contains(self) }
        /// Of the words that a copy stopped by it says.
        var words: String {
            switch self {
            case .lie: "does not have them"
            default: "the plugin is in trouble"
            }
        }
    }

    @Sendable static func one(_ stage: Stage) async throws {
        let some: [Fault] = [.stall, .broken, .truncate, .lie]
        try await run(stage, [some[stage.chance.number(in: 0...(some.count - 1))]])
    }

    @Sendable static func all(_ stage: Stage) async throws {
        let stage = try await run(stage, Fault.allCases)
        try await stage.backToTheStart()
    }

    /// Answers the stage with the plan that was run.
    @discardableResult
    private static func run(_ stage: Stage, _ faults: [Fault]) async throws -> Stage {
        var stage = stage
        try await stage.raise(rows: 100, agents: false)
        let plugin = try FaultyPlugin(stage)
        stage.plan = try stage.overHTTP(copyWithin: "12s")
        try await stage.forward("advance", "acme", "--to", "A1/mirror.install")
        for (number, fault) in faults.enumerated() {
            do {
                try await duringTheCopy(stage, plugin, fault)
                try await duringTheComparison(stage, plugin, fault)
            } catch { throw Trouble("\(fault.rawValue): \(error)") }
            if number < faults.count - 1 { try await stage.ctl("revert", "acme", "--to", "A1/mirror.install", "--reason", "another fault", "--confirm", "acme", code: 0) }
        }
        try await stage.forwardToTheDrop()
        let steps = try await stage.verified()
        try expect(steps == Stage.steps, "the steps were verified in this order: \(steps.joined(separator: ", "))")
        return stage
    }

    private static func duringTheCopy(_ stage: Stage, _ plugin: FaultyPlugin, _ fault: Fault) async throws {
        try await begin(fault, stage, plugin)
        if fault == .kill {
            for _ in 0..<3 {
                let running = try await stage.start("cutoverctl", ["advance", "acme", "--to", "A1/backfill.copy"])
                try await Task.sleep(for: .milliseconds(stage.chance.number(in: 200...1500)))
                if let pid = try? FaultyPlugin.pid(stage) { Foundation.kill(pid, SIGKILL) }
                _ = try await running.ended()
            }
        } else {
            var said = ""
            // On a busy machine the copy's time may be up before it has come to what is wrong.
            for _ in 0..<4 where !said.contains(fault.words) {
                let ended = try await stage.ctl("advance", "acme", "--to", "A1/backfill.copy")
                said = ended.said
                let verified = try await stage.verified().contains("A1/backfill.copy")
                if fault.isHarmless {
                    if verified { break }
                } else {
                    try expect(ended.code != 0 && !verified, "the copy is called verified: \(said)")
                }
            }
            let isDone = try await stage.verified().contains("A1/backfill.copy")
            try expect(fault.isHarmless ? isDone : said.contains(fault.words), "it is not done, or does not say why: \(said)")
        }
        try end(fault, stage, plugin)
        try await until("A1/shadow.watch", stage)
        try holdsWhatV1Has(stage)
    }

    /// Only what reads is concerned; a lie is about what is written.
    private static func duringTheComparison(_ stage: Stage, _ plugin: FaultyPlugin, _ fault: Fault) async throws {
        if [.stall, .broken, .truncate].contains(fault) {
            // The signatures that are wanted anyway come first, so that the plugin is what is asked.
            try await begin(fault, stage, plugin)
            for _ in 0..<6 {
                let ended = try await stage.ctl("advance", "acme", "--to", "A2/backfill.verify")
                try expect(ended.code != 0, "with the fault `\(ended.words)` ended with 0")
                if try await stage.sign() != .something { break }
            }
            try expect(try await !stage.verified().contains("A2/backfill.verify"), "what no plugin shows is called verified")
            let why = try await stage.why()
            try expect(why.step.hasSuffix("A2/backfill.verify") && why.answer.count > 10, "why says \(why.answer) of \(why.step)")
            try end(fault, stage, plugin)
        }
        try await until("A2/backfill.verify", stage)
    }

    private static func begin(_ fault: Fault, _ stage: Stage, _ plugin: FaultyPlugin) async throws {
        switch fault {
        case .kill: break
        case .stall: Foundation.kill(try FaultyPlugin.pid(stage), SIGSTOP)
        default: try plugin.put(fault.rawValue)
        }
    }

    private static func end(_ fault: Fault, _ stage: Stage, _ plugin: FaultyPlugin) throws {
        if fault == .stall { Foundation.kill(try FaultyPlugin.pid(stage), SIGCONT) }
        try plugin.put("none")
    }

    /// What is in doubt or failed goes on once the plugin answers again.
    private static func until(_ step: String, _ stage: Stage) async throws {
        var last = ""
        for _ in 0..<20 {
            if try await stage.verified().contains(step) { return }
            last = try await stage.ctl("advance", "acme", "--to", step, "--wait").said
            try await stage.sign()
        }
        let why = try await stage.why()
        throw Trouble("with the fault gone \(step) is not verified: \(why.step): \(why.answer); \(last)")
    }

    /// Every row of v1 that is not excepted lies in the plugin's table, to the byte, and nothing of ours besides.
    private static func holdsWhatV1Has(_ stage: Stage) throws {
        let wrong = try stage.database().number(
            """
            SELECT count(*) FROM (SELECT m.id, m.content FROM public.agent_memories m WHERE content NOT LIKE 'cutover-probe%'
                    AND NOT EXISTS (SELECT FROM cutover.exceptions x WHERE x.id = m.id AND x.closed IS NULL AND NOT x.carried)) a
            FULL JOIN (SELECT id, content FROM memory_plugin.memory_records WHERE propagation->'cutover'->>'digest' IS NOT NULL) b ON a.id = b.id
            WHERE a.content IS DISTINCT FROM b.content
            """)
        try expect(wrong == 0, "\(wrong) rows are not in the plugin as v1 has them")
        try expect(try stage.database().number("SELECT count(*) FROM memory_plugin.memory_records") > 50, "the plugin has next to nothing")
    }
}
