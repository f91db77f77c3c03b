import Cutover
import DataPath
import Foundation
import Host
import Postgres

/// The one place that knows how a tenant's v2 is reached: by its tables in the tenant's own database, or over HTTP alone.
///
/// What the plan chose is recorded in the tenant's database when the capture is installed; whoever comes later reads it there.
struct StoreLane: Sendable {
    let recorded: LaneSettings
    var table = LegacyTable.memories
    private static let locks = 5.0

    var isHTTP: Bool { recorded.lane == .http }
    var settings: DataPathSettings {
        var settings = table.dataPath
        settings.lane = recorded.lane
        return settings
    }
    var records: PluginRecords { PluginRecords(recorded) }

    static func of(_ connection: PostgresConnection, _ table: LegacyTable = .memories) async throws -> StoreLane {
        StoreLane(recorded: try await LaneSettings.read(connection, table.dataPath), table: table)
    }

    func quiesce(_ hand: HostHand, lockTimeoutSeconds: Double, budgetSeconds: Double) async throws -> Quiesce.Report {
        try await hand.writing(table) { connection in
            guard isHTTP else { return try await Quiesce(settings).run(connection, lockTimeoutSeconds: lockTimeoutSeconds, budgetSeconds: budgetSeconds) }
            return try await RemoteQuiesce(settings, store: records).run(
                connection, looking: try await hand.second(), lockTimeoutSeconds: lockTimeoutSeconds, budgetSeconds: budgetSeconds)
        }
    }

    func takeAway(_ hand: HostHand, _ connection: PostgresConnection) async throws -> TakeAway.Report {
        guard isHTTP else { return try await TakeAway(settings).run(connection, lockTimeoutSeconds: Self.locks, fence: Int64(hand.fence)) }
        return try await RemoteTakeAway(settings, store: records).run(
            connection, looking: try await hand.second(), lockTimeoutSeconds: Self.locks, fence: Int64(hand.fence))
    }

    func freeze(
        _ hand: HostHand, _ connection: PostgresConnection, mayBeUnproven: Bool, budgetSeconds: Double, limits: ChangesSince.Limits
    ) async throws -> Freeze.Report {
        guard isHTTP else {
            return try await Freeze(settings).freeze(connection, lockTimeoutSeconds: Self.locks, budgetSeconds: budgetSeconds, fence: Int64(hand.fence))
        }
        return try await Freeze(settings).freeze(
            connection, looking: try await hand.second(), records: records, mayBeUnproven: mayBeUnproven, lockTimeoutSeconds: Self.locks,
            budgetSeconds: budgetSeconds, limits: limits, fence: Int64(hand.fence)
        ).report
    }

    func compare(_ connection: PostgresConnection, against base: Parity.Base, listLimit: Int, limits: ChangesSince.Limits, withinSeconds: Double, notes: ParityFiles? = nil) async throws -> ParityReport {
        guard isHTTP else {
            return try await Parity(settings, listLimit: listLimit, limits: limits).run(connection, against: base, withinSeconds: withinSeconds, notes: notes)
        }
        return try await RemoteParity(settings, records: records, listLimit: listLimit, limits: limits).run(
            connection, against: base, withinSeconds: withinSeconds, notes: notes
        ).parity
    }

    /// As `compare`; over HTTP what changed in the plugin is listed, by a session of its own. Few of them are accounted for by that: whether they
    /// are accepted is asked of the list.
    func compareAndList(
        _ connection: PostgresConnection, against base: Parity.Base, limits: ChangesSince.Limits, withinSeconds: Double, writing: () async throws -> PostgresConnection
    ) async throws -> ParityReport {
        guard isHTTP else { return try await compare(connection, against: base, listLimit: 3, limits: limits, withinSeconds: withinSeconds) }
        var changed = ChangedInPlugin(settings, limits: limits)
        var parity = try await RemoteParity(settings, records: records, listLimit: 3, limits: limits).run(connection, against: base, withinSeconds: withinSeconds) {
            changed.take($0)
        }.parity
        if changed.isEmpty { return parity }
        let hand = try await writing()
        do { try await changed.list(hand) } catch {
            await hand.close()
            throw error
        }
        await hand.close()
        if !changed.isMany {
            parity.exceptedIDs += parity.changedCount
            (parity.changedCount, parity.changed) = (0, [])
        }
        return parity
    }

    /// A comparison over HTTP that goes on where it was stopped.
    func differences(
        _ connection: PostgresConnection, against base: Parity.Base, limits: ChangesSince.Limits, withinSeconds: Double, notes: (any RemoteNotes)? = nil,
        includingListed: Bool = false, _ each: (RemoteFinding) async throws -> Void
    ) async throws -> RemoteParity.Report {
        try await RemoteParity(settings, records: records, listLimit: 0, limits: limits).run(
            connection, against: base, withinSeconds: withinSeconds, notes: notes, includingListed: includingListed, each: each)
    }

