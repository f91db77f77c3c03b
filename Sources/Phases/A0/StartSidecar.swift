import Cutover
import DataPath
import Foundation
import HTTP
import Host
import Postgres

/// Starts the memory plugin on loopback, at an address that no running server is configured for.
struct StartSidecar: ReversibleStep {
    let sidecar: Sidecar
    /// Where the plugin is entered, if anywhere.
    var books: ControlPlane?

    var preconditions: [Gate] {
        [
            .reading("no running server is configured for the plugin's address", SidecarSurroundings(sidecar: sidecar)) { seen, _ in
                seen.configuredURL == seen.ownURL && !seen.sidecarRuns
                    ? .shut("the server's MEMORY_PLUGIN_URL is \(seen.ownURL) already: it would switch to an empty store the moment the plugin answers")
                    : .open(facts(["configured": seen.configuredURL ?? "none"]))
            },
            .reading("the plugin's port is free or the plugin's own", SidecarSurroundings(sidecar: sidecar)) { seen, _ in
                seen.portTaken && !seen.sidecarRuns ? .shut("another process listens on \(seen.listen)") : .open(facts(["listen": seen.listen]))
            },
        ] + (sidecar.hasOwnDatabase ? [ownDatabase] : []) + [books?.gate].compactMap { $0 }
    }

    private var ownDatabase: Gate {
        .reading("the plugin's own database is there, and takes embeddings", SidecarSurroundings(sidecar: sidecar)) { seen, _ in
            seen.databaseProblem.map { .shut($0) } ?? .open(Evidence())
        }
    }
    var wayBack: [Gate] { [] }

    func preview(_ sight: Sight) async throws(StepFailure) -> Preview {
        var commands = [
            sight.commandLine(.writing, RunSidecar.kind) + (sidecar.url.map { " takes the plugin at \($0) into use" } ?? " runs \(sidecar.container.map { "a container of \($0.image)" } ?? sidecar.program) on \(sidecar.listen)"),
            sight.commandLine(.exercising, SidecarTrial.kind),
        ]
        if let books { commands.append(try sight.at(books.host).commandLine(.writing, NoteResource.kind)) }
        return Preview(commands: commands)
    }

    func perform(_ site: Site) async throws(StepFailure) -> Evidence {
        try await books?.open(site)
        let started = try await site.carryOut(RunSidecar(sidecar: sidecar))
        let trial = try await site.exercise(SidecarTrial(sidecar: sidecar))
        try await books?.note(true, site)
        return Evidence(trial.facts.merging(["pid": String(started.pid)]) { _, new in new })
    }

    func verify(_ sight: Sight) async throws(StepFailure) -> Finding {
        let state = try await sight.ask(SidecarState(sidecar: sidecar))
        let row = try await books?.state(sight)
        let facts = state.facts.merging(row.map { ["tenantResource": $0.states.joined(separator: " ")] } ?? [:]) { _, new in new }
        let isNoted = row?.noted ?? false
        let problems = state.problems + (books == nil || isNoted ? [] : ["the control plane has no row of it in tenant_resources"])
        if problems.isEmpty { return .inPlace(Evidence(facts)) }
        let seen = Evidence(facts.merging(["trouble": problems.joined(separator: "; ")]) { _, new in new })
        return state.nothingThere && (!isNoted || state.isOthers) ? .absent(seen) : .partial(seen)
    }

    func revert(_ site: Site, performed: Evidence?) async throws(StepFailure) -> Evidence {
        let removed = try await site.carryOut(RemoveSidecar(sidecar: sidecar))
        if !removed.stays { try await books?.note(false, site) }
        return Evidence(["schema": removed.setAside ?? "none"])
    }
}

/// The plugin on the host, a plain process or a container. Values may be references into the host's env file.
struct Sidecar: Sendable, Codable, Equatable {
    /// Its command line; empty where it is a container.
    let program: String
    var container: ContainerChoice?
    /// Of a plugin that others run for many tenants; nothing is started then.
    var url: String?
    let listen: String
    let healthSeconds: Int
    /// It has a database of its own, by the plan's decision.
    var hasOwnDatabase = false

    /// A session with the database its tables lie in.
    func database(_ host: HostSight, readOnly: Bool) async throws -> PostgresConnection {
        hasOwnDatabase
            ? try await host.pluginDatabase(readOnly: readOnly, "cutover-plugin")
            : try await PostgresConnection.connect(try host.env().require("DATABASE_URL"), readOnly: readOnly, applicationName: "cutover-plugin")
    }

