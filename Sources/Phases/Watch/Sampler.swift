import Cutover
import DataPath
import Foundation
import Host
import Postgres

/// Takes one sample of a tenant.
struct Sampler: Sendable {
    struct Outcome: Sendable {
        let verdict: EvidenceClock.Verdict
        let detail: String
        let facts: [String: String]
    }

    /// A broken fact that no outage explains: it resets the clock.
    struct SafetyBroken: Error {
        let what: String
        /// What was counted all the same: the next sample is compared with this one, so that one read of v1 resets the clock once.
        var facts: [String: String] = [:]
    }

    /// The engine's counters began anew: the time since the last sample is no evidence, and the next one is compared with this.
    struct CountsAnew: Error { let facts: [String: String] }

    let host: HostSight
    let profile: SamplingProfile

    init(_ host: HostSight, _ profile: SamplingProfile) {
        self.host = host
        self.profile = profile
    }

    func take() async -> Outcome {
        if let why = await DatabaseTally().disagreement(on: host) { return Outcome(verdict: .safety, detail: why, facts: [:]) }
        do {
            let health = try await profile.sidecar.client(host).health()
            guard health.status == "ok" else { return Outcome(verdict: .availability, detail: "the plugin's health is \(health.status)", facts: [:]) }
            if let lacking = health.lacking { return Outcome(verdict: .availability, detail: "the plugin: \(lacking)", facts: [:]) }
            var facts = try await facts().merging(["capabilities": health.capabilities.sorted().joined(separator: " ")]) { own, _ in own }
            if let metric = profile.metric { facts["metric"] = try await metric.value() }
            return Outcome(verdict: .green, detail: "", facts: facts)
        } catch let anew as CountsAnew {
            return Outcome(verdict: .availability, detail: "the database counts anew who uses v1: what was done meanwhile can't be told", facts: anew.facts)
        } catch let broken as SafetyBroken {
            return Outcome(verdict: .safety, detail: broken.what, facts: broken.facts)
        } catch {
            return Outcome(verdict: .availability, detail: "\(error)", facts: [:])
        }
    }

    private func facts() async throws -> [String: String] {
        switch (profile.kind, profile.table) {
        case (.shadow, .memories): try await shadow()
        case (.shadow, .keyValues): try await unused()
        case (.soak, let table):
            try await soak(table)
        }
    }

    private func shadow() async throws -> [String: String] {
        try await host.looking { connection in
            let capture = try await Capture().status(connection)
            guard capture.inPlace else { throw SafetyBroken(what: "capture is not whole: \(capture.missingTriggers + capture.disabledTriggers)") }
            // Before the rows are counted: what is committed later is for the next sample.
            let seen = [Self.fallbacksSeen: try await Self.everythingBefore(connection)]
            let fallbacks = try await fallbackRows(connection)
            guard fallbacks == 0 else { throw SafetyBroken(what: "\(fallbacks) new v1 rows came through the silent fallback", facts: seen) }
            let lane = try await StoreLane.of(connection)
            let (differing, changed) = try await lane.dualReads(Self.dualReads, connection)
            guard differing.isEmpty else { throw SafetyBroken(what: "v1 and v2 differ at \(differing.joined(separator: ", "))", facts: seen) }
            let ranked = try await rankedReads(connection, seen, seesRecords: !lane.isHTTP)
            let facts = try await Self.databaseClock(connection).merging(ranked) { _, new in new }.merging(["lagEntries": String(try await lane.lag(connection).entries), "dualReads": String(Self.dualReads)]) { _, new in new }.merging(seen) { _, new in new }
            return lane.isHTTP ? facts.merging(["changedInPlugin": String(changed)]) { _, new in new } : facts
        }
    }

    private static let dualReads = 20

    /// Searches at the plugin's own door answer what v1's rows promise, in the order and with the scores that they promise.
    private func rankedReads(_ connection: PostgresConnection, _ seen: [String: String], seesRecords: Bool) async throws -> [String: String] {
        let ranked = try await RankedReads(plugin: profile.sidecar.client(host), connection: connection, seesRecords: seesRecords).take()
        guard let difference = ranked.difference else {
            return ["rankedReads": String(ranked.words), "rankedEmbeddings": String(ranked.embeddings), "scoreTolerance": String(RankedReads.tolerance)]
        }
        throw SafetyBroken(what: "v1 and v2 answer a search differently: \(difference)", facts: seen)
    }

    /// In milliseconds since 1970, by the database.
    static let databaseClock = "databaseClock"

    private static func databaseClock(_ connection: PostgresConnection) async throws -> [String: String] {
        let now = try await connection.query("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now")[0].int("now")
        return [databaseClock: String(now)]
    }

    private static let fallbacksSeen = "fallbacksSeenUntil"

    /// Every row made before that moment was committed by now, or never will be. A second less, for a transaction that ends between
    /// two statements of ours.
    private static func everythingBefore(_ connection: PostgresConnection) async throws -> String {
        try await connection.query(
            """
            SELECT to_json(least(min(xact_start), clock_timestamp()) - interval '1 second')#>>'{}' AS moment
            FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
            """)[0].string("moment")
    }

