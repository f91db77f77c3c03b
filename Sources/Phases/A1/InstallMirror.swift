import Cutover
import DataPath
import Foundation
import Host
import Postgres

/// Puts change capture on both stores.
struct InstallMirror: ReversibleStep {
    let sidecar: Sidecar
    let lane: LaneChoice
    var bound = LogBound()
    let table: LegacyTable

    var preconditions: [Gate] {
        var gates: [Gate] = [
            .reading("the plugin is in place", SidecarState(sidecar: sidecar)) { state, _ in
                state.problems.isEmpty ? .open(Evidence(state.facts)) : .shut(state.problems.joined(separator: "; "))
            }
        ]
        if table != .memories, lane.lane == .http {
            gates.append(Gate("the table can be carried over HTTP", clearedBy: .person("take lane: http out of backfill.copy and adopt the plan")) { [table] _ in
                .shut("\(table.name) is carried by SQL only")
            })
        }
        return gates
    }
    var wayBack: [Gate] { [] }

    func preview(_ sight: Sight) async throws(StepFailure) -> Preview {
        Preview(commands: [
            sight.commandLine(.writing, PutCapture.kind), "CREATE SCHEMA IF NOT EXISTS \(table.schema)",
        ] + PlannedSQL(lane.settings(table)).capture() + [sight.commandLine(.exercising, CaptureTrial.kind) + " (one row on \(lane.lane == .http ? "v1" : "each side"), rolled back)"])
    }

    func perform(_ site: Site) async throws(StepFailure) -> Evidence {
        _ = try await site.carryOut(PutCapture(sidecar: sidecar, lane: lane, bound: bound, table: table))
        let trial = try await site.exercise(CaptureTrial(table: table))
        let seen = try await site.ask(CaptureState(table: table))
        guard seen.strangers.isEmpty else {
            throw StepFailure("v2 holds \(seen.strangers.count) rows that nobody placed there: \(seen.strangers.prefix(5).joined(separator: ", "))", effect: .partlyChanged, next: "look at them, then cutoverctl revert \(site.sight.ref.tenant) --to sidecar.start")
        }
        return Evidence(trial.facts)
    }

    func verify(_ sight: Sight) async throws(StepFailure) -> Finding {
        let state = try await sight.ask(CaptureState(table: table))
        let seen = Evidence(["missing": state.missing.joined(separator: ", "), "disabled": state.disabled.joined(separator: ", ")])
        if state.missing.isEmpty, state.disabled.isEmpty, state.tried { return .inPlace(Evidence(["triggers": "enabled always"])) }
        return state.nothingThere ? .absent(seen) : .partial(seen)
    }

    func revert(_ site: Site, performed: Evidence?) async throws(StepFailure) -> Evidence {
        _ = try await site.carryOut(TakeCaptureAway(table: table))
        return Evidence()
    }
}

struct PutCapture: ActsOnHost {
    static let kind: OperationKind = "capture.install"
    static let once = Once.convergent
    struct Result: Sendable, Codable { let installed: Bool }
    let sidecar: Sidecar
    let lane: LaneChoice
    var bound = LogBound()
    let table: LegacyTable

    func act(_ host: HostHand) async throws -> Result {
        try await Effect.capture(table).begin(by: host)
        try Mirrored(host: host.sight).add(table)
        try WatchOrders.change(host.sight) { $0.bound = bound }
        try await host.writing(table) { connection in
            let chosen = try lane.recorded(sidecar, host.sight)
            // What was recorded before must not say otherwise while triggers are chosen by it.
            if try await connection.there("\(table.schema).remembered") { try await chosen.save(connection, table.dataPath) }
            if lane.lane == .separate, await connection.partner == nil { try await host.sight.join(connection, "cutover-writing", table) }
            try await Capture(lane.settings(table)).install(connection)
            try await chosen.save(connection, table.dataPath)
            try await Control.raiseFence(to: Int64(host.fence), connection, table.dataPath)
        }
        return Result(installed: true)
    }
}

struct TakeCaptureAway: ActsOnHost {
    static let kind: OperationKind = "capture.remove"
    static let once = Once.convergent
    struct Result: Sendable, Codable { let removed: Bool }
    let table: LegacyTable

    func act(_ host: HostHand) async throws -> Result {
        try await host.writing(table) { connection in
            if try await connection.there("\(table.schema).control") {
                try await Control.raiseFence(to: Int64(host.fence), connection, table.dataPath)
                try await Control.set(.stopped, fence: Int64(host.fence), connection, table.dataPath)
            }
            try await Capture(table.dataPath).remove(connection, keepRecords: true)
        }
        return Result(removed: true)
    }
}

struct CaptureState: ReadsOnHost {
    static let kind: OperationKind = "capture.state"
    struct Result: Sendable, Codable {
        let missing: [String]
        let disabled: [String]
        let nothingThere: Bool
        let tried: Bool
        /// Rows of v2 that nobody can explain, before the copy began.
        let strangers: [String]
    }
    let table: LegacyTable

