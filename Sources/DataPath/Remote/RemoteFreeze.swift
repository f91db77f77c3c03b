import Foundation
public import Postgres

extension Freeze {
    /// As `freeze`, where v2 is reached over HTTP alone: v1 is locked, everything carried over, and each row asked for once more.
    ///
    /// Throws and changes nothing of the stores when a row is known to differ, or can't be shown and `mayBeUnproven` is false. Rows that
    /// changed in the plugin are listed in either case.
    public func freeze(
        _ connection: PostgresConnection, looking: PostgresConnection, records: PluginRecords, mayBeUnproven: Bool, lockTimeoutSeconds: Double = 2,
        budgetSeconds: Double = 600, limits: ChangesSince.Limits = ChangesSince.Limits(), fence: Int64? = nil
    ) async throws -> (report: Report, remote: RemoteParity.Report?) {
        if try await state(connection).frozen {
            await looking.close()
            let (rows, digest) = try await recorded(connection)
            return (Report(quiesce: nil, parity: nil, rows: rows, digest: digest, wasFrozen: true), nil)
        }
        let layout = try await Layout.complete(connection, settings)
        let kept = Kept<RemoteParity.Report>()
        let changed = Kept<ChangedInPlugin>()
        let quiesce: Quiesce.Report
        do {
            quiesce = try await RemoteQuiesce(settings, store: records).run(
                connection, looking: looking, lockTimeoutSeconds: lockTimeoutSeconds, budgetSeconds: budgetSeconds, fence: fence
            ) { connection in
                var found = ChangedInPlugin(settings, limits: limits)
                let remote = try await RemoteParity(settings, records: records, limits: limits).run(connection, against: .v1, withinSeconds: budgetSeconds) { found.take($0) }
                changed.set(found)
                guard remote.clean else { throw DataPathError.notEqual(differing: max(1, remote.parity.differences + remote.parity.inFlightCount)) }
                guard mayBeUnproven || remote.parity.unproven == 0 else { throw DataPathError.refused("\(remote.parity.unproven) rows cannot be shown by the plugin, and the plan does not accept that") }
                kept.set(remote)
                try await found.list(connection)
                try await noteWords(connection, layout)
                try await seal(connection, layout)
            }
        } catch {
            if let report = try await changed.get()?.list(connection), report.listed > 0 {
                throw DataPathError.refused("\(report.listed) rows changed in the plugin since it was compared, and wait for a signature: cutoverctl exceptions TENANT")
            }
            throw error
        }
        let (rows, digest) = try await recorded(connection)
        let remote = kept.get()
        return (Report(quiesce: quiesce, parity: remote?.parity, rows: rows, digest: digest, wasFrozen: false), remote)
    }

    /// After the freeze nobody reads v1; a row in a large namespace is found by words of its text.
    private func noteWords(_ connection: PostgresConnection, _ layout: Layout) async throws {
        try await connection.execute("DELETE FROM \(settings.schema).findable")
        let content = MemoryProjection(layout: layout).carriedContent("m")
        var last: UUID?
        while true {
            let rows = try await connection.query(
                "SELECT m.id, \(content) AS content FROM \(layout.v1) m WHERE $1::uuid IS NULL OR m.id > $1 ORDER BY m.id LIMIT 1000", [last.map { .uuid($0) }])
            let ids = try rows.map { try $0.uuid("id") }
            try await connection.query(
                "INSERT INTO \(settings.schema).findable (id, words) SELECT * FROM unnest($1::uuid[], $2::text[])",
                [.uuids(ids), .texts(try rows.map { Contract.words(try $0.string("content")) })])
            guard ids.count == 1000 else { return }
            last = ids.last
        }
    }
}
