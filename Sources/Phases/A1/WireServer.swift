import Cutover
import DataPath
import Foundation
import Host
import Postgres

/// Gives the workspace server the plugin's address: agents commit to v2 from here on.
struct WireServer: ReversibleStep {
    let sidecar: Sidecar
    let drainBelow: Int
    let stopSeconds: Int
    let quiesceSeconds: Int
    let lane: LaneChoice

    var preconditions: [Gate] {
        Gate.watchIsContent(.memories) + [
            .reading("the plugin is in place", SidecarState(sidecar: sidecar)) { state, _ in
                state.problems.isEmpty ? .open(Evidence(state.facts)) : .shut(state.problems.joined(separator: "; "))
            },
            .reading("the stores are nearly in step", StoreLag()) { lag, _ in
                lag.entries <= drainBelow ? .open(facts(["entries": lag.entries])) : .shut("\(lag.entries) changes wait, \(drainBelow) are allowed")
            },
            accessGate("nobody reads more than before, or it was signed", .gains),
            accessGate("nobody reads less than before, or it was acknowledged", .losses),
        ]
    }

    var wayBack: [Gate] {
        [
            .reading("the server's present settings can be put back", WireState(sidecar: sidecar)) { state, _ in
                if state.serverRuns { return .open(facts(["pid": state.pid])) }
                // A switch that was cut short had stopped it: nobody but this step starts it again.
                return state.settingKept ? .open(Evidence(["server": "stopped amid a switch", "setting": "kept"])) : .shut("the workspace server does not run")
            }
        ]
    }

    private func accessGate(_ claim: String, _ side: SignedAccess.Side) -> Gate {
        .reading(claim, clearedBy: .person("cutoverctl approve TENANT --access \(side.rawValue) --reason TEXT"), AccessChange()) { change, sight in
            let found = SignedAccess.pairs(side, change)
            if found == 0 { return .open(Evidence(["pairs": "0"])) }
            guard let consent = sight.consent(to: SignedAccess.topic(side)), let signed = SignedAccess(consent.facts) else {
                return .shut("\(found) pairs of reader and memory, not signed")
            }
            if let why = signed.whyNot(side, change) { return .shut(why) }
            return .open(Evidence(["pairs": String(found), "signed": String(signed.pairs), "upTo": String(signed.upTo), "by": consent.by.text]))
        }
    }

    func preview(_ sight: Sight) async throws(StepFailure) -> Preview {
        Preview(commands: [
            sight.commandLine(.writing, SwitchWiring.kind), await OutageEstimate.line(sight, stopSeconds: stopSeconds, quiesceSeconds: quiesceSeconds),
            "stop the workspace server (SIGTERM, at most \(stopSeconds) s)",
        ] + PlannedSQL(lane.settings(.memories)).quiesce(lockTimeoutSeconds: ServerSwitch.lockTimeoutSeconds) + [
            "look until nothing is left (at most \(quiesceSeconds) s); COMMIT",
            "set MEMORY_PLUGIN_URL=\(sidecar.told) in the env file; start the server",
            sight.commandLine(.exercising, WiringTrial.kind),
        ])
    }

    func perform(_ site: Site) async throws(StepFailure) -> Evidence {
        let outage = try await site.carryOut(SwitchWiring(sidecar: sidecar, wired: true, stopSeconds: stopSeconds, quiesceSeconds: quiesceSeconds))
        let trial = try await site.exercise(WiringTrial())
        return Evidence(outage.facts.merging(trial.facts) { _, new in new })
    }

    func verify(_ sight: Sight) async throws(StepFailure) -> Finding {
        let state = try await sight.ask(WireState(sidecar: sidecar))
        let seen = Evidence(state.facts)
        if state.wired, state.serverRuns, state.trialGreen, state.pluginHealthy { return .inPlace(seen) }
        return !state.fileWired && !state.wired && state.serverRuns ? .absent(seen) : .partial(seen)
    }

    func revert(_ site: Site, performed: Evidence?) async throws(StepFailure) -> Evidence {
        let outage = try await site.carryOut(SwitchWiring(sidecar: sidecar, wired: false, stopSeconds: stopSeconds, quiesceSeconds: quiesceSeconds))
        return Evidence(outage.facts)
    }
}

struct SwitchWiring: ActsOnHost {
    static let kind: OperationKind = "wiring.switch"
    static let once = Once.convergent
    struct Result: Sendable, Codable { let facts: [String: String] }
    let sidecar: Sidecar
    let wired: Bool
    let stopSeconds: Int
    let quiesceSeconds: Int

    func act(_ host: HostHand) async throws -> Result {
        let change = ServerSwitch(stopSeconds: Double(stopSeconds), quiesceSeconds: Double(quiesceSeconds))
        guard wired else { return Result(facts: try await change.putBack("MEMORY_PLUGIN_URL", host, .wiring)) }
        let url = try sidecar.url(host.sight)
        let server = try WorkspaceServer(try host.sight.env())
        if try await server.runningVariable("MEMORY_PLUGIN_URL") == url, server.env["MEMORY_PLUGIN_URL"] == url {
            return Result(facts: ["effect": "it was wired already"])
        }
        return Result(facts: try await change.set("MEMORY_PLUGIN_URL", to: url, host, .wiring))
    }
}

