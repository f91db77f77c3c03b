import Cutover
import DataPath
import Foundation
import Host
import Postgres

/// Copies every v1 row to v2 by looking at it; from here on the watch keeps both stores in step.
struct CopyRows: ReversibleStep {
    let chunkRows: Int?
    /// Key ranges that are copied side by side.
    let ranges: Int
    let withinSeconds: Int
    /// By reason: what becomes of rows that do not fit.
    let rules: [String: ExceptionRule]
    let lane: LaneChoice
    let sidecar: Sidecar
    var limits = ThrottleLimits()
    let table: LegacyTable

    var preconditions: [Gate] {
        [Gate.watchIsContent(table)[0]] + (lane.lane == .http ? [] : [schemaGate]) + [
            .reading("change capture is in place", CaptureState(table: table)) { state, _ in
                state.missing.isEmpty && state.disabled.isEmpty && state.tried
                    ? .open(Evidence()) : .shut("missing: \(state.missing.joined(separator: ", ")); disabled: \(state.disabled.joined(separator: ", "))")
            },
            .reading("v2 holds only what can be explained", CaptureState(table: table), { state, _ in
                state.strangers.isEmpty ? .open(Evidence()) : .shut("\(state.strangers.count) rows in v2 are nobody's: \(state.strangers.prefix(5).joined(separator: ", "))")
            }),
        ] + (sidecar.url == nil ? [] : [Gate.sharesNoKeys])
    }

    private var schemaGate: Gate {
        .reading("the plugin's tables are the ones we know", PluginSchemaState(table: table)) { state, _ in
            state.differences.isEmpty
                ? .open(Evidence()) : .shut("memory_plugin \(state.differences.joined(separator: "; ")): rows are not written past the plugin into tables we do not know; lane: http goes through it")
        }
    }

    var wayBack: [Gate] { lane.lane == .http ? [lane.wayBack] : [] }

    func preview(_ sight: Sight) async throws(StepFailure) -> Preview {
        var rows = "the rows of"
        if let state = try? await sight.ask(CopyState(table: table)) { rows = "\(state.rowsV1) rows of" }
        if lane.lane == .http {
            return Preview(commands: [
                sight.commandLine(.writing, PutRules.kind), sight.commandLine(.writing, BeginCopy.kind),
                "the watch posts \(rows) \(table.name) to \(sidecar.told), oldest first, at most \(lane.connections) at once, and reads each back",
            ] + LaneChoice.notOverHTTP)
        }
        if lane.lane == .separate {
            return Preview(commands: [
                sight.commandLine(.writing, PutRules.kind), sight.commandLine(.writing, BeginCopy.kind),
                "the watch looks at \(rows) \(table.name) in key order, at most \(chunkRows ?? 1500) a transaction, and copies what memory_plugin.memory_records in the plugin's own database lacks (binary COPY, read back to the byte)",
            ] + LaneChoice.notBetweenTwo)
        }
        return Preview(commands: [
            sight.commandLine(.writing, PutRules.kind), sight.commandLine(.writing, BeginCopy.kind),
            "the watch looks at \(rows) \(table.name) in \(ranges == 1 ? "key order" : "\(ranges) key ranges side by side"), at most \(chunkRows ?? 1500) a transaction, and writes what memory_plugin.memory_records lacks",
        ])
    }

