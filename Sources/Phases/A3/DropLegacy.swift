import Cutover
import DataPath
import Foundation
import Host
import Postgres

/// Renames the old table out of everyone's way, waits out a grace period, asks everything once more, and drops it.
struct DropLegacy: GracefulStep {
    let graceSeconds: Int
    let blockers: [ExternalBlocker]
    let vault: Vault
    var lane = LaneChoice()
    let table: LegacyTable
    var limits = ChangesSince.Limits()
    /// The plan's rules for exceptions, by reason: what was signed for the copy is signed for the drop.
    var rules: [String: ExceptionRule] = [:]

    var preconditions: [Gate] { (conditions + blockers.map(\.gate)).map(untilDropped) }

    /// Once the table is gone there is nothing left to protect: what its drop left undone is only to be ended.
    private func untilDropped(_ gate: Gate) -> Gate {
        let state = LegacyState(table: table)
        return Gate(gate.claim, clearedBy: gate.clearedBy, waiving: gate.waiving, asks: gate.asks + [state]) { sight in
            if let place = try? await sight.ask(state).place, place == "dropped" { return .open(Evidence(["table": place])) }
            return await gate.assess(sight)
        }
    }

    private var conditions: [Gate] {
        [
            .reading("the old table is frozen, or held", LegacyState(table: table)) { state, _ in
                state.frozen || state.place == "held" ? .open(Evidence(["table": state.place])) : .shut("the table is \(state.place) and \(state.frozen ? "frozen" : "not frozen")")
            },
            vault.gate("the archive is whole and was rehearsed", table) { state, _ in
                state.there && state.problem == nil && state.rehearsed ? .open(facts(["rows": state.rows])) : .shut(state.problem ?? "there is no rehearsed archive")
            },
            .reading("everything that was frozen is accounted for in v2", CompareStores(table: table, base: .frozen, limits: limits)) { parity, _ in
                guard parity.complete else { return .unknown("\(parity.provenRows) of about \(parity.estimatedRows) rows were compared in time") }
                return parity.clean
                    ? .open(facts(["frozen": parity.rowsV1, "forgottenSince": parity.forgottenSince, "editedSince": parity.editedSince]))
                    : .shut(parity.words)
            },
            .changesSinceAreSigned(limits, table),
            .reading("what is not in v2 was signed, and no conflict is open", clearedBy: .person("cutoverctl exceptions TENANT"), ListExceptions(table: table)) { [rules, lane, table] list, sight in
                if list.conflicts > 0 { return .shut("\(list.conflicts) memories were changed on both sides") }
                if let unsigned = VerifyParity(rules: rules, lane: lane, table: table).unsigned(list, sight) { return unsigned.verdict }
                return .open(facts(["excepted": list.counts.values.reduce(0, +)]))
            },
            // Its next sample is what tells our own reads, that of the hold among them, from anybody else's.
            .reading("the watch runs", clearedBy: .person("cutoverctl check TENANT --reopen --reason TEXT"), WatchProgress(table: table)) { watch, _ in
                watch.watchRuns ? .open(Evidence()) : .shut("the watch does not run, and nobody sees who touches the table")
            },
            .reading("nobody has touched the table since the newest sample, which is green", TouchState(table: table)) { state, _ in
                guard let sample = state.sample else { return .shut("no sample of the soak is on the host") }
                if !state.green { return .shut("the newest sample is not green: \(state.why)") }
                return sample == state.now ? .open(Evidence(["counters": state.now])) : .shut("its counters were \(sample) and are \(state.now)")
            },
            .reading("what depends on the table is not dropped with it", LegacyHangers(table: table)) { found, _ in
                found.hangers.isEmpty ? .open(Evidence()) : .shut(found.hangers.joined(separator: "; "))
            },
        ]
    }

    var wayBack: [Gate] {
        [
            vault.gate("the archive can be restored from", table) { state, _ in
                state.rehearsed ? .open(facts(["rows": state.rows])) : .shut("its restore was not rehearsed")
            }
        ]
    }

    func preview(_ sight: Sight) async throws(StepFailure) -> Preview {
        Preview(
            commands: [sight.commandLine(.writing, HoldTable.kind)] + PlannedSQL(table.dataPath).hold()
                + ["wait \(graceSeconds) s of grace; then every question again", sight.commandLine(.writing, DropTable.kind)] + PlannedSQL(table.dataPath).drop())
    }

    func setAside(_ site: Site) async throws(StepFailure) -> Evidence {
        let held = try await site.carryOut(HoldTable(given: try await conditions(site), table: table))
        return Evidence(["heldAs": held.name])
    }

    func perform(_ site: Site) async throws(StepFailure) -> Evidence {
        let dropped = try await site.carryOut(DropTable(given: try await conditions(site), table: table))
        return facts(["rows": dropped.rows, "digest": dropped.digest, "oid": dropped.oid])
    }

    /// What the gates saw, to be found the same under the lock.
    private func conditions(_ site: Site) async throws(StepFailure) -> Drop.Conditions {
        let archive = try await vault.state(site.sight, table)
        guard archive.rehearsed, let digest = archive.frozenDigest else {
            throw StepFailure("the archive is not the one that was rehearsed: \(archive.problem ?? "it is gone")", effect: .nothingChanged, next: "cutoverctl why \(site.sight.ref.tenant)")
        }
        let touch = try await site.ask(TouchState(table: table))
        return Drop.Conditions(archivedDigest: digest, exceptionsDigest: touch.exceptions, touches: touch.sample)
    }