    func read(_ host: HostSight) async throws -> Result {
        let tried = try ExerciseTrace.newest(table.own("capture.trial"), after: .capture(table), on: host)?.green == true
        return try await host.looking(table) { connection in
            let status = try await Capture(table.dataPath).status(connection)
            let triggers = try await connection.query(
                """
                SELECT count(*) AS n FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace s ON s.oid = p.pronamespace
                WHERE s.nspname = '\(table.schema)' AND NOT t.tgisinternal
                """)[0].int("n")
            var strangers: [String] = []
            // Over HTTP nobody can list what a store holds.
            if status.inPlace, try await !StoreLane.of(connection, table).isHTTP, try await !Control.read(connection, table.dataPath).copyDone {
                strangers = try await ForeignRows.inV2(connection, table.dataPath).ids.map { $0.uuidString.lowercased() }
            }
            return Result(
                missing: status.missingTriggers + status.missingFunctions, disabled: status.disabledTriggers, nothingThere: triggers == 0, tried: tried,
                strangers: strangers)
        }
    }
}

/// Writes one row on each side in a transaction that is rolled back, and counts what capture made of it.
struct CaptureTrial: TriesOnHost {
    static let kind: OperationKind = "capture.trial"
    struct Result: Sendable, Codable { let facts: [String: String] }
    let table: LegacyTable

    func attempt(_ host: HostHand) async throws -> Result {
        let workspace = try host.sight.env().require("PROBE_WORKSPACE_ID")
        let facts = try await traced(table.own("capture.trial"), by: host) {
            try await host.writing(table) { connection in
                try await connection.execute("BEGIN")
                do {
                    let lane = try await StoreLane.of(connection, table)
                    let both = !lane.isHTTP
                    var seen = try await count(connection, workspace, probeContent(host, "capture"), both: lane.recorded.lane == .sql)
                    try await connection.execute("ROLLBACK")
                    if lane.recorded.lane == .separate {
                        let two = try await closing(try await host.sight.pluginDatabase("cutover-writing")) { far in
                            try await far.execute("BEGIN; SET LOCAL lock_timeout = '2s'")
                            return try await count2(far, probeContent(host, "capture"))
                        }
                        seen = [seen[0], two[0], two[1]]
                    }
                    guard seen == (both ? [1, 1, 0] : [1, 0, 0]) else {
                        throw PluginClient.Failure(description: "capture noted \(seen[0]) changes of v1 and \(seen[1]) of v2 where 1 and \(both ? 1 : 0) were made, and \(seen[2]) of our own where none should be noted")
                    }
                } catch {
                    try? await connection.execute("ROLLBACK")
                    throw error
                }
                return ["v1": "1", "v2": try await StoreLane.of(connection, table).isHTTP ? "not captured over HTTP" : "1", "own": "0"]
            }
        }
        return Result(facts: facts)
    }

    /// Changes noted of an agent's row in v1, of one in v2, and of a row under our own mark.
    private func count(_ connection: PostgresConnection, _ workspace: String, _ content: String, both: Bool) async throws -> [Int] {
        try await connection.execute("SET LOCAL lock_timeout = '2s'")
        let v1 = try await connection.query(insert1, [.text(workspace), .text(content)])[0].string("id")
        if !both {
            let noted = "SELECT count(*) AS n FROM \(table.schema).change_log WHERE id = $1::uuid AND side = 1 AND NOT del"
            return [try await connection.query(noted, [.text(v1)])[0].int("n"), 0, 0]
        }
        let noted = "SELECT count(*) AS n FROM \(table.schema).change_log WHERE id = $1::uuid AND side = $2 AND NOT del"
        return [try await connection.query(noted, [.text(v1), .int(1)])[0].int("n")] + (try await count2(connection, content))
    }

    /// Changes noted of an agent's row in v2, and of a row there under our own mark.
    private func count2(_ connection: PostgresConnection, _ content: String) async throws -> [Int] {
        let namespace = "custom:cutover-probe-capture"
        try await connection.query("INSERT INTO memory_plugin.memory_namespaces (name, kind) VALUES ($1, 'custom') ON CONFLICT DO NOTHING", [.text(namespace)])
        let v2 = try await connection.query(insert2, [.text(namespace), .text(content)])[0].string("id")
        try await connection.query("SELECT set_config('\(table.schema).own', pg_current_xact_id()::text, true)")
        let own = try await connection.query(insert2, [.text(namespace), .text(content)])[0].string("id")
        let noted = "SELECT count(*) AS n FROM \(table.schema).change_log WHERE id = $1::uuid AND side = $2 AND NOT del"
        return [
            try await connection.query(noted, [.text(v2), .int(2)])[0].int("n"),
            try await connection.query(noted, [.text(own), .int(2)])[0].int("n"),
        ]
    }

    private var insert1: String {
        switch table {
        case .memories: "INSERT INTO public.agent_memories (workspace_id, content, scope) VALUES ($1::uuid, $2, 'LOCAL') RETURNING id::text AS id"
        case .keyValues: "INSERT INTO public.workspace_memory (workspace_id, key, value) VALUES ($1::uuid, $2, 'null') RETURNING id::text AS id"
        }
    }

    private var insert2: String {
        let propagation =
            switch table {
            case .memories: "NULL"
            case .keyValues: "jsonb_build_object('cutover', jsonb_build_object('table', 'workspace_memory', 'key', $2))"
            }
        return """
            INSERT INTO memory_plugin.memory_records (namespace, content, kind, source, propagation)
            VALUES ($1, $2::text, 'fact', 'runtime', \(propagation)) RETURNING id::text AS id
            """
    }
}