    /// Over HTTP: what was overwritten or forgotten in the plugin without having been read just before, and what was sent and not proven
    /// yet, counted; nil in the sql lane.
    func counts(_ connection: PostgresConnection) async throws -> (unread: [String: Int], underWay: Int)? {
        guard isHTTP, try await connection.there("\(table.schema).unseen") else { return nil }
        let rows = try await connection.query("SELECT what, n FROM \(table.schema).unseen")
        let underWay = try await connection.query("SELECT count(*) AS n FROM \(table.schema).sent WHERE state = 'flying'")[0].int("n")
        return (try Dictionary(rows.map { (try $0.string("what"), try $0.int("n")) }) { first, _ in first }, underWay)
    }

    /// Entries and, over HTTP, what is in the air.
    func lag(_ connection: PostgresConnection) async throws -> Lag {
        isHTTP ? try await Lag.readRemote(connection, settings) : try await Lag.read(connection, settings)
    }
}

extension HostHand {
    /// A second session that may write; whoever asked for it closes it.
    func second() async throws -> PostgresConnection {
        try await PostgresConnection.connect(try sight.env().require("DATABASE_URL"), applicationName: "cutover-writing")
    }
}

extension StoreLane {
    /// Where a memory lies that was committed through the agents' door: seen in v2, and not because we carried it there.
    func liesInV2(_ id: String, _ content: String, namespace: String, _ connection: PostgresConnection) async throws -> Bool {
        guard isHTTP else {
            return try await SecondDatabase.v2(connection).query(
                "SELECT EXISTS (SELECT FROM memory_plugin.memory_records WHERE id = $1::uuid AND NOT coalesce(propagation ? 'cutover', false)) AS direct",
                [.text(id)])[0].bool("direct")
        }
        guard let id = UUID(uuidString: id) else { return false }
        return try await records.read([Sought(id, content: content)], in: namespace)[id].map { if case .found(let found) = $0 { found.digest == nil } else { false } } ?? false
    }

    /// Whether there is a v2 to be looked into: before the plugin was started its tables are not there.
    func isReached(_ connection: PostgresConnection) async throws -> Bool {
        if isHTTP { return true }
        return try await SecondDatabase.v2(connection).there("memory_plugin.memory_records")
    }

    /// Ids of a few rows, chosen anew each time, whose text is not the same in both stores though nothing about them is under way; and how
    /// many, over HTTP, may have been forgotten or edited in the plugin: the comparison of `backfill.verify` names them.
    func dualReads(_ count: Int, _ connection: PostgresConnection) async throws -> (differing: [String], changed: Int) {
        if recorded.lane == .separate { return (try await DualReads.differing(count, connection), 0) }
        let settled = """
            NOT EXISTS (SELECT FROM cutover.change_log l WHERE l.id = m.id)
              AND NOT EXISTS (SELECT FROM cutover.exceptions e WHERE e.id = m.id AND e.closed IS NULL)
              AND NOT EXISTS (SELECT FROM cutover.placed p WHERE p.id = m.id AND p.state = 'conflict') AND NOT EXISTS (SELECT FROM cutover.marker)
            """
        let some = "(SELECT id, content FROM public.agent_memories ORDER BY random() LIMIT $1) m"
        guard isHTTP else {
            let differing = try await connection.query(
                "SELECT m.id::text AS id FROM \(some) LEFT JOIN memory_plugin.memory_records r ON r.id = m.id WHERE r.content IS DISTINCT FROM m.content AND \(settled)",
                [.int(count)]
            ).map { try $0.string("id") }
            return (differing, 0)
        }
        let records = records
        var differing: [String] = []
        var changed = 0
        for row in try await connection.query(
            """
            SELECT m.id, CASE WHEN (SELECT rule FROM cutover.rules WHERE reason = '\(ExceptionRules.credential)') = 'redact' THEN cutover.redacted(m.content) ELSE m.content END AS content,
                p.namespace, encode(p.digest, 'hex') AS digest FROM \(some) JOIN cutover.placed p ON p.id = m.id AND p.state = 'live'
            WHERE \(settled) AND NOT EXISTS (SELECT FROM cutover.sent a WHERE a.id = m.id)
            """, [.int(count)])
        {
            let id = try row.uuid("id")
            let content = try row.string("content")
            let showing = try await records.read([Sought(id, content: content)], in: try row.string("namespace"))[id]
            let digest = try row.string("digest")
            switch showing {
            case .found(let found) where found.digest == nil || found.digest == digest && !found.content.utf8.elementsEqual(content.utf8): changed += 1
            case .found(let found) where found.digest != digest: differing.append(id.uuidString.lowercased())
            case .absent: changed += 1
            default: break
            }
        }
        return (differing, changed)
    }

    /// Probes in v2 whose text begins so, left by a trial that was cut short.
    func probes(_ beginning: String, namespace: String, _ connection: PostgresConnection) async throws -> [String] {
        guard isHTTP else {
            return try await SecondDatabase.v2(connection).query("SELECT id::text AS id FROM memory_plugin.memory_records WHERE content LIKE $1", [.text(beginning + "%")]).map { try $0.string("id") }
        }
        return try await records.search(beginning, in: namespace).filter { $0.content.hasPrefix(beginning) }.map { $0.id.uuidString.lowercased() }
    }
}
