import Cutover
import DataPath
import Foundation
import Host
import Postgres

/// Starts the server version that has no way to v1: without the plugin it refuses instead of falling back.
struct RemoveFallback: ReversibleStep {
    let server: ServerRelease
    let migrations: String?
    let stopSeconds: Int
    let quiesceSeconds: Int
    let lane: LaneChoice

    var preconditions: [Gate] {
        [
            .reading("the new version's pending migrations do not touch v1", PendingMigrations(folder: migrations)) { found, _ in
                found.touching.isEmpty ? .open(Evidence(["read": found.read])) : .shut("\(found.touching.joined(separator: ", ")) mention agent_memories")
            },
            .reading("the server runs and is wired", ServerVersion(server: server)) { state, _ in
                if state.serverRuns { return .open(Evidence(["command": state.command])) }
                // A switch that was cut short had stopped it: nobody but this step starts it again.
                return state.versionKept ? .open(Evidence(["server": "stopped amid a switch", "version": "kept"])) : .shut("the workspace server does not run")
            },
        ]
    }

    var wayBack: [Gate] {
        [
            .reading("the present version can be started again", ServerVersion(server: server)) { state, _ in
                state.programThere ? .open(Evidence()) : .shut("the program of the present version is not there any more")
            }
        ]
    }

    func preview(_ sight: Sight) async throws(StepFailure) -> Preview {
        Preview(commands: [
            sight.commandLine(.writing, SwitchServer.kind), await OutageEstimate.line(sight, stopSeconds: stopSeconds, quiesceSeconds: quiesceSeconds),
            "stop the workspace server (SIGTERM, at most \(stopSeconds) s)",
        ] + PlannedSQL(lane.settings(.memories)).quiesce(lockTimeoutSeconds: ServerSwitch.lockTimeoutSeconds) + [
            "look until nothing is left (at most \(quiesceSeconds) s); COMMIT",
            "set \(server.variable)=\(server.text) in the env file; start the server",
            sight.commandLine(.exercising, StrictTrial.kind),
        ])
    }

    func perform(_ site: Site) async throws(StepFailure) -> Evidence {
        let outage = try await site.carryOut(SwitchServer(server: server, forward: true, stopSeconds: stopSeconds, quiesceSeconds: quiesceSeconds))
        let trial = try await site.exercise(StrictTrial(server: server))
        return Evidence(outage.facts.merging(trial.facts) { _, new in new })
    }

    func verify(_ sight: Sight) async throws(StepFailure) -> Finding {
        let state = try await sight.ask(ServerVersion(server: server))
        let seen = Evidence(["command": state.command, "trial": state.trialGreen ? "green" : "none or red", "runs": String(state.serverRuns)])
        if state.isStrict, state.serverRuns, state.trialGreen { return .inPlace(seen) }
        return !state.isStrict && !state.fileIsStrict && state.serverRuns ? .absent(seen) : .partial(seen)
    }

    func revert(_ site: Site, performed: Evidence?) async throws(StepFailure) -> Evidence {
        let outage = try await site.carryOut(SwitchServer(server: server, forward: false, stopSeconds: stopSeconds, quiesceSeconds: quiesceSeconds))
        return Evidence(outage.facts)
    }
}

struct SwitchServer: ActsOnHost {
    static let kind: OperationKind = "server.switch"
    static let once = Once.convergent
    struct Result: Sendable, Codable { let facts: [String: String] }
    let server: ServerRelease
    let forward: Bool
    let stopSeconds: Int
    let quiesceSeconds: Int

    func act(_ host: HostHand) async throws -> Result {
        let change = ServerSwitch(stopSeconds: Double(stopSeconds), quiesceSeconds: Double(quiesceSeconds))
        guard forward else { return Result(facts: try await change.putBack(server.variable, host, .server)) }
        let env = try host.sight.env()
        let version = try server.resolved(env)
        if try await WorkspaceServer(env).runningVersion() == version, env[server.variable] == version {
            return Result(facts: ["effect": "it ran already"])
        }
        return Result(facts: try await change.set(server.variable, to: version, host, .server))
    }
}

/// The strict version does not boot without the URL, commits land in v2 only, and search finds what only v2 has.
struct StrictTrial: TriesOnHost {
    static let kind: OperationKind = "strict.trial"
    struct Result: Sendable, Codable { let facts: [String: String] }
    let server: ServerRelease

    func attempt(_ host: HostHand) async throws -> Result {
        let env = try host.sight.env()
        let doors = try AgentDoors(env)
        let pid = try await WorkspaceServer(env).pid() ?? 0
        let facts = try await traced("strict.trial", by: host) {
            let alone = env.setting("MEMORY_PLUGIN_URL", to: nil).setting("LISTEN_ADDR", to: "127.0.0.1:0")
            let exit = try await server.runtime(env).exitCode(environment: alone.variables, withinSeconds: 10)
            guard let exit, exit != 0 else { throw PluginClient.Failure(description: "the new version boots without the plugin's URL (\(exit.map(String.init) ?? "it kept running"))") }
            let content = try await host.freshProbe("strict", doors)
            let id = try await doors.commit(content)
            do {
                try await WhereItLies.requireInV2(id, content, host.sight)
                guard try await doors.sessionSearch(content).contains(id) else { throw PluginClient.Failure(description: "session-search does not find a memory that was committed to v2") }
            } catch {
                await host.takeProbeAway(id, doors)
                throw error
            }
            try await doors.forget(id)
            return ["pid": String(pid), "bootWithoutURL": "exit \(exit)"]
        }
        return Result(facts: facts)
    }
}

struct ServerVersion: ReadsOnHost {
    static let kind: OperationKind = "server.version"
    struct Result: Sendable, Codable {
        let serverRuns: Bool
        let command: String
        let isStrict: Bool
        let fileIsStrict: Bool
        let trialGreen: Bool
        let programThere: Bool
        /// Which version it was before the first switch is remembered on the host.
        let versionKept: Bool
    }
    let server: ServerRelease

    func read(_ host: HostSight) async throws -> Result {
        let env = try host.env()
        let strict = try server.resolved(env)
        let unit = try WorkspaceServer(env)
        let running = try await unit.runningVersion()
        return Result(
            serverRuns: running != nil, command: running ?? "none", isStrict: running == strict, fileIsStrict: env[server.variable] == strict,
            trialGreen: try ExerciseTrace.newest("strict.trial", after: .server, on: host)?.green == true,
            programThere: try await unit.runtime.isThere(), versionKept: try Remembered(server.variable, on: host).value() != nil)
    }
}

/// Which of the new version's migration files mention the old table. Without a folder named in the plan there are none to read.
struct PendingMigrations: ReadsOnHost {
    static let kind: OperationKind = "server.migrations"
    struct Result: Sendable, Codable {
        let read: String
        let touching: [String]
    }
    let folder: String?

    func read(_ host: HostSight) async throws -> Result {
        guard let folder else { return Result(read: "the plan names no migrations", touching: []) }
        let path = try host.env().resolve(folder)
        let names = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".sql") }.sorted()
        let touching = try names.filter { try (DurableFile.read("\(path)/\($0)") ?? "").contains("agent_memories") }
        return Result(read: "\(names.count) files", touching: touching)
    }
}
