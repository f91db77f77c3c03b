import Cutover
import DataPath
import Foundation
import Host
import Postgres

/// Opens when every row and field of both stores is equal while agents write, and every exception was signed.
struct VerifyParity: Wait {
    /// By reason; a reason that is not named must be signed.
    let rules: [String: ExceptionRule]
    let lane: LaneChoice
    let table: LegacyTable
    var limits = ChangesSince.Limits()

    var preconditions: [Gate] { Gate.watchIsContent(table) }

    func preview(_ sight: Sight) async throws(StepFailure) -> Preview {
        Preview(commands: [
            sight.commandLine(.reading, CompareStores.kind) + (lane.lane != .http ? " (every row and field, inside the database\(lane.lane == .separate ? ", into which all of v2 is brought for the moment" : ""))" : " (every row asked for over HTTP: proven one by one, or counted as not shown)"),
            sight.commandLine(.reading, ListExceptions.kind),
        ])
    }

    func verify(_ sight: Sight) async throws(StepFailure) -> Finding { .absent(Evidence(["effect": "none"])) }
    /// A plan that was changed since the copy brings its rules with it; and somebody must settle what agents change meanwhile.
    func tend(_ site: Site, began: OperationID) async throws(StepFailure) -> Evidence {
        let queued = try await site.carryOut(PutRules(rules: rules, table: table)).queued
        let watch = try await site.carryOut(StartWatch()).pid
        guard lane.lane == .http else { return facts(["queued": queued, "watchPid": watch]) }
        let listed = try await site.carryOut(ListChanged(table: table, limits: limits))
        return facts(["queued": queued, "watchPid": watch, "changedInPlugin": listed.listed, "mended": listed.mended])
    }

    func observe(_ sight: Sight, began: OperationID) async -> Observation {
        let gates = Gate.watchIsContent(table)
        let sight = await sight.having(gates.flatMap(\.asks) + [WatchProgress(table: table), ReadRules(table: table), ListExceptions(table: table)])
        // The first that is shut, and not only before the wait: what the watch finds meanwhile takes the ground from under a parity.
        for gate in gates {
            let verdict = await gate.assess(sight)
            if !verdict.isOpen { return Observation(verdict, clearedBy: gate.naming(sight.ref.tenant)) }
        }
        do {
            guard try await sight.ask(WatchProgress(table: table)).watchRuns else {
                return Observation(.shut("the watch does not run, and nothing is kept in step"), needsTending: "the watch does not run")
            }
            guard try await sight.ask(ReadRules(table: table)) == rules else {
                return Observation(.shut("the plan's rules for exceptions are not those of the tenant yet"), needsTending: "the plan's rules for exceptions")
            }
            let exceptions = try await sight.ask(ListExceptions(table: table))
            if let why = unsigned(exceptions, sight) { return why }
            let parity = try await sight.ask(CompareStores(table: table, base: .v1, limits: limits, wait: began))
            guard parity.clean else {
                if parity.complete, parity.changedCount > 0 {
                    return Observation(.shut(parity.words), needsTending: "what changed in the plugin is to be listed", clearedBy: .time)
                }
                guard parity.complete || parity.differences > 0 else {
                    return Observation(.unknown("\(parity.provenRows) of about \(parity.estimatedRows) rows are compared so far, \(parity.inFlightCount) are under way; the next look goes on"), again: sight.time.now)
                }
                let next = "cutoverctl repair \(sight.ref.tenant) --preview"
                return Observation(.shut(parity.words), clearedBy: parity.differences > 0 ? .person(next) : .time)
            }
            guard parity.unproven == 0 || lane.accepts(.unprovenRows) else {
                return Observation(
                    .shut("\(parity.equal) rows are proven one by one, \(parity.unproven) cannot be shown over HTTP: accepts: [\(LaneChoice.Accepted.unprovenRows.rawValue)] under backfill.copy goes without"),
                    clearedBy: .person("cutoverctl why \(sight.ref.tenant)"))
            }
            return Observation(
                .open(facts(["rows": parity.rowsV1, "equal": parity.equal, "unproven": parity.unproven, "changedInPlugin": parity.forgottenSince + parity.editedSince, "excepted": parity.exceptedIDs, "conflicts": parity.conflicts, "digest": parity.digestV1])))
        } catch {
            return Observation(.unknown(error.what))
        }
    }