/// A memory through the agents' own door must lie in v2 and not have come through v1; old ones must be recalled through it too.
struct WiringTrial: TriesOnHost {
    static let kind: OperationKind = "wiring.trial"
    struct Result: Sendable, Codable { let facts: [String: String] }

    func attempt(_ host: HostHand) async throws -> Result {
        let env = try host.sight.env()
        let doors = try AgentDoors(env)
        let pid = try await WorkspaceServer(env).pid() ?? 0
        let facts = try await traced("wiring.trial", by: host) {
            let content = try await host.freshProbe("wiring", doors)
            let id = try await doors.commit(content)
            do {
                try await WhereItLies.requireInV2(id, content, host.sight)
                guard try await doors.recall(content).contains(id) else { throw PluginClient.Failure(description: "what was committed is not recalled") }
                try await Self.recallOld(doors, host.sight)
                guard try await doors.panelStatus() == 200 else { throw PluginClient.Failure(description: "the panel's read route does not answer 200") }
            } catch {
                await host.takeProbeAway(id, doors)
                throw error
            }
            try await doors.forget(id)
            return ["pid": String(pid)]
        }
        return Result(facts: facts)
    }

    /// A memory of the probe's own workspace from before the wiring, where there is one.
    private static func recallOld(_ doors: AgentDoors, _ host: HostSight) async throws {
        let old = try await host.looking { connection in
            try await connection.query(
                """
                SELECT id::text AS id, (regexp_match(content, '[A-Za-z0-9]{5,}'))[1] AS word FROM public.agent_memories
                WHERE workspace_id = $1::uuid AND scope = 'LOCAL' AND content ~ '[A-Za-z0-9]{5,}' AND content NOT LIKE 'cutover-probe%'
                ORDER BY created_at LIMIT 1
                """, [.text(doors.workspace)]).first.map { (try $0.string("id"), try $0.string("word")) }
        }
        guard let (id, word) = old else { return }
        guard try await doors.recall(word).contains(id) else { throw PluginClient.Failure(description: "the old memory \(id) is not recalled") }
    }
}

/// Tells a direct commit to v2 from one that went to v1 and was carried over by us.
enum WhereItLies {
    static func requireInV2(_ id: String, _ content: String, _ host: HostSight) async throws {
        let namespace = "workspace:\(try host.env().require("PROBE_WORKSPACE_ID"))"
        let (direct, fallback) = try await host.looking { connection in
            let v1There = try await connection.there("public.agent_memories")
            let v1 = v1There ? "EXISTS (SELECT FROM public.agent_memories WHERE id = $1::uuid AND namespace = workspace_id::text)" : "false"
            let fallback = try await connection.query("SELECT \(v1) AS fallback", v1There ? [.text(id)] : [])[0].bool("fallback")
            return (try await StoreLane.of(connection).liesInV2(id, content, namespace: namespace, connection), fallback)
        }
        if fallback { throw PluginClient.Failure(description: "a memory committed through the agents' door went to v1: the server fell back silently") }
        if !direct { throw PluginClient.Failure(description: "a memory committed through the agents' door is not in v2") }
    }
}

struct WireState: ReadsOnHost {
    static let kind: OperationKind = "wiring.state"
    struct Result: Sendable, Codable {
        let serverRuns: Bool
        let pid: Int
        let wired: Bool
        let fileWired: Bool
        let trialGreen: Bool
        let pluginHealthy: Bool
        /// What the setting was before the first switch is remembered on the host.
        let settingKept: Bool
        var facts: [String: String] {
            ["serverRuns": String(serverRuns), "runningSetting": wired ? "wired" : "as before", "file": fileWired ? "wired" : "as before", "trial": trialGreen ? "green" : "none or red", "plugin": pluginHealthy ? "healthy" : "no answer"]
        }
    }
    let sidecar: Sidecar

    func read(_ host: HostSight) async throws -> Result {
        let env = try host.env()
        let server = try WorkspaceServer(env)
        let url = try sidecar.url(host)
        let healthy = try? await sidecar.client(host).health().status == "ok"
        let pid = try await server.pid()
        return Result(
            serverRuns: pid != nil, pid: Int(pid ?? 0), wired: try await server.runningVariable("MEMORY_PLUGIN_URL") == url,
            fileWired: env["MEMORY_PLUGIN_URL"] == url, trialGreen: try ExerciseTrace.newest("wiring.trial", after: .wiring, on: host)?.green == true, pluginHealthy: healthy ?? false,
            settingKept: try Remembered("MEMORY_PLUGIN_URL", on: host).value() != nil)
    }
}

struct StoreLag: ReadsOnHost {
    typealias Result = Lag
    static let kind: OperationKind = "stores.lag"
    func read(_ host: HostSight) async throws -> Lag { try await host.looking { try await StoreLane.of($0).lag($0) } }
}
