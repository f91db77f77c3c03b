public import Foundation
public import Postgres

/// Compares v1, or what was frozen of it, with what the plugin shows, row by row: some rows can be proven, some can't, and both are counted.
public struct RemoteParity: Sendable {
    public struct Report: Sendable, Equatable, Codable {
        /// In the terms of a comparison inside one database. `equal` counts what was proven row by row.
        public var parity = ParityReport()
        /// Of `parity.unproven`, at most `listLimit`.
        public var unprovenIDs: [UUID] = []
        /// Records that are not of our making, in namespaces that show all they hold.
        public var theirs = 0
        /// Namespaces that show all they hold, and all namespaces with rows of v1.
        public var shownWhole = 0
        public var namespaces = 0
        /// Overwritten or forgotten in the plugin without having been read just before, since the copy began.
        public var unread: [String: Int] = [:]

        public init() {}
        /// Everything was asked about, and nothing is known to differ. Rows that could not be proven do not count as differing.
        public var clean: Bool { parity.clean }
    }

    public let settings: DataPathSettings
    let records: PluginRecords
    public let listLimit: Int

    public init(_ settings: DataPathSettings = DataPathSettings(lane: .http), records: PluginRecords, listLimit: Int = 100) {
        self.settings = settings
        self.records = records
        self.listLimit = listLimit
    }

