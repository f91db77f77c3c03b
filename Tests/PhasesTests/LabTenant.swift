import Cutover
import Foundation
import Host
import Phases
import PlanFiles
import Postgres
import Transports
import ProgramsTestKit

/// A lab of one tenant, brought up by the built programs and taken down by `down`.
struct LabTenant: Sendable {
    struct Trouble: Error, CustomStringConvertible { let description: String }

    let root: String
    let host: TenantHost
    /// The control plane among them.
    let others: [TenantHost]
    let plan: Plan
    let transport: LocalTransport

    /// The folder of the built programs, which is that of the running test bundle.
    static let programs = URL(fileURLWithPath: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0])
        .deletingLastPathComponent().path
    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    static func up(rows: Int, plan: Plan? = nil, separatePluginDatabase: Bool = false) async throws -> LabTenant {
        for name in ["cutoverctl", "cutover-lab", "lab-plugin", "lab-workspace-server"] {
            guard FileManager.default.isExecutableFile(atPath: "\(programs)/\(name)") else {
                throw Trouble(description: "\(programs)/\(name) is not built: swift build --product \(name)")
            }
        }
        let root = "/tmp/cutover-trial-\(getpid())-\(UUID().uuidString.prefix(8))"
        do {
            let more = separatePluginDatabase ? ["--separate-plugin-database"] : []
            try await call("cutover-lab", ["up", "--root", root, "--tenants", "1", "--rows", String(rows), "--no-agents"] + more)
        } catch {
            try? await call("cutover-lab", "down", "--root", root, "--wipe")
            throw error
        }
        let (fleet, troubles) = FleetFile.read(path: "\(root)/fleet.yaml")
        guard let fleet, let host = fleet.tenants.first else { throw Trouble(description: "the lab's fleet file: \(troubles)") }
        return LabTenant(root: root, host: host, others: fleet.others, plan: try plan ?? Self.plan(), transport: LocalTransport(program: "\(programs)/cutoverctl"))
    }

    func down() async throws { try await Self.call("cutover-lab", "down", "--root", root, "--wipe") }

    /// The lab's own plan, with shorter windows.
    static func plan() throws -> Plan {
        let path = "\(repository)/Plans/lab.yaml"
        let text = try String(contentsOfFile: path, encoding: .utf8).replacing("window: 6s", with: "window: 2s").replacing("window: 8s", with: "window: 2s")
            .replacing("grace: 3s", with: "grace: 1s").replacing("keepFor: 3s", with: "keepFor: 1s")
        let (plan, problems) = PlanFile.read(text: text, path: path, catalog: MemoryCatalog.catalog)
        guard let plan else { throw Trouble(description: "\(problems)") }
        return plan
    }

    /// The plan for keys and values, with windows of seconds, for tenants of the lab.
    static func keyValuePlan(pluginDatabase: String = "same-instance-schema") throws -> Plan {
        let path = "\(repository)/Plans/kv-deprecation.yaml"
        var text = try String(contentsOfFile: path, encoding: .utf8)
        for (long, short) in [
            ("minFreeMiB: 2048", "minFreeMiB: 64"), ("window: 24h", "window: 2s"), ("window: 30d", "window: 2s"), ("sampleEvery: 5m", "sampleEvery: 1s"),
            ("sampleEvery: 15m", "sampleEvery: 1s"), ("longestGap: 30m", "longestGap: 5s"), ("longestGap: 2h", "longestGap: 5s"), ("grace: 72h", "grace: 1s"),
            ("keepFor: 90d", "keepFor: 1s"), ("to: s3://cutover-archives/kv-deprecation/TENANT", "to: env:KV_ARCHIVE_DIR"), ("env: staging", "env: lab-canary"), ("env: production", "env: lab"),
            ("pluginDatabase: same-instance-schema", "pluginDatabase: \(pluginDatabase)"),
        ] { text = text.replacing(long, with: short) }
        let (plan, problems) = PlanFile.read(text: text, path: path, catalog: MemoryCatalog.catalog)
        guard let plan else { throw Trouble(description: "\(problems)") }
        return plan
    }

    var fleet: Fleet { Fleet(tenants: [host], others: others) }

    /// Where the plan's state lies on the host.
    var state: String { StateFolder.of(plan, in: host.state) }

    // MARK: - What can be seen past the engine

    func env() throws -> EnvFile { try EnvFile.read(host.env) }

    /// Every row of every table that is not the server's own, every trigger, and the files on the host.
    func picture() async throws -> String {
        let connection = try await PostgresConnection.connect(try env().require("DATABASE_URL"), readOnly: true, applicationName: "trial")
        try await Self.rest(connection)
        var lines: [String] = []
        let tables = try await connection.query(
            """
            SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1
            """)
        // The watch beats its own drum in the control row, and while it samples its probes come and go by themselves.
        let samples = FileManager.default.fileExists(atPath: "\(state)/sampling.json")
        let restless = ["cutover.control", "cutover_kv.control", "cutover_host.tally"] + (samples ? ["cutover.change_log", "memory_plugin.memory_namespaces"] : [])
        for table in try tables.map({ try $0.string("name") }) {
            lines.append("\(table) \(restless.contains(table) ? "there" : try await Self.digest(of: table, connection))")
        }
        lines += try await Self.triggers(connection)
        await connection.close()
        return try (lines + files(state) + files(vault())).joined(separator: "\n")
    }

    /// The tenant's memories, server and settings.
    func belongings() async throws -> String {
        let env = try env()
        let connection = try await PostgresConnection.connect(try env.require("DATABASE_URL"), readOnly: true, applicationName: "trial")
        var lines: [String] = []
        for table in ["public.agent_memories", "public.workspaces", "public.workspace_memory"] {
            let there = try await connection.query("SELECT to_regclass($1) IS NOT NULL AS there", [.text(table)])[0].bool("there")
            lines.append("\(table) \(there ? try await Self.digest(of: table, connection) : "not there")")
        }
        // A condition made again from its own text is spelled with its casts in other places.
        lines += try await connection.query(
            """
            SELECT format('%s %s %s', conrelid::regclass, conname, regexp_replace(pg_get_constraintdef(oid), '::(character varying|text)|ARRAY|[][() ]', '', 'g')) AS line
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 ORDER BY 1
            """).map { try $0.string("line") }
        lines += try await connection.query("SELECT indexdef AS line FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1").map { try $0.string("line") }
        lines += try await Self.triggers(connection)
        await connection.close()
        let server = try ProcessRuntime(command: env.require("WORKSPACE_SERVER_COMMAND"), pidFile: env.require("WORKSPACE_SERVER_PIDFILE"))
        lines.append("server \(try server.running() == nil ? "does not run as the settings say" : "runs as the settings say")")
        return try await (lines + books() + [env.text] + files(vault())).joined(separator: "\n")
    }

    /// What the control plane has of the tenant.
    func books() async throws -> [String] {
        let env = try EnvFile.read(others[0].env)
        let connection = try await PostgresConnection.connect(try env.require("DATABASE_URL"), readOnly: true, applicationName: "trial")
        let rows = try await connection.query(
            """
            SELECT format('%s %s', r.kind, r.resource_id) AS line FROM tenant_resources r JOIN organizations o ON o.id = r.tenant_id
            WHERE o.slug = $1 AND r.state <> 'deleted' ORDER BY 1
            """, [.text(host.id.text)]
        ).map { try $0.string("line") }
        await connection.close()
        return rows
    }

    // MARK: - Non public

    private func vault() throws -> String { try env().require("ARCHIVE_DIR") }

    /// Returns once the watch has looked at everything that was noted: until then it changes the stores of its own accord.
    private static func rest(_ connection: PostgresConnection) async throws {
        for schema in ["cutover", "cutover_kv"] { try await rest(schema, connection) }
    }

    private static func rest(_ schema: String, _ connection: PostgresConnection) async throws {
        for _ in 0..<1500 {
            guard try await connection.query("SELECT to_regclass('\(schema).control') IS NOT NULL AND to_regclass('\(schema).change_log') IS NOT NULL AS there")[0].bool("there") else { return }
            let busy = try await connection.query("SELECT mode IN ('sync', 'copy') AND EXISTS (SELECT FROM \(schema).change_log) AS busy FROM \(schema).control")
            guard try busy.first?.bool("busy") == true else { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw Trouble(description: "the watch does not come to rest")
    }

    private static func digest(of table: String, _ connection: PostgresConnection) async throws -> String {
        let row = try await connection.query(
            """
            SELECT count(*) AS n, coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '-') AS md5
            FROM \(table) t WHERE t::text NOT LIKE '%cutover-probe%'
            """)[0]
        return "\(try row.int("n")) rows \(try row.string("md5"))"
    }

    private static func triggers(_ connection: PostgresConnection) async throws -> [String] {
        try await connection.query(
            "SELECT format('%s %s %s', tgrelid::regclass, tgname, tgenabled) AS line FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
        ).map { try $0.string("line") }
    }

    /// What the watch writes by itself is left out.
    private func files(_ folder: String) -> [String] {
        let names = (FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? []).sorted()
        return names.filter { !$0.hasSuffix(".log") && !$0.hasPrefix("evidence.jsonl") && !$0.hasPrefix("progress.") && !$0.hasPrefix("tally.") && !$0.hasPrefix(".dat.nosync") }.map { name in
            let size = (try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.size] as? Int) ?? 0
            return "\(name) \(size)"
        }
    }

    private static func call(_ name: String, _ arguments: String...) async throws { try await call(name, arguments) }

    private static func call(_ name: String, _ arguments: [String]) async throws {
        let ended = try await EndedProgram.run(["\(programs)/\(name)"] + arguments)
        guard ended.code == 0 else { throw Trouble(description: "\(name) \(arguments.joined(separator: " ")) ended with \(ended.code): \(ended.said)") }
    }
}

/// The machine's clock.
struct RealTime: TimeSource {
    var now: Timestamp { Timestamp(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded())) }

    func sleep(milliseconds: Int) async throws(CancellationError) {
        do { try await Task.sleep(for: .milliseconds(milliseconds)) } catch { throw CancellationError() }
    }
}
