import Cutover
import DataPath
import Foundation
import Host
import Postgres

/// Puts the program, its ledger and the watch on the host.
struct PrepareHost: PlacesHand {
    let minFreeMiB: Int
    let tables: [LegacyTable]

    var preconditions: [Gate] {
        [
            Gate("the host answers") { sight in
                do throws(StepFailure) { return .open(Evidence(["program": "\(try await sight.hand())"])) } catch { return .unknown(error.what) }
            }
        ]
    }
    var wayBack: [Gate] { [] }

    func build(in verified: Evidence) -> String? { verified.facts["program"] }

    func preview(_ sight: Sight) async throws(StepFailure) -> Preview {
        Preview(commands: [
            "install this program under the host's state folder, by digest, switched in by rename",
            sight.commandLine(.reading, HostChecks.kind), sight.commandLine(.writing, StartWatch.kind),
        ])
    }

    func perform(_ site: Site) async throws(StepFailure) -> Evidence {
        let hand = try await site.placeHand()
        let checks = try await site.ask(HostChecks(minFreeMiB: minFreeMiB, tables: tables))
        let lacking = checks.problems + (checks.lacking ?? [])
        guard lacking.isEmpty else {
            throw StepFailure(
                "the host is not ready: \(lacking.joined(separator: "; "))", effect: .partlyChanged,
                next: "mend the host, then cutoverctl advance \(site.sight.ref.tenant)")
        }
        let watch = try await site.carryOut(StartWatch())
        return Evidence(["program": "\(hand)", "watchPid": String(watch.pid)]).merging(Evidence(checks.facts))
    }

    func verify(_ sight: Sight) async throws(StepFailure) -> Finding {
        guard case .present(let digest, let isThisBuild) = try await sight.hand() else { return .absent(Evidence()) }
        guard isThisBuild else { return .partial(Evidence(["program": digest, "trouble": "another build"])) }
        let checks = try await sight.ask(HostChecks(minFreeMiB: minFreeMiB, tables: tables))
        let seen = Evidence(checks.facts.merging(["program": digest]) { _, new in new })
        let troubles = checks.problems + (checks.watchRuns ? [] : ["the watch does not run"]) + (checks.watchStays ? [] : ["the watch would not come back after a boot"])
            + (checks.watchIsThisBuild ? [] : ["the watch runs by another build of the program"])
        return troubles.isEmpty ? .inPlace(seen) : .partial(seen.merging(Evidence(["trouble": troubles.joined(separator: "; ")])))
    }

    func revert(_ site: Site, performed: Evidence?) async throws(StepFailure) -> Evidence {
        if case .absent = try await site.sight.hand() { return Evidence(["effect": "nothing was there"]) }
        let left = try await site.carryOut(LeaveHost())
        try await site.removeHand()
        return Evidence(["kept": left.kept])
    }
}

/// Disk, clock, database rights and pgvector of a host.
struct HostChecks: ReadsOnHost {
    static let kind: OperationKind = "host.checks"
    struct Result: Sendable, Codable {
        let problems: [String]
        let facts: [String: String]
        let watchRuns: Bool
        /// What keeps it running does so after a boot as well, where anything can.
        let watchStays: Bool
        let watchIsThisBuild: Bool
        /// What later steps will want; a host that was prepared before this was asked is none the worse for it.
        var lacking: [String]?
    }
    let minFreeMiB: Int
    let tables: [LegacyTable]

    func read(_ host: HostSight) async throws -> Result {
        var problems: [String] = []
        var facts: [String: String] = [:]
        let free = Self.freeMiB(host.statePath)
        facts["freeMiB"] = String(free)
        if free < minFreeMiB { problems.append("only \(free) MiB are free, \(minFreeMiB) are wanted") }
        do {
            try await host.looking { connection in
                let row = try await connection.query(
                    """
                    SELECT current_setting('server_version') AS version, has_database_privilege(current_database(), 'CREATE') AS may_create,
                        EXISTS (SELECT FROM pg_extension WHERE extname = 'vector') AS vector,
                        extract(epoch FROM clock_timestamp()) AS now
                    """)[0]
                facts["postgres"] = try row.string("version")
                if try !row.bool("may_create") { problems.append("the database role may not create a schema") }
                for table in tables where try await !Self.owns(table, connection) { problems.append("the database role does not own \(table.rawValue)") }
                if try !row.bool("vector") { problems.append("the extension vector (pgvector) is not installed in the tenant's database") }
                let skew = abs(try row.double("now") - Date().timeIntervalSince1970)
                if skew > 5 { problems.append("host and database clocks are \(Int(skew)) s apart") }
            }
        } catch { problems.append("the database does not answer: \(error)") }
        let watch = WatchProcess(host)
        let keeper = try watch.keeper()
        facts["watch"] = keeper
        let pid = try await watch.soonRunning()
        return Result(problems: problems, facts: facts, watchRuns: pid != nil, watchStays: keeper != nil, watchIsThisBuild: pid.map(watch.isOfThisBuild) ?? true,
            lacking: tables.contains(.memories) ? try Self.lacking(host.env()) : [])
    }