    /// Reads v1 (or the frozen list) in order, asks the plugin, and asks once more about what was under way, until nothing is or the time is up.
    public func compare(_ connection: PostgresConnection, against base: Parity.Base, withinSeconds: Double = 60) async throws -> Report {
        let deadline = ContinuousClock.now + .seconds(withinSeconds)
        while true {
            let report = try await once(connection, base, deadline)
            guard report.parity.inFlightCount > 0 || report.parity.markers > 0, ContinuousClock.now < deadline else { return report }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    // MARK: - Non public

    private struct Row: Sendable {
        let id: UUID
        let namespace: String?
        let digest: String
        let words: String?
        let embedding: String?
        let state: String?
        let isExcepted: Bool
        let isInFlight: Bool
    }

    private static let batch = 500

    private func once(_ connection: PostgresConnection, _ base: Parity.Base, _ deadline: ContinuousClock.Instant) async throws -> Report {
        let layout = base == .v1 ? try await Layout.complete(connection, settings) : try await Layout.introspect(connection, settings)
        var report = Report()
        report.parity.complete = true
        if base == .v1 { report.parity.markers = try await connection.query("SELECT count(*) AS n FROM \(settings.schema).marker")[0].int("n") }
        for row in try await connection.query("SELECT what, n FROM \(settings.schema).unseen") { report.unread[try row.string("what")] = try row.int("n") }
        var last: (namespace: String, id: UUID)?
        var current: (name: String, listing: [UUID: FoundRecord], whole: Bool)?
        while true {
            let rows = try await page(connection, layout, base, after: last)
            if rows.isEmpty { break }
            guard ContinuousClock.now < deadline else {
                report.parity.complete = false
                break
            }
            for (name, group) in Dictionary(grouping: rows, by: { $0.namespace ?? "" }).sorted(by: { $0.key < $1.key }) {
                if current?.name != name {
                    let (listing, whole) = name.isEmpty ? ([], false) : try await records.listing(of: name)
                    current = (name, Dictionary(listing.map { ($0.id, $0) }) { first, _ in first }, whole)
                    report.namespaces += name.isEmpty ? 0 : 1
                    report.shownWhole += whole ? 1 : 0
                    if whole { try await judgeOthers(listing, base, layout, connection, &report) }
                }
                if let current { try await judge(group, name, current.listing, current.whole, base, &report) }
            }
            if let end = rows.last { last = (end.namespace ?? "", end.id) }
            if rows.count < Self.batch { break }
        }
        report.parity.estimatedRows = report.parity.rowsV1
        report.parity.provenRows = report.parity.equal
        return report
    }

    /// The next rows by namespace and id. Against frozen, the words a row is found by were noted at the freeze: v1 is left alone.
    private func page(
        _ connection: PostgresConnection, _ layout: Layout, _ base: Parity.Base, after last: (namespace: String, id: UUID)?
    ) async throws -> [Row] {
        let schema = settings.schema
        let memories = MemoryProjection(layout: layout)
        let underWay = """
            (EXISTS (SELECT FROM \(schema).change_log l WHERE l.id = s.id)
                OR EXISTS (SELECT FROM \(schema).sent a WHERE a.id = s.id AND a.state = 'flying'))
            """
        let source =
            base == .v1
            ? """
            SELECT m.id, coalesce(\(memories.target("m", "w")), '') AS namespace, encode(\(memories.digest1("m", "w")), 'hex') AS digest,
                \(memories.carriedContent("m")) AS words, \(layout.hasEmbedding ? "m.embedding::text" : "NULL::text") AS embedding
            FROM \(layout.v1) m LEFT JOIN \(layout.workspaces) w ON w.id = m.workspace_id WHERE NOT \(memories.isProbe1("m"))
            """
            : """
            SELECT f.id, coalesce(p.namespace, '') AS namespace, encode(f.digest, 'hex') AS digest, k.words, NULL::text AS embedding
            FROM \(schema).frozen f LEFT JOIN \(schema).placed p ON p.id = f.id LEFT JOIN \(schema).findable k ON k.id = f.id
            """
        return try await connection.query(
            """
            SELECT s.*, p.state, EXISTS (SELECT FROM \(schema).exceptions x WHERE x.id = s.id AND x.closed IS NULL AND NOT x.carried) AS excepted,
                \(base == .v1 ? underWay : "false") AS in_flight
            FROM (\(source)) s LEFT JOIN \(schema).placed p ON p.id = s.id
            WHERE $1::text IS NULL OR (s.namespace, s.id) > ($1, $2::uuid) ORDER BY s.namespace, s.id LIMIT \(Self.batch)
            """, [last.map { .text($0.namespace) }, last.map { .uuid($0.id) }]
        ).map { row in
            let namespace = try row.string("namespace")
            return Row(
                id: try row.uuid("id"), namespace: namespace.isEmpty ? nil : namespace, digest: try row.string("digest"), words: try row.optionalString("words"),
                embedding: try row.optionalString("embedding"), state: try row.optionalString("state"), isExcepted: try row.bool("excepted"),
                isInFlight: try row.bool("in_flight"))
        }
    }

    private func judge(
        _ rows: [Row], _ namespace: String, _ listing: [UUID: FoundRecord], _ whole: Bool, _ base: Parity.Base, _ report: inout Report
    ) async throws {
        report.parity.rowsV1 += rows.count
        var open: [Row] = []
        for row in rows {
            if row.isInFlight {
                report.parity.take(ParityLine(id: row.id, what: .inFlight, fields: []), limit: listLimit)
            } else if row.state == "conflict" {
                report.parity.conflicts += 1
            } else if row.isExcepted {
                report.parity.exceptedIDs += 1
            } else if let found = listing[row.id] {
                judge(row, found, base, &report)
            } else if whole {
                report.parity.take(ParityLine(id: row.id, what: .missing, fields: []), limit: listLimit)
            } else {
                open.append(row)
            }
        }
        guard !open.isEmpty, !namespace.isEmpty else {
            for row in open { report.parity.take(ParityLine(id: row.id, what: .missing, fields: []), limit: listLimit) }
            return
        }
        let showings = try await records.find(open.map { Sought($0.id, content: $0.words, embedding: $0.embedding) }, in: namespace)
        for row in open {
            if let found = showings[row.id] { judge(row, found, base, &report) } else {
                report.parity.unproven += 1
                if report.unprovenIDs.count < listLimit { report.unprovenIDs.append(row.id) }
            }
        }
    }

    private func judge(_ row: Row, _ found: FoundRecord, _ base: Parity.Base, _ report: inout Report) {
        report.parity.rowsV2 += 1
        // The digest rode along when we sent it; the text itself is compared where v1 may be read.
        let sameText = base == .frozen || row.words.map { found.content.utf8.elementsEqual($0.utf8) } ?? false
        if found.digest == row.digest, sameText {
            report.parity.equal += 1
        } else if base == .frozen, found.digest != row.digest {
            // Whoever else writes v2 after the freeze is an agent.
            report.parity.editedSince += 1
        } else {
            report.parity.take(ParityLine(id: row.id, what: .different, fields: [sameText ? "digest" : "content"]), limit: listLimit)
        }
    }

    /// Records that v1 does not have: ours are resurrected ones, others somebody's own.
    private func judgeOthers(_ listing: [FoundRecord], _ base: Parity.Base, _ layout: Layout, _ connection: PostgresConnection, _ report: inout Report) async throws {
        let shown = listing.filter { !$0.content.hasPrefix("cutover-probe") }
        let table = base == .v1 ? layout.v1 : "\(settings.schema).frozen"
        let known = Set(
            try await connection.query("SELECT id FROM \(table) WHERE id = ANY ($1::uuid[])", [.uuids(shown.map(\.id))]).map { try $0.uuid("id") })
        let gone = base == .frozen ? [] : Set(
            try await connection.query(
                """
                SELECT id FROM \(settings.schema).change_log WHERE id = ANY ($1::uuid[])
                UNION SELECT id FROM \(settings.schema).sent WHERE id = ANY ($1::uuid[])
                """, [.uuids(shown.map(\.id))]
            ).map { try $0.uuid("id") })
        for record in shown where !known.contains(record.id) {
            if record.digest == nil || base == .frozen {
                report.theirs += 1
                report.parity.addedSince += base == .frozen ? 1 : 0
            } else if gone.contains(record.id) {
                report.parity.take(ParityLine(id: record.id, what: .inFlight, fields: []), limit: listLimit)
            } else {
                report.parity.take(ParityLine(id: record.id, what: .resurrected, fields: []), limit: listLimit)
            }
        }
    }
}