    /// Whether it made its schema here when it was started. A plugin may have a store of its own, and make none.
    static func schemaMade(_ host: HostSight) -> Remembered { Remembered("sidecar.schema", on: host) }

    /// The schema that it made is there no more: its database was put back to before that.
    func lostSchema(_ host: HostSight) async throws -> Bool {
        guard try Self.schemaMade(host).value() != nil else { return false }
        return try await !hasSchema(host)
    }

    /// The schema that it keeps its tables in is there.
    func hasSchema(_ host: HostSight) async throws -> Bool {
        try await closing(try await database(host, readOnly: true)) { try await $0.query("SELECT to_regnamespace('memory_plugin') IS NOT NULL AS there")[0].bool("there") }
    }

    func runtime(_ host: HostSight) throws -> any ServiceRuntime {
        if let container { return try container.runtime("cutover-\(host.tenant)-memory-plugin", host.env()) }
        return ProcessRuntime(command: try host.env().resolve(program), pidFile: "\(StateFolder.tenant(of: host.statePath))/sidecar.pid")
    }
    private func log(_ host: HostSight) -> String { "\(StateFolder.tenant(of: host.statePath))/sidecar.log" }
    func address(_ host: HostSight) throws -> String { try host.env().resolve(listen) }
    func client(_ host: HostSight) throws -> PluginClient { PluginClient(base: try url(host)) }
    func url(_ host: HostSight) throws -> String { try url.map { try CentralPlugin.url($0, host) } ?? "http://\(try address(host))" }
    /// As the plan says it.
    var told: String { url ?? "http://\(listen)" }