    func unsigned(_ list: ListExceptions.Result, _ sight: Sight) -> Observation? {
        for (reason, count) in list.counts.sorted(by: { $0.key < $1.key }) {
            let rule = rules[reason] ?? ExceptionRule(.sign)
            switch rule.word {
            case .pass, .flag, .redact: continue
            case .block: return Observation(.shut("\(count) rows are excepted as \(reason), which the plan does not allow"), clearedBy: .person("cutoverctl exceptions \(sight.ref.tenant)"))
            case .sign, .remap:
                // By the ids, not by their number: as many others are not those that somebody saw.
                let signed = sight.consent(to: "exceptions/\(reason)")?.facts
                if let signed, signed["digest"] == list.digest(of: reason) { continue }
                let what = signed.map { "\(count) rows are excepted as \(reason), and they are not the \($0["count"] ?? "") that were signed" } ?? "\(count) rows are excepted as \(reason), not signed"
                return Observation(.shut(what), clearedBy: .person("cutoverctl approve \(sight.ref.tenant) --exceptions \(reason) --reason TEXT"))
            }
        }
        return nil
    }
}

/// Full parity of the stores, or of v2 against what was frozen. Ten differing ids of a kind at most: `stores.diff` lists them all.
struct CompareStores: ReadsOnHost {
    typealias Result = ParityReport
    static let kind: OperationKind = "stores.compare"
    let table: LegacyTable
    let base: Parity.Base
    var limits = ChangesSince.Limits()
    /// The wait that asks: what time did not allow is gone on with when it asks again. Nil: all is asked at once.
    var wait: OperationID?

    /// Longer than it takes, shorter than what a host operation may take.
    private static let withinSeconds = 200.0

    func read(_ host: HostSight) async throws -> ParityReport {
        try await host.looking(table) { connection in
            let lane = try await StoreLane.of(connection, table)
            guard let wait else {
                return try await lane.compare(connection, against: base, listLimit: 10, limits: limits, withinSeconds: Self.withinSeconds)
            }
            let files = ParityFiles(host, base, of: wait, table)
            guard let lock = try files.lock() else {
                throw StepFailure("another comparison for \(host.tenant) is under way", effect: .nothingChanged, next: "cutoverctl advance \(host.tenant)")
            }
            defer { withExtendedLifetime(lock) {} }
            let report = try await lane.compare(connection, against: base, listLimit: 10, limits: limits, withinSeconds: Self.withinSeconds, notes: files)
            // What differed is looked for anew each time, until nothing does.
            if report.complete { try files.forget() }
            return report
        }
    }
}

/// Over HTTP: lists by name what is no longer in the plugin as it was proven there, and takes from the list what is there again.
struct ListChanged: ActsOnHost {
    static let kind: OperationKind = "changes.list"
    static let once = Once.convergent
    typealias Result = ChangedInPlugin.Report
    let table: LegacyTable
    let limits: ChangesSince.Limits

    func act(_ host: HostHand) async throws -> ChangedInPlugin.Report {
        try await host.writing(table) { connection in
            let lane = try await StoreLane.of(connection, table)
            var changed = ChangedInPlugin(lane.settings, limits: limits)
            guard lane.isHTTP, try await connection.there("\(table.schema).exceptions") else { return ChangedInPlugin.Report() }
            _ = try await lane.differences(connection, against: .v1, limits: limits, withinSeconds: 200, includingListed: true) { changed.take($0) }
            return try await changed.list(connection)
        }
    }
}

extension ParityReport {
    /// Counts of what differs, and a few ids.
    var words: String {
        let counts = [
            (missingCount, "missing"), (extraCount, "extra"), (resurrectedCount, "resurrected"), (differentCount, "different"), (inFlightCount, "under way"),
        ].map { "\($0.0) \($0.1)" } + (changedCount > 0 ? ["\(changedCount) changed in the plugin"] : [])
        let examples = (missing + resurrected + extra + different.map(\.id) + changed).prefix(5).map { $0.uuidString.lowercased() }
        return counts.joined(separator: ", ") + (examples.isEmpty ? "" : ": \(examples.joined(separator: ", "))")
    }
}
