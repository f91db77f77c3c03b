import Cutover
import CutoverTestKit
import Foundation
import Host
import Postgres
import Testing

@testable import Phases

@Suite("the plan for keys and values on a tenant of the lab", .serialized) struct KeyValueTrialTests {
    @Test("every step goes there, back and there again, and looking changes nothing", .timeLimit(.minutes(Sanitizer.isOn ? 60 : 10)))
    func wholePlan() async throws {
        try await Self.onTenant { lab in
            try await lab.release("--keyless")
            try await StepTrialTests.trial(lab).run()
        }
    }

    @Test("the freeze stays shut while the server has the door, and the soak begins again when the table is read or the door opens", .timeLimit(.minutes(10)))
    func door() async throws {
        try await Self.onTenant { lab in
            let engine = lab.engine()
            let ref = try #require(lab.plan.step(named: "legacy.freeze")).ref(for: lab.host.id)
            let stuck = try await lab.advance(engine, until: ref) { $0.contains("key/value door") }
            #expect(stuck.contains("GET …/memory answers 200"))
            try await lab.release("--keyless")
            try await lab.advance(engine, past: "legacy.archive")
            let host = HostSight(tenant: lab.host.id, statePath: lab.state, envPath: lab.host.env)
            func sample() async throws -> Sampler.Outcome {
                let profile = SamplingProfile(
                    kind: .soak, table: .keyValues, everySeconds: 1, marker: "trial",
                    sidecar: Sidecar(program: "env:PLUGIN_COMMAND", listen: "env:PLUGIN_LISTEN", healthSeconds: 20))
                let outcome = await Sampler(host, profile).take()
                try await host.evidence.append("sample", outcome.facts.merging(["marker": "trial"]) { _, new in new })
                return outcome
            }
            for _ in 0..<2 {
                let untouched = try await sample()
                #expect(untouched.verdict == .green, "\(untouched.detail)")
            }
            let reader = try await PostgresConnection.connect(try lab.env().require("DATABASE_URL"))
            _ = try await reader.query("SELECT count(*) FROM workspace_memory")
            // The engine tells its counters when the session ends.
            await reader.close()
            let read = try await eventuallyNotGreen(sample)
            #expect(read.verdict == .safety)
            #expect(read.detail.contains("somebody read or wrote v1"))
            #expect(try await sample().verdict == .green)
            let writer = try await PostgresConnection.connect(try lab.env().require("DATABASE_URL"))
            await #expect(throws: PostgresError.self) { try await writer.execute("DELETE FROM workspace_memory") }
            await writer.close()
            let refused = try await sample()
            #expect(refused.verdict == .safety && refused.detail.contains("1 more writes were refused"), "\(refused.detail)")
            #expect(try await sample().verdict == .green)
            try await lab.release("")
            let opened = try await sample()
            #expect(opened.verdict == .safety)
            #expect(opened.detail.contains("open again"))
        }
    }

    @Test("who serves a tenant is told by its doors though only keys and values were moved, into a database of the plugin's own", .timeLimit(.minutes(10)))
    func whoServes() async throws {
        let lab = try await LabTenant.up(rows: 20, plan: LabTenant.keyValuePlan(pluginDatabase: "separate"), separatePluginDatabase: true)
        do { try await Self.askWhoServes(lab) } catch {
            try? await lab.down()
            throw error
        }
        try await lab.down()
    }

