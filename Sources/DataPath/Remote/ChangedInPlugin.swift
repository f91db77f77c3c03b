import Foundation
public import Postgres

/// Rows that were proven in the plugin and are not as they were, listed by name among the exceptions.
///
/// Over HTTP nothing tells what an agent forgot or edited in the plugin from what the plugin lost: a person signs for it, or says that
/// it was lost. A plan that lets a few pass has them listed all the same; more than `bulkForget` new ones at once are another reason,
/// which nothing lets pass.
public struct ChangedInPlugin: Sendable {
    public static let absent = "absent-in-plugin"
    public static let edited = "edited-in-plugin"
    public static let many = "many-changed-in-plugin"
    public static let reasons = [absent, edited, many]

    public struct Report: Sendable, Equatable, Codable {
        public var listed = 0
        /// Taken from the list: they are there again.
        public var mended = 0
        public var isMany = false
        public init() {}
    }

    /// What is listed at most at once; the rest comes with the next comparison.
    private static let most = 100_000
    private var found: [RemoteFinding] = []
    private var mended: [UUID] = []
    let settings: DataPathSettings
    let limits: ChangesSince.Limits

    public init(_ settings: DataPathSettings = DataPathSettings(lane: .http), limits: ChangesSince.Limits = ChangesSince.Limits()) {
        self.settings = settings
        self.limits = limits
    }

    public var isEmpty: Bool { found.isEmpty && mended.isEmpty }
    /// More than may be explained by what agents forget now and then.
    public var isMany: Bool { found.count > limits.bulkForget }

    public mutating func take(_ finding: RemoteFinding) {
        if finding.kind == .mended { mended.append(finding.line.id) } else if finding.line.what == .changed, found.count < Self.most { found.append(finding) }
    }

    /// In one statement each, or within the caller's transaction. Running it again changes nothing.
    @discardableResult
    public func list(_ connection: PostgresConnection) async throws -> Report {
        let schema = settings.schema
        var report = Report()
        report.isMany = isMany
        let reasons = found.map { isMany ? Self.many : $0.line.fields == ["absent"] ? Self.absent : Self.edited }
        report.listed = try await connection.query(
            """
            INSERT INTO \(schema).exceptions (id, side, reason, detail)
            SELECT u.id, 1, u.reason, u.detail FROM unnest($1::uuid[], $2::text[], $3::text[]) u(id, reason, detail) ORDER BY u.id
            ON CONFLICT (id) WHERE closed IS NULL DO UPDATE SET reason = excluded.reason, detail = excluded.detail, carried = false, at = now()
            WHERE exceptions.carried
            """,
            [.uuids(found.map(\.line.id)), .texts(reasons), .texts(found.map { "\($0.line.fields.joined()) in \($0.namespace ?? "")" })]
        ).affected
        report.mended = try await connection.query(
            "UPDATE \(schema).exceptions SET closed = now() WHERE closed IS NULL AND id = ANY ($1::uuid[]) AND reason = ANY ($2::text[])",
            [.uuids(mended), .texts(Self.reasons)]
        ).affected
        if report.mended == 0 { return report }
        // A look lists again what was listed before for what it holds. Frozen, v1 is not read any more.
        try await connection.query(
            """
            INSERT INTO \(schema).change_log (id, side, del) SELECT unnest($1::uuid[]), 1, false
            WHERE NOT EXISTS (SELECT FROM \(schema).remembered WHERE what = 'frozen_table')
            """, [.uuids(mended)])
        return report
    }
}