    func verify(_ sight: Sight) async throws(StepFailure) -> Finding {
        let sight = await sight.having([LegacyState(table: table), DoorsAnswer(table: table)])
        let state = try await sight.ask(LegacyState(table: table))
        let doors = try await sight.ask(DoorsAnswer(table: table))
        let isCaptured = state.captured == true
        let seen = Evidence(["table": state.place, "doors": doors.problem ?? "answer"].merging(isCaptured ? ["capture": "still there"] : [:]) { $1 })
        switch state.place {
        case "dropped": return doors.problem == nil && !isCaptured ? .inPlace(seen) : .partial(seen)
        case "in place": return .absent(seen)
        default: return .partial(seen)
        }
    }

    func revert(_ site: Site, performed: Evidence?) async throws(StepFailure) -> Evidence {
        let names = Archive(table.dataPath).objects()
        if let (host, path) = vault.otherHost(site.sight.ref.tenant), try await site.ask(LegacyState(table: table)).place != "held" {
            let there = try site.at(host)
            _ = try await there.placeHand()
            try await Haul(names: names).carry(from: there, .path(path), to: site, .returned)
        }
        let back = try await site.seeThrough(BringTableBack(vault: vault, table: table))
        _ = try await site.carryOut(ClearShelf(shelf: .returned, names: names))
        return Evidence(["from": back.source, "queued": String(back.queued), "impostor": back.impostor ?? "none"])
    }
}

struct HoldTable: ActsOnHost {
    static let kind: OperationKind = "legacy.hold"
    static let once = Once.convergent
    struct Result: Sendable, Codable { let name: String }
    let given: Drop.Conditions
    let table: LegacyTable

    func act(_ host: HostHand) async throws -> Result {
        let report = try await host.writing(table) { try await Drop(table.dataPath).hold($0, date: Date(), opID: host.operation.text, given: given, lockTimeoutSeconds: 5) }
        return Result(name: report.heldAs?.description ?? "dropped already")
    }
}

struct DropTable: ActsOnHost {
    static let kind: OperationKind = "legacy.drop"
    static let once = Once.transactional
    struct Result: Sendable, Codable {
        let rows: Int
        let digest: String
        let oid: String
    }
    let given: Drop.Conditions
    let table: LegacyTable

    func act(_ host: HostHand) async throws -> Result {
        let report = try await host.writing(table) { try await Drop(table.dataPath).drop($0, given: given, lockTimeoutSeconds: 5) }
        return Result(rows: report.rows, digest: report.digest, oid: report.tableOID)
    }
}

/// A restore from the archive takes as long as the table is large.
struct BringTableBack: LongWork {
    static let name = "legacy.bringBack"
    struct Result: Sendable, Codable {
        let source: String
        let queued: Int
        let impostor: String?
    }
    let vault: Vault
    let table: LegacyTable

    func carryOut(_ host: HostHand, _ progress: WorkProgress) async throws -> Result {
        let hauled = vault.otherHost(host.sight.tenant) != nil
        let place: any ArchivePlace = hauled ? Shelf.returned.place(host.sight) : try vault.open(host.sight)
        let archive = (place: place, opener: try vault.opener(host.sight))
        let back = try await host.writing(table) {
            try await Drop(table.dataPath).undrop($0, archive: archive, lockTimeoutSeconds: 5) { try await progress.told("restored", done: $0.rows, of: $0.of) }
        }
        return Result(source: back.source.rawValue, queued: back.queued, impostor: back.impostorMovedTo?.description)
    }
}

/// The table's counters now and as the newest sample of the soak has them, and the digest of what is excepted.
struct TouchState: ReadsOnHost {
    static let kind: OperationKind = "legacy.touches"
    struct Result: Sendable, Codable {
        let now: String
        let sample: String?
        let green: Bool
        let why: String
        let exceptions: String
    }
    let table: LegacyTable

    func read(_ host: HostSight) async throws -> Result {
        let entries = try host.evidence.entries()
        let begun = entries.filter {
            $0.kind == "samplingBegan" && $0.facts["profile"] == SamplingProfile.Kind.soak.rawValue && ($0.facts["table"] ?? LegacyTable.memories.rawValue) == table.rawValue
        }
        let soaks = Set(begun.compactMap { $0.facts["marker"] })
        let newest = entries.last { $0.kind == "sample" && soaks.contains($0.facts["marker"] ?? "") }
        return try await host.looking(table) { connection in
            Result(
                now: try await Drop(table.dataPath).touches(connection), sample: newest?.facts["v1Counters"],
                green: newest?.facts["verdict"] == EvidenceClock.Verdict.green.rawValue, why: newest?.facts["detail"] ?? "",
                exceptions: try await Drop(table.dataPath).exceptionsDigest(connection))
        }
    }
}

/// Sessions and search of the running server.
struct DoorsAnswer: ReadsOnHost {
    static let kind: OperationKind = "doors.answer"
    struct Result: Sendable, Codable { let problem: String? }
    let table: LegacyTable

    func read(_ host: HostSight) async throws -> Result {
        do {
            let doors = try AgentDoors(try host.env())
            _ = try await doors.sessionSearch("cutover")
            // The panel shows memories: of a plan about another table it proves nothing.
            if table == .memories {
                guard try await doors.panelStatus() == 200 else { return Result(problem: "the panel's read route does not answer 200") }
            }
            return Result(problem: nil)
        } catch { return Result(problem: "\(error)") }
    }
}