    /// Throws with what it said last when it does not become healthy.
    /// - Parameter operation: what a container is labelled with.
    func start(_ host: HostSight, _ operation: OperationID) async throws -> Int32 {
        if url != nil { return try await CentralPlugin(sidecar: self).awaitHealth(host) }
        let runtime = try runtime(host)
        // It makes its schema when it starts. Over a database that was put back to before that, one that runs never would.
        if try await runtime.running() != nil, try await lostSchema(host) { try await runtime.stop(within: 10) }
        if try await runtime.running() == nil {
            let env = try host.env()
            try await runtime.start(
                environment: ["MEMORY_PLUGIN_DATABASE_URL": try env.require(hasOwnDatabase ? "MEMORY_PLUGIN_DATABASE_URL" : "DATABASE_URL"), "MEMORY_PLUGIN_LISTEN_ADDR": try address(host)],
                log: log(host), operation: operation)
        }
        let client = try client(host)
        let deadline = Date().addingTimeInterval(Double(healthSeconds))
        while Date() < deadline {
            if let health = try? await client.health(), health.status == "ok", let pid = try await runtime.running() { return pid }
            if try await runtime.hasEnded() { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        let log = await runtime.lastWords(log: log(host), lines: container == nil ? 3 : 20)
        throw StepFailure("the plugin did not become healthy within \(healthSeconds) s: \(Redaction.of(host).clean(log))", effect: .partlyChanged, next: "cutoverctl why \(host.tenant)")
    }
}

struct SidecarSurroundings: ReadsOnHost {
    static let kind: OperationKind = "sidecar.surroundings"
    struct Result: Sendable, Codable {
        let configuredURL: String?
        let ownURL: String
        let listen: String
        let portTaken: Bool
        let sidecarRuns: Bool
        /// Of a database of the plugin's own; nil too where it has none.
        let databaseProblem: String?
    }
    let sidecar: Sidecar

    func read(_ host: HostSight) async throws -> Result {
        let server = try WorkspaceServer(try host.env())
        if sidecar.url != nil { return try await CentralPlugin(sidecar: sidecar).surroundings(host, server) }
        let listen = try sidecar.address(host)
        let runtime = try sidecar.runtime(host)
        // A container of another image is ours to replace; another process on the port is not.
        let runs = sidecar.container == nil ? try await runtime.running() != nil : try await runtime.anyRunning() != nil
        return Result(
            configuredURL: try await server.runningVariable("MEMORY_PLUGIN_URL") ?? host.env()["MEMORY_PLUGIN_URL"], ownURL: try sidecar.url(host),
            listen: listen, portTaken: !(try ListeningSockets.addresses(port: portOf(listen))).isEmpty, sidecarRuns: runs,
            databaseProblem: sidecar.hasOwnDatabase ? await Self.databaseProblem(host) : nil)
    }

    private static func databaseProblem(_ host: HostSight) async -> String? {
        do {
            return try await closing(try await host.pluginDatabase(readOnly: true, "cutover-reading")) { far in
                try await host.looking { near in
                    // Joined already, it was asked then.
                    if await near.partner == nil, try await SecondDatabase.areOne(near, far) { return "MEMORY_PLUGIN_DATABASE_URL names the tenant's own database" }
                    let has = try await far.query("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'vector') AS vector")[0].bool("vector")
                    return has ? nil : "the extension vector (pgvector) is not installed in the plugin's database"
                }
            }
        } catch { return "the plugin's database does not answer: \(Redaction.of(host).clean("\(error)"))" }
    }
}

struct RunSidecar: ActsOnHost {
    static let kind: OperationKind = "sidecar.run"
    static let once = Once.convergent
    struct Result: Sendable, Codable { let pid: Int }
    let sidecar: Sidecar

    func act(_ host: HostHand) async throws -> Result {
        try await Effect.sidecar.begin(by: host)
        let use = SidecarUse(host: host.sight)
        let turn = try await use.turn()
        defer { withExtendedLifetime(turn) {} }
        try use.begin()
        let pid = try await started(host)
        if sidecar.url == nil {
            try use.keep(sidecar)
            if try await sidecar.hasSchema(host.sight) { try Sidecar.schemaMade(host.sight).keep("memory_plugin") }
        }
        return Result(pid: Int(pid))
    }
}

extension RunSidecar {
    /// A container that we began and that does not become healthy is taken back, or its restart policy would begin it for ever. One that ran
    /// before stays: what ails it may be its database.
    private func started(_ host: HostHand) async throws -> Int32 {
        let runtime = sidecar.container == nil ? nil : try sidecar.runtime(host.sight)
        let ran = try await runtime?.running() != nil
        do { return try await sidecar.start(host.sight, host.operation) } catch {
            if !ran { try? await runtime?.withdraw(within: 10) }
            throw error
        }
    }
}

/// Commits with and without metadata into a namespace never used before, finds both, forgets both.
struct SidecarTrial: TriesOnHost {
    static let kind: OperationKind = "sidecar.trial"
    struct Result: Sendable, Codable { let facts: [String: String] }
    let sidecar: Sidecar

    func attempt(_ host: HostHand) async throws -> Result {
        let client = try sidecar.client(host.sight)
        let pid = sidecar.url == nil ? try await sidecar.runtime(host.sight).running() ?? 0 : 0
        let facts = try await traced("sidecar.trial", by: host) {
            try await Self.commitFindForget(client, host)
            let strangers = try await closing(try await sidecar.database(host.sight, readOnly: true)) { connection in
                // A plugin with a store of its own has no table here, and its contract knows no counting.
                guard try await connection.there("memory_plugin.memory_records") else { return "unknown" }
                return String(try await connection.query("SELECT count(*) AS n FROM memory_plugin.memory_records WHERE content NOT LIKE 'cutover-probe%'")[0].int("n"))
            }
            return ["pid": String(pid), "rowsFoundBeforehand": strangers]
        }
        return Result(facts: facts)
    }

    static func commitFindForget(_ client: PluginClient, _ host: HostHand) async throws {
        // The same every time: with it goes what a try that was cut short left in it. Tenants may share a plugin.
        let namespace = "custom:cutover-probe-\(OperationID.derived(from: "sidecar of \(host.sight.tenant)", ordinal: 0))"
        try await client.deleteNamespace(namespace)
        try await client.putNamespace(namespace, kind: "custom")
        do {
            for (part, propagation) in [("with metadata", ["probe": "yes"]), ("without metadata", nil)] as [(String, [String: String]?)] {
                let content = probeContent(host, part)
                let id = try await client.commit(content, in: namespace, propagation: propagation)
                guard try await client.search(content, in: namespace).contains(id) else {
                    throw PluginClient.Failure(description: "a commit \(part) answered 201 and was not found")
                }
                try await client.forget(id, in: namespace)
                if try await client.search(content, in: namespace).contains(id) {
                    throw PluginClient.Failure(description: "a forgotten memory was found again")
                }
            }
            try await client.deleteNamespace(namespace)
        } catch {
            try? await client.deleteNamespace(namespace)
            throw error
        }
    }
}

struct SidecarState: ReadsOnHost {
    static let kind: OperationKind = "sidecar.state"
    struct Result: Sendable, Codable {
        let problems: [String]
        let facts: [String: String]
        let nothingThere: Bool
        /// It runs for another plan alone.
        var isOthers = false
    }
    let sidecar: Sidecar

    func read(_ host: HostSight) async throws -> Result {
        if sidecar.url != nil { return try await CentralPlugin(sidecar: sidecar).state(host) }
        var problems: [String] = []
        var facts: [String: String] = [:]
        let pid = try await sidecar.runtime(host).running()
        let schema = try await sidecar.hasSchema(host)
        guard let pid else {
            let isNoted = SidecarUse(host: host).isNoted
            return Result(problems: ["the plugin does not run"], facts: ["schema": schema ? "there" : "absent"], nothingThere: !schema && !isNoted)
        }
        guard SidecarUse(host: host).isNoted else {
            return Result(problems: ["it runs for another plan, and this one has not taken it into use"], facts: ["pid": String(pid)], nothingThere: true, isOthers: true)
        }
        facts["pid"] = String(pid)
        if try await sidecar.lostSchema(host) { problems.append("it runs, and its schema memory_plugin is not in the database, which was put back to before it was made") }
        if sidecar.container != nil { facts["image"] = try sidecar.runtime(host).wanted }
        try await Self.judgeHealth(sidecar.client(host), &problems, &facts)
        let addresses = try ListeningSockets.addresses(port: portOf(try sidecar.address(host)))
        let open = addresses.filter { !$0.isLoopback }
        facts["listens"] = addresses.map(\.text).joined(separator: " ")
        if !open.isEmpty { problems.append("it is reachable from other addresses: it listens on \(open.map(\.text).joined(separator: ", "))") }
        try Self.judgeTrial(host, &problems)
        return Result(problems: problems, facts: facts, nothingThere: false)
    }

    static func judgeHealth(_ client: PluginClient, _ problems: inout [String], _ facts: inout [String: String]) async throws {
        do {
            let health = try await client.health()
            facts["version"] = health.version
            if health.status != "ok" { problems.append("health is \(health.status)") }
            if let lacking = health.lacking { problems.append(lacking) }
        } catch { problems.append("health does not answer: \(error)") }
    }

    static func judgeTrial(_ host: HostSight, _ problems: inout [String]) throws {
        let trace = try ExerciseTrace.newest("sidecar.trial", after: .sidecar, on: host)
        if trace?.green != true { problems.append(trace.map { "its trial failed: \($0.facts["why"] ?? "")" } ?? "it was not tried yet") }
    }
}

/// Stops the plugin and renames its schema, so that nothing in it is lost. One that another plan uses is left as it is.
struct RemoveSidecar: ActsOnHost {
    static let kind: OperationKind = "sidecar.remove"
    static let once = Once.convergent
    struct Result: Sendable, Codable {
        let setAside: String?
        /// Another plan uses it.
        let stays: Bool
    }
    let sidecar: Sidecar

    func act(_ host: HostHand) async throws -> Result {
        let use = SidecarUse(host: host.sight)
        let turn = try await use.turn()
        defer { withExtendedLifetime(turn) {} }
        // Others' plugin runs on; that it serves this tenant is over.
        if use.isShared || sidecar.url != nil {
            try use.end()
            return Result(setAside: nil, stays: use.isShared)
        }
        // Noted to the very end: killed before, it is found half there, and not taken for another plan's. The watch starts it no more.
        try use.begin()
        try await sidecar.runtime(host.sight).remove(within: 10)
        try Sidecar.schemaMade(host.sight).forget()
        let name = "memory_plugin_aside_\(host.operation.text.prefix(8))"
        let renamed = try await closing(try await sidecar.database(host.sight, readOnly: false)) { connection in
            guard try await connection.query("SELECT to_regnamespace('memory_plugin') IS NOT NULL AS there")[0].bool("there") else { return false }
            try await connection.execute("SET lock_timeout = '5s'; ALTER SCHEMA memory_plugin RENAME TO \(name)")
            return true
        }
        try use.end()
        return Result(setAside: renamed ? name : nil, stays: false)
    }
}

func portOf(_ listen: String) -> Int { listen.split(separator: ":").last.flatMap { Int($0) } ?? 0 }