    private static func lacking(_ env: EnvFile) -> [String] {
        [(AgentDoors.Agent.probe, "a workspace for probes"), (.fresh, "a workspace that nobody uses, for commits into fresh namespaces")].flatMap { agent, what in
            [agent.id, agent.token].filter { env[$0] == nil }.map { "\($0) is not in its env file (\(what))" }
        }
    }

    /// A table that is gone, being dropped, needs no owner.
    private static func owns(_ table: LegacyTable, _ connection: PostgresConnection) async throws -> Bool {
        try await connection.query(
            """
            SELECT coalesce((SELECT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) OR pg_has_role(current_user, relowner, 'USAGE')
                FROM pg_class WHERE oid = to_regclass($1)), true) AS owns
            """, [.text(table.name)])[0].bool("owns")
    }

    private static func freeMiB(_ path: String) -> Int {
        var stats = statvfs()
        let folder = FileManager.default.fileExists(atPath: path) ? path : (path as NSString).deletingLastPathComponent
        guard statvfs(folder, &stats) == 0 else { return 0 }
        return Int(stats.f_bavail) * Int(stats.f_frsize) / (1 << 20)
    }
}

/// Starts the watch, unless it runs; one that runs by another build of the program is ended first.
struct StartWatch: ActsOnHost {
    static let kind: OperationKind = "watch.start"
    static let once = Once.convergent
    struct Result: Sendable, Codable { let pid: Int }

    func act(_ host: HostHand) async throws -> Result {
        try await DatabaseTally().begin(host)
        return Result(pid: Int(try await WatchProcess(host.sight).ensure()))
    }
}

/// Stops the watch and takes away the schemas of what it kept in step; what no agent's store holds is written to files first.
struct LeaveHost: ActsOnHost {
    static let kind: OperationKind = "host.leave"
    static let once = Once.convergent
    struct Result: Sendable, Codable { let kept: String }

    func act(_ host: HostHand) async throws -> Result {
        try await WatchProcess(host.sight).stop()
        // The next watch must not take up the samples of a wait that was taken back.
        try await SamplingProfile.end(host.sight)
        try WatchOrders.forget(host.sight)
        for table in LegacyTable.allCases { try DurableFile.remove(WatchReport.path(host.sight, table)) }
        let kept = "\(host.sight.statePath)/kept"
        let mirrored = Mirrored(host: host.sight)
        let tables = try mirrored.tables()
        let schemas = tables.map(\.schema)
        let lines = try await host.writing { connection in
            var lines: [String] = []
            for schema in schemas {
                for table in ["conflicts", "exceptions", "v2_archive", "v2_namespaces"] where try await connection.there("\(schema).\(table)") {
                    lines += try await connection.query("SELECT json_build_object('table', '\(table)', 'row', to_jsonb(t))::text AS line FROM \(schema).\(table) t").map { try $0.string("line") }
                }
            }
            if !lines.isEmpty {
                try DurableFile.makeFolder(kept)
                try DurableFile.write(lines.joined(separator: "\n") + "\n", to: "\(kept)/\(host.operation).jsonl")
            }
            for table in tables {
                let drop = "SET lock_timeout = '5s'; DROP SCHEMA IF EXISTS \(table.schema) CASCADE"
                // The tenant's last: it alone says that there is another.
                if try await LaneSettings.read(connection, table.dataPath).lane == .separate {
                    try await closing(try await host.sight.pluginDatabase("cutover-writing")) { try await $0.execute(drop) }
                }
                try await connection.execute(drop)
            }
            return lines
        }
        for table in tables { try mirrored.remove(table) }
        try await DatabaseTally().forget(host)
        return Result(kept: lines.isEmpty ? "nothing" : "\(lines.count) records in \(kept)")
    }
}