    func perform(_ site: Site) async throws(StepFailure) -> Evidence {
        _ = try await site.carryOut(PutRules(rules: rules, table: table))
        _ = try await site.carryOut(BeginCopy(chunkRows: chunkRows, ranges: ranges, limits: limits, sidecar: sidecar, lane: lane, table: table))
        let began = site.sight.time.now
        var held = 0
        var checkpoints = CopyCheckpoints()
        while true {
            let told = try await site.ask(WatchProgress(table: table))
            // The report is the watch's word; that the copy is done, the stores themselves must say.
            if told.report?.copy.done != false {
                let state = try await site.ask(CopyState(table: table))
                if state.done, state.unlooked == 0, state.retried == 0 {
                    guard state.notStored == 0 else {
                        throw StepFailure(
                            "the plugin answered 201 for \(state.notStored) memories and does not have them", effect: .partlyChanged,
                            next: "mend the plugin, then cutoverctl advance \(site.sight.ref.tenant), which sends them again")
                    }
                    return state.evidence
                }
            }
            if let report = told.report {
                try site.tell(StepProgress(report.line, share: report.copy.rows == 0 ? nil : Double(report.copy.copied) / Double(report.copy.rows)))
                let elapsed = Int((site.sight.time.now.milliseconds - began.milliseconds) / 1000)
                if let facts = checkpoints.next(report, elapsedSeconds: elapsed) { try await site.checkpoint(Evidence(facts)) }
                if let hold = report.holds.first, hold.bound == .hold {
                    throw StepFailure("\(hold); the copy rests after \(report.copy.copied) rows", effect: .goesOn, next: "cutoverctl release \(site.sight.ref.tenant) --reason TEXT")
                }
            }
            // The time for which a bound held it is not the copy's.
            let elapsed = Int((site.sight.time.now.milliseconds - began.milliseconds) / 1000)
            if told.report?.holds.isEmpty == false { held += 1 }
            if elapsed - held * Self.pollMilliseconds / 1000 > withinSeconds {
                let line = told.report?.line ?? "the watch has told nothing"
                throw StepFailure("not done after \(withinSeconds) s: \(line); the watch goes on", effect: .partlyChanged, next: "cutoverctl advance \(site.sight.ref.tenant)")
            }
            if !told.watchRuns { _ = try await site.carryOut(StartWatch()) }
            do { try await site.sight.time.sleep(milliseconds: Self.pollMilliseconds) } catch {
                throw StepFailure("stopped while the copy runs on", effect: .goesOn, next: "cutoverctl advance \(site.sight.ref.tenant)")
            }
        }
    }

    private static let pollMilliseconds = 500

    func verify(_ sight: Sight) async throws(StepFailure) -> Finding {
        let state = try await sight.ask(CopyState(table: table))
        if state.placed == 0, !state.done, !state.asked { return .absent(state.evidence) }
        return state.done && state.unlooked == 0 && state.notStored == 0 ? .inPlace(state.evidence) : .partial(state.evidence)
    }

    func revert(_ site: Site, performed: Evidence?) async throws(StepFailure) -> Evidence {
        let taken = try await site.carryOut(TakeCopyAway(table: table))
        return Evidence(["taken": String(taken.taken), "kept": String(taken.kept)])
    }
}

/// Tells the watch to copy: from the first key, or on from where it was.
struct BeginCopy: ActsOnHost {
    static let kind: OperationKind = "copy.begin"
    static let once = Once.convergent
    struct Result: Sendable, Codable { let pid: Int }
    let chunkRows: Int?
    let ranges: Int?
    var limits = ThrottleLimits()
    let sidecar: Sidecar
    let lane: LaneChoice
    let table: LegacyTable

    func act(_ host: HostHand) async throws -> Result {
        let fence = Int64(host.fence)
        try WatchOrders.change(host.sight) { orders in
            orders.limits = limits
            orders.held = nil
        }
        try await host.writing(table) { connection in
            try await lane.recorded(sidecar, host.sight).save(connection, table.dataPath)
            try await Control.raiseFence(to: fence, connection, table.dataPath)
            let control = try await Control.read(connection, table.dataPath)
            if lane.lane == .http { _ = try await ExceptionRules.tryAgain(connection, table.dataPath) }
            if control.copyDone { try await Control.set(.sync, fence: fence, connection, table.dataPath) }
            else if control.copied == 0 {
                if lane.lane != .http { _ = try await KeptRows.bringBack(connection, table.dataPath) }
                try await Control.restartCopy(fence: fence, chunkRows: chunkRows, ranges: lane.lane == .sql ? ranges ?? 1 : 1, connection, table.dataPath)
            }
            else { try await Control.resumeCopy(fence: fence, connection, table.dataPath) }
        }
        return Result(pid: Int(try await WatchProcess(host.sight).ensure()))
    }
}

/// How the plugin's tables differ from those we write into.
struct PluginSchemaState: ReadsOnHost {
    static let kind: OperationKind = "plugin.schema"
    struct Result: Sendable, Codable { let differences: [String] }
    let table: LegacyTable