    private static func askWhoServes(_ lab: LabTenant) async throws {
        let engine = lab.engine()
        try await lab.advance(engine, past: "backfill.copy")
        // Somebody else has wired the memories: no plan of ours knows of it.
        let env = try lab.env()
        try env.setting("MEMORY_PLUGIN_URL", to: "http://\(try env.require("PLUGIN_LISTEN"))").save()
        try await lab.release("")
        func ask() async throws -> AskDoors.Result { try await engine.tryOut(lab.host.id, AskDoors(tables: [.keyValues]), reason: "trial").get() }
        let wired = AskDoors.Result(
            agentWrites: .v2, agentReads: .v2, oldWrites: .v1, oldReads: .v1, panel: .v2, search: .v1, trouble: "", keyValues: AskDoors.Door(writes: .v1, reads: .v1))
        for _ in 0..<2 { #expect(try await ask() == wired) }
        try await lab.release("--keyless")
        #expect(try await ask().keyValues == AskDoors.Door(writes: .closed, reads: .closed))
        for url in ["DATABASE_URL", "MEMORY_PLUGIN_DATABASE_URL"] {
            let connection = try await PostgresConnection.connect(try lab.env().require(url), readOnly: true)
            let table = url == "DATABASE_URL" ? "agent_memories m FULL JOIN workspace_memory k ON false" : "memory_plugin.memory_records m"
            let left = try await eventuallyNone("SELECT count(*) AS n FROM \(table) WHERE to_jsonb(m)::text LIKE '%cutover-probe%'\(url == "DATABASE_URL" ? " OR k.key LIKE 'cutover-probe%'" : "")", connection)
            #expect(left == 0, "\(left) probes are left in \(url)")
            await connection.close()
        }
    }

    /// What crossed before it was forgotten is forgotten on the other side in a moment.
    private static func eventuallyNone(_ sql: String, _ connection: PostgresConnection) async throws -> Int {
        for _ in 0..<600 {
            if try await connection.query(sql)[0].int("n") == 0 { return 0 }
            try await Task.sleep(for: .milliseconds(100))
        }
        return try await connection.query(sql)[0].int("n")
    }

    private func eventuallyNotGreen(_ sample: () async throws -> Sampler.Outcome) async throws -> Sampler.Outcome {
        for _ in 0..<50 {
            let outcome = try await sample()
            if outcome.verdict != .green { return outcome }
            try await Task.sleep(for: .milliseconds(100))
        }
        return try await sample()
    }

    private static func onTenant(_ body: (LabTenant) async throws -> Void) async throws {
        let lab = try await LabTenant.up(rows: 60, plan: LabTenant.keyValuePlan())
        do {
            try await body(lab)
        } catch {
            try? await lab.down()
            throw error
        }
        try await lab.down()
        #expect(!FileManager.default.fileExists(atPath: lab.root))
    }
}

extension LabTenant {
    /// Replaces the workspace server by the same program with those flags: what a release does.
    func release(_ flags: String) async throws {
        let env = try env()
        let old = try WorkspaceServer(env)
        try await old.runtime.stop(within: 10)
        let program = try env.require("WORKSPACE_SERVER_COMMAND").split(separator: " ")[0]
        let released = env.setting("WORKSPACE_SERVER_COMMAND", to: flags.isEmpty ? String(program) : "\(program) \(flags)")
        try released.save()
        _ = try await WorkspaceServer(released).start(within: 15, "release")
    }

    func engine() -> Engine {
        let transport = transport
        return Engine(
            plan: plan, fleet: fleet, catalog: MemoryCatalog.catalog, journal: MemoryJournal(), time: RealTime(), me: "trial",
            holder: LeaseHolder(name: "controller", seconds: 60, gone: { _ in true })
        ) { _ in transport }
    }

    /// Advances until `ref` is gated by an answer that the test waits for.
    func advance(_ engine: Engine, until ref: StepRef, _ isIt: (String) -> Bool) async throws -> String {
        for _ in 0..<600 {
            switch try await engine.advance(host.id) {
            case .gated(let at, let answers):
                let text = answers.map { "\($0.claim): \($0.verdict.detail)" }.joined(separator: "; ")
                if at == ref, isIt(text) { return text }
                for answer in answers { try await settle(answer.clearedBy, at, engine) }
            case .waiting(let at, let seen): try await settle(seen.clearedBy, at, engine)
            case .failed(let at, let failure): throw Trouble(description: "\(at) failed: \(failure.what)")
            default: break
            }
        }
        throw Trouble(description: "\(ref) was never gated by that")
    }

    func advance(_ engine: Engine, past step: StepID) async throws {
        for _ in 0..<600 {
            if case .verified = try await engine.standing(of: host.id).position(of: step) { return }
            switch try await engine.advance(host.id) {
            case .gated(let at, let answers): for answer in answers { try await settle(answer.clearedBy, at, engine) }
            case .waiting(let at, let seen): try await settle(seen.clearedBy, at, engine)
            case .failed(let at, let failure): throw Trouble(description: "\(at) failed: \(failure.what)")
            default: break
            }
        }
        throw Trouble(description: "\(step) was never verified")
    }

    private func settle(_ clearance: Gate.Clearance, _ ref: StepRef, _ engine: Engine) async throws {
        guard case .person(let command) = clearance else { return try await Task.sleep(for: .milliseconds(100)) }
        for agreement in try await StepTrialTests.agree(command, ref, engine) {
            let person = Engine(
                plan: plan, fleet: fleet, catalog: MemoryCatalog.catalog, journal: engine.journal, time: RealTime(), me: agreement.by,
                holder: LeaseHolder(name: "controller", seconds: 60, gone: { _ in true })
            ) { [transport] _ in transport }
            try await person.approve(host.id, topic: agreement.topic, reason: "trial", facts: agreement.facts)
        }
    }
}
