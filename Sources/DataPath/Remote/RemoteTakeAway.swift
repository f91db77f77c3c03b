import Foundation
public import Postgres

/// The way back of the http lane: forgets in the store exactly what was placed there.
///
/// What agents wrote to the store themselves stays in it: v1 never learnt of it.
public struct RemoteTakeAway: Sendable {
    public let settings: DataPathSettings
    public let store: any RecordStore

    public init(_ settings: DataPathSettings = DataPathSettings(lane: .http), store: any RecordStore) {
        self.settings = settings
        self.store = store
    }

    /// Under the barrier's locks v1 is seen to hold all that was placed; then it is forgotten without them, oldest first, resumable.
    /// What could not be forgotten stays listed as `not-taken-away`, and in `placed`.
    public func run(
        _ connection: PostgresConnection, looking: PostgresConnection, lockTimeoutSeconds: Double = 2, budgetSeconds: Double = 600, fence: Int64? = nil
    ) async throws -> TakeAway.Report {
        let schema = settings.schema
        let nothing = try await connection.query(
            "SELECT NOT EXISTS (SELECT FROM \(schema).placed WHERE state <> 'gone') AND NOT EXISTS (SELECT FROM \(schema).sent) AS nothing")[0].bool("nothing")
        if nothing {
            await looking.close()
            return TakeAway.Report(quiesce: nil, removed: 0, kept: 0, left: 0)
        }
        let report = try await RemoteQuiesce(settings, store: store).run(
            connection, looking: looking, lockTimeoutSeconds: lockTimeoutSeconds, budgetSeconds: budgetSeconds, fence: fence, copyMayBeUnfinished: true
        ) { try await $0.execute("UPDATE \(schema).control SET mode = 'stopped'") }
        try await RemoteTurn.take(connection, settings, waitSeconds: budgetSeconds)
        var (removed, kept, left) = (0, 0, 0)
        var last: UUID?
        while true {
            let rows = try await page(connection, after: last)
            if rows.isEmpty { break }
            last = rows.last?.id
            let ended = await NamespaceErrands.run(rows, store)
            let gone = ended.filter { if case .proven = $0.end { true } else { false } }
            let stuck = ended.filter { if case .proven = $0.end { false } else { true } }
            try await note(gone, stuck, connection)
            removed += gone.count
            kept += gone.count { $0.kept != nil }
            left += stuck.count
        }
        try await connection.execute(
            """
            DELETE FROM \(schema).placed WHERE state = 'gone';
            UPDATE \(schema).exceptions SET closed = now() WHERE closed IS NULL AND reason <> 'not-taken-away';
            UPDATE \(schema).conflicts SET closed = now() WHERE closed IS NULL;
            UPDATE \(schema).control SET mode = 'stopped';
            \(CopyRange.backToOne(settings))
            """)
        try await RemoteTurn.give(connection, settings)
        return TakeAway.Report(quiesce: report, removed: removed, kept: kept, left: left)
    }

    // MARK: - Non public

    private func page(_ connection: PostgresConnection, after last: UUID?) async throws -> [Errand] {
        try await connection.query(
            """
            SELECT coalesce(p.id, s.id) AS id, encode(p.digest, 'hex') AS digest, p.namespace, array_to_string(s.namespaces, ' ') AS sent
            FROM (SELECT * FROM \(settings.schema).placed WHERE state <> 'gone') p FULL JOIN \(settings.schema).sent s ON s.id = p.id
            WHERE $1::uuid IS NULL OR coalesce(p.id, s.id) > $1 ORDER BY 1 LIMIT 500
            """, [last.map { .uuid($0) }]
        ).map { row in
            let namespace = try row.optionalString("namespace")
            let sent = (try row.optionalString("sent") ?? "").split(separator: " ").map(String.init)
            let places = sent + [namespace].compactMap { $0 }.filter { !sent.contains($0) }
            return Errand(
                id: try row.uuid("id"), task: .forget(namespaces: places), agreed: try namespace.map { (digest: try row.optionalString("digest") ?? "", namespace: $0) },
                died: false, isParked: false, seqs: [], reason: nil, credential: nil)
        }
    }

    private func note(_ gone: [Errandry], _ stuck: [Errandry], _ connection: PostgresConnection) async throws {
        let schema = settings.schema
        try await connection.transaction { connection in
            let kept = gone.compactMap { one in one.kept.map { (one.errand.id, $0.json) } }
            try await connection.query(
                "INSERT INTO \(schema).v2_archive (id, row, why) SELECT u.id, u.row::jsonb, 'edited in v2' FROM unnest($1::uuid[], $2::text[]) u(id, row)",
                [.uuids(kept.map(\.0)), .texts(kept.map(\.1))])
            let ids = gone.map(\.errand.id)
            try await connection.query("DELETE FROM \(schema).placed WHERE id = ANY ($1::uuid[])", [.uuids(ids)])
            try await connection.query("DELETE FROM \(schema).sent WHERE id = ANY ($1::uuid[])", [.uuids(ids)])
            try await connection.query(
                """
                INSERT INTO \(schema).exceptions (id, side, reason, detail)
                SELECT u.id, 2, 'not-taken-away', u.detail FROM unnest($1::uuid[], $2::text[]) u(id, detail)
                ON CONFLICT (id) WHERE closed IS NULL DO UPDATE SET side = 2, reason = excluded.reason, detail = excluded.detail, at = now()
                """, [.uuids(stuck.map(\.errand.id)), .texts(stuck.map { Self.words($0.end) })])
        }
    }

    private static func words(_ end: Errandry.End) -> String {
        switch end {
        case .excepted(_, let detail, _), .notNow(let detail): detail
        case .proven, .conflict: ""
        }
    }
}
