import Cutover
import DataPath
import Host
import Postgres

/// Makes v1 unwritable for everyone, after a full parity that authorises everything that follows.
struct FreezeLegacy: ReversibleStep {
    /// The strict version's command: only under it does nobody else write v1.
    let server: ServerRelease
    let quiesceSeconds: Int
    let lane: LaneChoice
    let table: LegacyTable
    var limits = ChangesSince.Limits()
    /// The plan's rules for exceptions, by reason.
    var rules: [String: ExceptionRule] = [:]
    /// Rows that a plugin reached over HTTP can't be made to show do not keep v1 from being frozen.
    private var mayBeUnproven: Bool { lane.accepts(.unprovenRows) }

    var preconditions: [Gate] {
        Gate.watchIsContent(table) + [
            .reading("no conflict is open", clearedBy: .person("cutoverctl exceptions TENANT"), ListExceptions(table: table)) { list, _ in
                list.conflicts == 0 ? .open(Evidence()) : .shut("\(list.conflicts) memories were changed on both sides")
            },
            noOtherWriter,
        ] + (lane.lane == .http ? [changesAreSigned] : [])
    }

    /// What is listed since the comparison that opened the way here.
    private var changesAreSigned: Gate {
        .reading("what changed in the plugin was signed", clearedBy: .person("cutoverctl exceptions TENANT"), ListExceptions(table: table)) { [rules, lane, table] list, sight in
            VerifyParity(rules: rules, lane: lane, table: table).unsigned(list, sight)?.verdict ?? .open(Evidence())
        }
    }

    private var noOtherWriter: Gate {
        switch table {
        case .memories:
            .reading("nobody writes v1 any more but us", ServerVersion(server: server)) { state, _ in
                state.isStrict && state.trialGreen ? .open(Evidence()) : .shut("the workspace server that runs can still write v1")
            }
        case .keyValues: KeyValueDoor.closed
        }
    }

    var wayBack: [Gate] { [] }

    func preview(_ sight: Sight) async throws(StepFailure) -> Preview {
        Preview(commands: [
            sight.commandLine(.writing, PutFreeze.kind),
        ] + PlannedSQL(lane.settings(table)).freeze(lockTimeoutSeconds: 5) + [sight.commandLine(.exercising, FreezeTrial.kind) + " (UPDATE … WHERE false is refused)"])
    }

    func perform(_ site: Site) async throws(StepFailure) -> Evidence {
        let frozen = try await site.carryOut(PutFreeze(quiesceSeconds: quiesceSeconds, mayBeUnproven: mayBeUnproven, limits: limits, table: table))
        _ = try await site.exercise(FreezeTrial(table: table))
        return facts(["rows": frozen.rows, "digest": frozen.digest])
    }

    func verify(_ sight: Sight) async throws(StepFailure) -> Finding {
        let state = try await sight.ask(LegacyState(table: table))
        if state.frozen, state.trialGreen { return .inPlace(facts(["frozenRows": state.frozenRows])) }
        return state.frozenTrigger ? .partial(facts(["trigger": "there", "trial": state.trialGreen])) : .absent(Evidence(["trigger": "absent"]))
    }

    func revert(_ site: Site, performed: Evidence?) async throws(StepFailure) -> Evidence {
        let thawed = try await site.carryOut(TakeFreezeAway(table: table))
        return facts(["orphans": thawed.orphans, "wentWithTheirWorkspace": thawed.cascaded])
    }
}

struct PutFreeze: ActsOnHost {
    static let kind: OperationKind = "legacy.freeze"
    static let once = Once.convergent
    struct Result: Sendable, Codable {
        let rows: Int
        let digest: String
    }
    let quiesceSeconds: Int
    let mayBeUnproven: Bool
    let limits: ChangesSince.Limits
    let table: LegacyTable

    func act(_ host: HostHand) async throws -> Result {
        try await Effect.freeze(table).begin(by: host)
        return try await host.writing(table) { connection in
            try await Control.raiseFence(to: Int64(host.fence), connection, table.dataPath)
            let report = try await StoreLane.of(connection, table).freeze(host, connection, mayBeUnproven: mayBeUnproven, budgetSeconds: Double(quiesceSeconds), limits: limits)
            return Result(rows: report.rows, digest: report.digest)
        }
    }
}

/// Opens v1 again and lets the looks go on: what happened in v2 meanwhile comes back.
struct TakeFreezeAway: ActsOnHost {
    static let kind: OperationKind = "legacy.unfreeze"
    static let once = Once.convergent
    struct Result: Sendable, Codable {
        let orphans: Int
        let cascaded: Int
    }
    let table: LegacyTable

    func act(_ host: HostHand) async throws -> Result {
        // What was sampled was that v1 is frozen and left alone.
        try await SamplingProfile.end(host.sight)
        let fence = Int64(host.fence)
        let thawed = try await host.writing(table) { connection in
            try await Control.raiseFence(to: fence, connection, table.dataPath)
            let thaw = try await Freeze(table.dataPath).unfreeze(connection, lockTimeoutSeconds: 5)
            try await Control.set(.sync, fence: fence, connection, table.dataPath)
            return Result(orphans: thaw.orphans, cascaded: thaw.cascaded)
        }
        _ = try await WatchProcess(host.sight).ensure()
        return thawed
    }
}

struct FreezeTrial: TriesOnHost {
    static let kind: OperationKind = "freeze.trial"
    struct Result: Sendable, Codable { let refused: Bool }
    let table: LegacyTable

    func attempt(_ host: HostHand) async throws -> Result {
        _ = try await traced(table.own("freeze.trial"), by: host) {
            guard try await host.writing(table, { try await Freeze(table.dataPath).refusesWrites($0) }) else { throw PluginClient.Failure(description: "a write to v1 was not refused") }
            return ["write": "refused"]
        }
        return Result(refused: true)
    }
}

/// Where the old table is, and what keeps it from being written.
struct LegacyState: ReadsOnHost {
    static let kind: OperationKind = "legacy.state"
    struct Result: Sendable, Codable {
        let place: String
        let frozen: Bool
        let frozenTrigger: Bool
        let frozenRows: Int
        let trialGreen: Bool
        /// Whether agents' writes are still captured, once the table was dropped. Nil from a host's older program, and before.
        var captured: Bool?
    }
    let table: LegacyTable

    func read(_ host: HostSight) async throws -> Result {
        let trial = try ExerciseTrace.newest(table.own("freeze.trial"), after: .freeze(table), on: host)?.green == true
        return try await host.looking(table) { connection in
            let place: String =
                switch try await Drop(table.dataPath).state(connection) {
                case .inPlace: "in place"
                case .held: "held"
                case .dropped: "dropped"
                case .missing: "missing"
                case .impostor: "another table has its name"
                }
            guard place == "in place", try await connection.there("\(table.schema).frozen") else {
                let captured = place == "dropped" ? try await Capture(table.dataPath).isLeft(connection) : nil
                return Result(place: place, frozen: false, frozenTrigger: false, frozenRows: 0, trialGreen: trial, captured: captured)
            }
            let state = try await Freeze(table.dataPath).state(connection)
            return Result(place: place, frozen: state.frozen, frozenTrigger: state.triggerThere, frozenRows: state.frozenRows, trialGreen: trial)
        }
    }
}
