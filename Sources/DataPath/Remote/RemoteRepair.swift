import Foundation
public import Postgres

/// `Repair`, where v2 is reached over HTTP: takes differences away that no agent can have made.
///
/// What changed in the plugin is left alone unless a person says that the plugin lost it. What is overwritten or forgotten is kept whole in
/// `v2_archive`.
public struct RemoteRepair: Sendable {
    public let settings: DataPathSettings
    let records: PluginRecords
    public let fence: Int64

    public init(_ settings: DataPathSettings = DataPathSettings(lane: .http), records: PluginRecords, fence: Int64) {
        self.settings = settings
        self.records = records
        self.fence = fence
    }

    /// What is done about a difference; `lost` is a person's word about what changed in the plugin.
    public static func action(for what: ParityLine.What, lost: Bool) -> Repair.Action {
        what == .changed && lost ? .writeV2 : Repair.action(for: what)
    }

    /// Repairs these differences, some at a time, each judged again just before. Running it again finds nothing left to do.
    ///
    /// Throws `.fenced`, `.writerRunning`, and `.refused` when the old table is away.
    public func carryOut(
        _ findings: [RemoteFinding], against base: Parity.Base, lost: Bool, _ connection: PostgresConnection
    ) async throws -> Repair.Report {
        let layout = try await Layout.introspect(connection, settings)
        guard layout.v1Exists else {
            throw DataPathError.refused("\(settings.v1Memories) is not in its place, and what is missing can only come from there")
        }
        var report = Repair.Report()
        let ready = findings.filter { $0.kind == .differs && $0.namespace != nil && [.writeV2, .deleteV2].contains(Self.action(for: $0.line.what, lost: lost)) }
        report.left = findings.count { $0.kind == .differs && $0.line.what != .unproven } - ready.count
        let hand = RemoteHand(settings: settings, store: records, fence: fence)
        for batch in ready.chunks(of: 200) {
            // In between the resident writer has its turn.
            try await hand.withTurn(connection) { try await repair(Array(batch), base, layout, hand, connection, &report) }
        }
        return report
    }

    // MARK: - Non public

    private func repair(
        _ batch: [RemoteFinding], _ base: Parity.Base, _ layout: Layout, _ hand: RemoteHand, _ connection: PostgresConnection, _ report: inout Repair.Report
    ) async throws {
        let comparison = try await RemoteParity(settings, records: records).comparison(connection, base, 600, true)
        let places = Dictionary(batch.map { ($0.line.id, $0.namespace ?? "") }) { first, _ in first }
        var counted = RemoteParity.Report()
        let now = try await comparison.findings(of: Array(places.keys), places, &counted, connection)
        let expected = Dictionary(batch.map { ($0.line.id, $0.line.what) }) { first, _ in first }
        let still = now.filter { $0.kind == .differs && expected[$0.line.id] == $0.line.what }
        let wanted = Dictionary(still.compactMap { one in one.namespace.map { (one.line.id, $0) } }) { first, _ in first }
        let sql = RemoteSQL(layout: layout)
        let ended =
            base == .v1
            ? try await hand.carry(wanted, sql, connection) { try await keep($0, $1) }
            : try await carryFrozen(Array(wanted.keys), sql, hand, connection)
        for one in ended {
            guard case .proven = one.end else { continue }
            if case .put = one.errand.task { report.written += 1 } else { report.deleted += 1 }
        }
        report.left += batch.count - ended.count { if case .proven = $0.end { true } else { false } }
    }

    /// Into the namespace that was agreed on, whatever became of the workspaces since.
    private func carryFrozen(_ ids: [UUID], _ sql: RemoteSQL, _ hand: RemoteHand, _ connection: PostgresConnection) async throws -> [Errandry] {
        let errands = try await connection.query(sql.frozen, [.uuids(ids)]).map { row in
            let record = SentRecord(
                id: try row.uuid("id"), namespace: try row.string("namespace"), content: try row.string("content"), digest: try row.string("digest"),
                propagation: try row.string("propagation"), embedding: try row.optionalString("embedding"))
            return Errand(
                id: record.id, task: .put(record), agreed: (digest: record.digest, namespace: record.namespace), died: false, isParked: false, seqs: [],
                reason: nil, isForced: true, credential: nil)
        }
        let ended = await NamespaceErrands.run(errands, records)
        try await hand.transaction(connection) { connection in
            _ = try await keep(ended, connection)
            let proven = ended.filter { if case .proven = $0.end { true } else { false } }.map(\.errand.id)
            try await connection.query(
                "UPDATE \(settings.schema).exceptions SET closed = now() WHERE closed IS NULL AND id = ANY ($1::uuid[]) AND reason = ANY ($2::text[])",
                [.uuids(proven), .texts(ChangedInPlugin.reasons)])
        }
        return ended
    }

    /// Not to be taken for what a redo brings back: it is spent from the beginning.
    private func keep(_ ended: [Errandry], _ connection: PostgresConnection) async throws -> [Errandry] {
        let kept = ended.compactMap { one in one.kept.map { (one.errand.id, $0.json) } }
        if !kept.isEmpty {
            try await connection.query(
                """
                INSERT INTO \(settings.schema).v2_archive (id, row, why, restored)
                SELECT u.id, u.row::jsonb, 'repaired', now() FROM unnest($1::uuid[], $2::text[]) u(id, row)
                """, [.uuids(kept.map(\.0)), .texts(kept.map(\.1))])
        }
        return ended.map { one in
            var one = one
            one.kept = nil
            return one
        }
    }
}