    func read(_ host: HostSight) async throws -> Result {
        try await host.looking(table) { Result(differences: try await SchemaFingerprint.read($0).differences(from: .known)) }
    }
}

struct CopyState: ReadsOnHost {
    static let kind: OperationKind = "copy.state"
    struct Result: Sendable, Codable {
        let rowsV1: Int
        let copied: Int
        let placed: Int
        let exceptions: Int
        /// Ids of v1 that are neither placed nor excepted nor waiting in the log.
        let unlooked: Int
        /// Over HTTP: memories that the plugin said it had and has not; and those of them that are being sent again.
        let notStored: Int
        let retried: Int
        let done: Bool
        let asked: Bool
        let watchRuns: Bool

        var evidence: Evidence {
            facts(["rows": rowsV1, "placed": placed, "exceptions": exceptions, "unlooked": unlooked, "notStored": notStored])
        }
    }

    let table: LegacyTable

    func read(_ host: HostSight) async throws -> Result {
        let watchRuns = try WatchProcess(host).running() != nil
        return try await host.looking(table) { connection in
            guard try await connection.there("\(table.schema).control") else {
                let rows = try await connection.query("SELECT count(*) AS n FROM \(table.name)")[0].int("n")
                return Result(rowsV1: rows, copied: 0, placed: 0, exceptions: 0, unlooked: rows, notStored: 0, retried: 0, done: false, asked: false, watchRuns: watchRuns)
            }
            let control = try await Control.read(connection, table.dataPath)
            let notStored = "SELECT count(*) FROM \(table.schema).exceptions e WHERE e.closed IS NULL AND e.reason = '\(ExceptionRules.notStored)'"
            let row = try await connection.query(
                """
                SELECT (\(notStored)) AS not_stored, (\(notStored) AND EXISTS (SELECT FROM \(table.schema).change_log l WHERE l.id = e.id)) AS retried,
                    (SELECT count(*) FROM \(table.name)) AS rows, (SELECT count(*) FROM \(table.schema).placed) AS placed,
                    (SELECT count(*) FROM \(table.schema).exceptions WHERE closed IS NULL) AS exceptions,
                    (SELECT count(*) FROM \(table.name) m
                     WHERE NOT EXISTS (SELECT FROM \(table.schema).placed p WHERE p.id = m.id)
                       AND NOT EXISTS (SELECT FROM \(table.schema).exceptions e WHERE e.id = m.id AND e.closed IS NULL)
                       AND NOT EXISTS (SELECT FROM \(table.schema).change_log l WHERE l.id = m.id)) AS unlooked
                """)[0]
            return Result(
                rowsV1: try row.int("rows"), copied: control.copied, placed: try row.int("placed"), exceptions: try row.int("exceptions"),
                unlooked: try row.int("unlooked"), notStored: try row.int("not_stored"), retried: try row.int("retried"), done: control.copyDone, asked: control.mode == .copy || control.mode == .sync, watchRuns: watchRuns)
        }
    }
}

/// Takes from v2 what was placed there, after both stores were proven equal; what v1 can't express is kept whole.
struct TakeCopyAway: ActsOnHost {
    static let kind: OperationKind = "copy.takeAway"
    static let once = Once.convergent
    struct Result: Sendable, Codable {
        let taken: Int
        let kept: Int
    }

    let table: LegacyTable

    func act(_ host: HostHand) async throws -> Result {
        try await host.writing(table) { connection in
            guard try await connection.there("\(table.schema).control") else { return Result(taken: 0, kept: 0) }
            let fence = Int64(host.fence)
            // Waits for the chunk under way; the watch begins no other. Where nothing had been placed yet, nothing else would stop the copy.
            try await Control.raiseFence(to: fence, connection, table.dataPath)
            try await Control.set(.stopped, fence: fence, connection, table.dataPath)
            let report: TakeAway.Report
            do { report = try await StoreLane.of(connection, table).takeAway(host, connection) } catch {
                // What was not taken away is still kept in step.
                try? await Control.set(.sync, fence: fence, connection, table.dataPath)
                throw error
            }
            try WatchOrders.change(host.sight) { orders in
                orders.limits = ThrottleLimits()
                orders.changes = ThrottleLimits()
                orders.held = nil
            }
            return Result(taken: report.removed, kept: report.kept)
        }
    }
}