    /// Rows that a wired server wrote to v1 because the plugin did not answer: their label is their workspace's id. Only those that no
    /// sample has told of yet, so that one outage begins the window anew once, and not for ever.
    private func fallbackRows(_ connection: PostgresConnection) async throws -> Int {
        let began = try host.evidence.entries().last { $0.kind == "samplingBegan" && $0.facts["marker"] == profile.marker.text }?.at.description
        return try await connection.query(
            """
            SELECT count(*) AS n FROM public.agent_memories
            WHERE namespace = workspace_id::text AND created_at > $1::timestamptz AND content NOT LIKE 'cutover-probe%'
            """, [.text(try previous(Self.fallbacksSeen) ?? began ?? "1970-01-01T00:00:00Z")])[0].int("n")
    }

    private func soak(_ table: LegacyTable) async throws -> [String: String] {
        let marker = "cutover-probe soak \(UUID().uuidString.lowercased())"
        switch table {
        case .memories:
            try await tryDoors(marker)
            try await fresh.tryAgentsDoor(marker)
        case .keyValues:
            let door = try await KeyValueDoor().read(host)
            guard door.isClosed else { throw SafetyBroken(what: "the server's key/value door answers \(door.status): it is open again") }
        }
        try await fresh.tryPluginsDoor(marker)
        return try await host.looking(table) { connection in
            let parity = try await StoreLane.of(connection, table).compareAndList(
                connection, against: .frozen, limits: profile.limits ?? ChangesSince.Limits(), withinSeconds: 60
            ) { try await PostgresConnection.connect(try host.env().require("DATABASE_URL"), applicationName: "cutover-listing") }
            guard parity.clean else { throw SafetyBroken(what: "what was frozen is not accounted for in v2: \(parity.words)") }
            let unsigned = parity.changes?.unsigned(profile.signed ?? [:]) ?? []
            guard unsigned.isEmpty else {
                let told = unsigned.map { "\($0.kind.rawValue) (\($0.transactions) transactions, \($0.rows) rows)" }.joined(separator: ", ")
                throw SafetyBroken(what: "v2 was changed in ways that nobody has signed: \(told)")
            }
            let touched = try await Drop(table.dataPath).touches(connection)
            if let before = try previous("v1Counters") {
                switch Touches.change(from: before, to: touched) {
                case .none: break
                case .touched(let what): throw SafetyBroken(what: what, facts: ["v1Counters": touched])
                case .countsAnew: throw CountsAnew(facts: ["v1Counters": touched])
                }
            }
            return try await Self.databaseClock(connection).merging(["v1Counters": touched, "frozen": String(parity.rowsV1), "forgottenSince": String(parity.forgottenSince), "editedSince": String(parity.editedSince)]) { _, new in new }
        }
    }

    /// An old namespace, through the agents' own door.
    private func tryDoors(_ marker: String) async throws {
        let doors = try AgentDoors(try host.env())
        for left in try await leftBehind() { try await doors.forget(left) }
        for scope in ["LOCAL", "TEAM"] {
            let id = try await doors.commit(marker, scope: scope)
            do {
                guard try await doors.recall(marker, scope: scope).contains(id) else { throw SafetyBroken(what: "a memory committed through the agents' door (\(scope)) was not recalled") }
            } catch {
                try? await doors.forget(id)
                throw error
            }
            try await doors.forget(id)
        }
        try await tryOldNamespace(marker, doors)
        guard try await doors.panelStatus() == 200 else { throw PluginClient.Failure(description: "the panel's read route does not answer 200") }
    }

    /// With and without metadata where agents have long written: found at the plugin and behind the agents' door alike.
    private func tryOldNamespace(_ marker: String, _ doors: AgentDoors) async throws {
        let client = try profile.sidecar.client(host)
        let old = "workspace:\(doors.workspace)"
        for propagation in [nil, ["probe": "soak"]] {
            let id = try await client.commit(marker, in: old, propagation: propagation)
            let (here, there): ([String], String)
            do { (here, there) = (try await client.search(marker, in: old), try await doors.recall(marker)) } catch {
                try? await client.forget(id, in: old)
                throw error
            }
            try await client.forget(id, in: old)
            guard here.contains(id), there.contains(id) else { throw SafetyBroken(what: "a memory committed \(propagation == nil ? "without" : "with") metadata into an old namespace was not found") }
        }
    }

    /// Probes of samples that were cut short: of a watch that was killed.
    private func leftBehind() async throws -> [String] {
        let namespace = "workspace:\(try host.env().require("PROBE_WORKSPACE_ID"))"
        return try await host.looking { try await StoreLane.of($0).probes("cutover-probe soak ", namespace: namespace, $0) }
    }

    private var fresh: FreshNamespaces { get throws { FreshNamespaces(host: host, client: try profile.sidecar.client(host)) } }

    /// What the newest sample of this wait counted under that name.
    func previous(_ count: String) throws -> String? {
        try host.evidence.entries().last { $0.kind == "sample" && $0.facts["marker"] == profile.marker.text && $0.facts[count] != nil }?.facts[count]
    }
}
