import Foundation
public import Postgres

/// Takes differences away that no agent made. What an agent's own entry explains is never touched.
///
/// Before the freeze v1 is what counts, after it what was frozen of v1. Only a forget on record deletes a row: one that is in v2
/// alone, and was never agreed to be gone, is looked at like a new one. Every row of v2 that is written over or deleted is kept
/// whole in `v2_archive` first.
public struct Repair: Sendable {
    /// What is done about a difference.
    public enum Action: String, Sendable, Codable, CaseIterable {
        /// v2 is written from v1.
        case writeV2 = "write-v2"
        /// The row is deleted from v2.
        case deleteV2 = "delete-v2"
        /// Before the freeze: the id is looked at, as if it were new. After it: the row is noted as added by us, which a person signs.
        case look
        /// Nothing: it is under way, or can't be shown.
        case wait
        /// Over HTTP: nothing, unless a person says that the plugin lost it.
        case ask
    }

    public struct Report: Sendable, Equatable, Codable {
        public var written = 0
        public var deleted = 0
        public var looked = 0
        /// Rows somebody changed or held meanwhile, and rows that v2 cannot hold as they are.
        public var left = 0

        public init() {}
    }

    public let settings: DataPathSettings
    public let fence: Int64

    public init(_ settings: DataPathSettings = DataPathSettings(), fence: Int64) {
        self.settings = settings
        self.fence = fence
    }

    public static func action(for what: ParityLine.What) -> Action {
        switch what {
        case .missing, .different: .writeV2
        case .resurrected: .deleteV2
        case .extra: .look
        case .inFlight, .unproven: .wait
        case .changed: .ask
        }
    }

    /// Repairs these differences, some in a transaction, each judged again in it. Running it again finds nothing left to do.
    ///
    /// Throws `.fenced`, and `.refused` against frozen when the old table is away.
    public func carryOut(
        _ lines: some Sequence<ParityLine>, against base: Parity.Base, _ connection: PostgresConnection
    ) async throws -> Report {
        var report = Report()
        let layout = try await Layout.introspect(connection, settings)
        guard layout.v1Exists else {
            throw DataPathError.refused("\(settings.v1Memories) is not in its place, and what is missing can only come from there")
        }
        let ready = lines.filter { ![.wait, .ask].contains(Self.action(for: $0.what)) }
        for batch in Array(ready).chunks(of: 200) { try await settle(Array(batch), base, layout, connection, &report) }
        return report
    }

    // MARK: - Non public

    /// In one transaction; after a collision in two of half the size, down to one row, which is left after the third time.
    private func settle(
        _ lines: [ParityLine], _ base: Parity.Base, _ layout: Layout, _ connection: PostgresConnection, _ report: inout Report,
        attempt: Int = 1
    ) async throws {
        do {
            let done = try await connection.transaction(.repeatableRead) { connection in
                try await connection.execute("SET LOCAL lock_timeout = '150ms'")
                try await Look.mark(connection, settings)
                try await connection.bring(lines.map(\.id))
                try await Control.checkFence(fence, connection, settings)
                return try await repair(lines, base, layout, connection)
            }
            report.written += done.written
            report.deleted += done.deleted
            report.looked += done.looked
            report.left += done.left
        } catch let error where Self.isOfRows(error) {
            if lines.count > 1 {
                try await settle(Array(lines[..<(lines.count / 2)]), base, layout, connection, &report)
                try await settle(Array(lines[(lines.count / 2)...]), base, layout, connection, &report)
            } else if attempt < 3 {
                try await Task.sleep(for: .milliseconds(30 * attempt))
                try await settle(lines, base, layout, connection, &report, attempt: attempt + 1)
            } else {
                report.left += 1
            }
        }
    }

    private func repair(
        _ lines: [ParityLine], _ base: Parity.Base, _ layout: Layout, _ connection: PostgresConnection
    ) async throws -> Report {
        let comparison = Comparison(
            sql: ParitySQL(layout: layout, base: base), tuning: Parity.Tuning(), listLimit: 0, limits: ChangesSince.Limits(), deadline: nil)
        let (sql, opening) = try await comparison.open(connection)
        let expected = Dictionary(lines.map { ($0.id, $0.what) }) { first, _ in first }
        // An entry or a marker that came meanwhile is an agent's: then it is not ours to repair.
        let now = opening.markers > 0 ? [] : try await comparison.judge(expected.keys, sql, connection).compactMap(\.line)
        let still = now.filter { $0.what == expected[$0.id] }
        func ids(_ action: Action) -> [UUID] { still.filter { Self.action(for: $0.what) == action }.map(\.id) }
        var report = Report()
        try await keep(ids(.writeV2) + ids(.deleteV2), layout, connection)
        switch base {
        case .v1:
            let look = Look(layout: layout)
            report.written = try await write(ids(.writeV2), look, connection)
            report.deleted = try await delete(ids(.deleteV2), look, connection)
            report.looked = try await lookAnew(ids(.look), look, connection)
        case .frozen:
            report.written = try await writeFrozen(still.filter { Self.action(for: $0.what) == .writeV2 }, layout, connection)
            report.deleted = try await connection.query("DELETE FROM \(layout.v2) WHERE id = ANY ($1::uuid[])", [.uuids(ids(.deleteV2))]).affected
            report.looked = try await connection.query(
                "INSERT INTO \(layout.schema).change_log (id, side, del, role) SELECT unnest($1::uuid[]), 2, false, 'cutover repair'",
                [.uuids(ids(.look))]
            ).affected
        }
        try await mendKinds(ids(.writeV2), layout, connection)
        report.left = lines.count - report.written - report.deleted - report.looked
        return report
    }

    /// Not to be taken for what a redo brings back: it is spent from the beginning.
    private func keep(_ ids: [UUID], _ layout: Layout, _ connection: PostgresConnection) async throws {
        if ids.isEmpty { return }
        try await connection.query(
            """
            INSERT INTO \(layout.schema).v2_archive (id, row, why, restored)
            SELECT r.id, to_jsonb(r) - 'content_tsv', 'repaired', now() FROM \(layout.v2) r WHERE r.id = ANY ($1::uuid[]) ORDER BY r.id
            """, [.uuids(ids)])
    }

    private func mendKinds(_ ids: [UUID], _ layout: Layout, _ connection: PostgresConnection) async throws {
        if ids.isEmpty { return }
        let right = "coalesce((SELECT k.kind FROM \(layout.kinds) k WHERE k.id = r.id), 'fact')"
        try await connection.query(
            "UPDATE \(layout.v2) r SET kind = \(right) WHERE r.id = ANY ($1::uuid[]) AND r.kind <> \(right)", [.uuids(ids)])
    }

    // MARK: Before the freeze

    /// A look would take what was changed behind its back for an agent's edit or forget: the direction is ours to say here.
    private func write(_ ids: [UUID], _ look: Look, _ connection: PostgresConnection) async throws -> Int {
        if ids.isEmpty { return 0 }
        var plan: [PlannedID] = []
        var unknown: [UUID] = []
        for var planned in try await look.plan(ids, connection) {
            guard planned.a != nil else { continue }
            if planned.b == nil && planned.state != "live" {
                unknown.append(planned.id)
            } else if planned.target != nil {
                planned.force(planned.b == nil ? .ins2 : .upd2)
                plan.append(planned)
            }
        }
        let looked = unknown.isEmpty ? 0 : try await look.look(at: unknown, connection).counts.written
        return looked + (try await look.carryOut(forced: plan, connection))
    }

    private func delete(_ ids: [UUID], _ look: Look, _ connection: PostgresConnection) async throws -> Int {
        if ids.isEmpty { return 0 }
        var plan = try await look.plan(ids, connection)
        for index in plan.indices { plan[index].force(.del2) }
        return try await look.carryOut(forced: plan, connection)
    }

    /// As if it had never been agreed on: v1 lost its row without a forget, or v2 got one without an entry.
    private func lookAnew(_ ids: [UUID], _ look: Look, _ connection: PostgresConnection) async throws -> Int {
        if ids.isEmpty { return 0 }
        try await connection.query(
            "UPDATE \(look.sql.layout.schema).placed SET state = 'gone', digest = NULL, namespace = NULL WHERE id = ANY ($1::uuid[])", [.uuids(ids)])
        return try await look.look(at: ids, connection).counts.looked
    }

    // MARK: After it

    /// Into the namespace that was agreed on, whatever became of the workspaces since; what then is in v2 must be what was frozen.
    private func writeFrozen(_ lines: [ParityLine], _ layout: Layout, _ connection: PostgresConnection) async throws -> Int {
        if lines.isEmpty { return 0 }
        let sql = LookSQL(layout: layout, variant: .lawful)
        let places = Dictionary(
            try await connection.query(
                "SELECT id, namespace FROM \(layout.schema).placed WHERE id = ANY ($1::uuid[]) AND namespace IS NOT NULL", [.uuids(lines.map(\.id))]
            ).map { (try $0.uuid("id"), try $0.string("namespace")) }) { first, _ in first }
        let ready = lines.filter { places[$0.id] != nil }
        if ready.isEmpty { return 0 }
        try await connection.query(sql.makeNamespaces, [.texts(ready.map { places[$0.id] })])
        var written = 0
        for (what, statement) in [(ParityLine.What.missing, layout.projection.insert2), (.different, layout.projection.update2)] {
            let ids = ready.filter { $0.what == what }.map(\.id)
            if ids.isEmpty { continue }
            written += try await connection.query(statement, [.uuids(ids), .texts(ids.map { places[$0] })]).affected
        }
        let wrong = try await connection.query(
            """
            SELECT count(*) AS n FROM \(layout.schema).frozen f LEFT JOIN \(layout.v2) r ON r.id = f.id
            WHERE f.id = ANY ($1::uuid[]) AND f.digest IS DISTINCT FROM \(layout.digest2("r"))
            """, [.uuids(ready.map(\.id))])[0].int("n")
        guard wrong == 0 else { throw DataPathError.readBackDiffers(ids: wrong) }
        return written
    }

    private static func isOfRows(_ error: any Error) -> Bool {
        switch error {
        case let error as PostgresError: error.kind == .refused && !error.sqlState.hasPrefix("57")
        case DataPathError.readBackDiffers, DataPathError.unexpectedCount: true
        default: false
        }
    }
}
