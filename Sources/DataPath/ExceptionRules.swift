public import Postgres

/// What the plan says about the rows of one reason, as the looks need to know it.
public struct ExceptionRule: Sendable, Equatable, Codable {
    public enum Word: String, Sendable, Codable, CaseIterable {
        /// No row may stay listed for this reason.
        case block
        /// Somebody signs for the listed rows.
        case sign
        /// Rows of this reason may stay behind; one that looks like a credential is carried and not listed.
        case pass
        /// Carried to the namespace that `target` says.
        case remap
        /// Carried and listed.
        case flag
        /// Carried with the credential blotted out in v2, and listed; v1 keeps its own text.
        case redact
    }

    public let word: Word
    /// For `remap`: `workspace`, `team` or `org` for the owner's own, or a namespace by name.
    public let target: String?

    public init(_ word: Word, target: String? = nil) {
        self.word = word
        self.target = target
    }
}

/// The plan's rules in the tenant's database. Every look reads them in its own snapshot.
public enum ExceptionRules {
    public static let credential = "credential-look-alike"
    public static let twin = "suspected-twin"
    /// Over HTTP: the plugin will not have it, said it had it and has not, or said so and nothing shows it.
    public static let refused = "refused-by-plugin"
    public static let notStored = "not-stored"
    public static let notReadBack = "not-read-back"

    /// Queues what the plugin did not take for another look: it may have been mended since. Answers how many.
    public static func tryAgain(_ connection: PostgresConnection, _ settings: DataPathSettings = DataPathSettings(lane: .http)) async throws -> Int {
        try await connection.query(
            """
            INSERT INTO \(settings.schema).change_log (id, side, del)
            SELECT id, 1, false FROM \(settings.schema).exceptions WHERE closed IS NULL AND reason = ANY ($1::text[])
            """, [.texts([refused, notStored, notReadBack])]
        ).affected
    }

    public static func read(
        _ connection: PostgresConnection, _ settings: DataPathSettings = DataPathSettings()
    ) async throws -> [String: ExceptionRule] {
        let rows = try await connection.query("SELECT reason, rule, target FROM \(settings.schema).rules")
        return try Dictionary(uniqueKeysWithValues: rows.map { row in
            (try row.string("reason"), ExceptionRule(.init(rawValue: try row.string("rule")) ?? .sign, target: try row.optionalString("target")))
        })
    }

    /// Replaces all rules; every row that a changed one is about is queued for a look. Answers how many.
    ///
    /// From its return on no look commits that went by the old rules. Throws `.fenced` when `fence` is not the control row's.
    public static func set(
        _ rules: [String: ExceptionRule], fence: Int64, _ connection: PostgresConnection, _ settings: DataPathSettings = DataPathSettings()
    ) async throws -> Int {
        let layout = try await Layout.complete(connection, settings)
        return try await connection.transaction { connection in
            try await Control.waitForLooks(fence: fence, connection, settings)
            let old = try await read(connection, settings)
            let changed = Set(old.keys).union(rules.keys).filter { old[$0] != rules[$0] }.sorted()
            if changed.isEmpty { return 0 }
            try await connection.execute("DELETE FROM \(settings.schema).rules")
            let named = rules.keys.sorted()
            try await connection.query(
                "INSERT INTO \(settings.schema).rules (reason, rule, target) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])",
                [.texts(named), .texts(named.map { rules[$0]?.word.rawValue }), .texts(named.map { rules[$0]?.target })])
            return try await queue(changed, layout, connection)
        }
    }

    // MARK: - Non public

    /// What is listed under these reasons, and what was carried by their old rules.
    private static func queue(_ changed: [String], _ layout: Layout, _ connection: PostgresConnection) async throws -> Int {
        let carried = """
            UNION SELECT m.id, 1 FROM \(layout.v1) m JOIN \(layout.schema).placed p ON p.id = m.id
            LEFT JOIN \(layout.workspaces) w ON w.id = m.workspace_id WHERE
            """
        var concerned = "SELECT id, side FROM \(layout.schema).exceptions WHERE closed IS NULL AND reason = ANY ($1::text[])"
        // A key with its value has one place, and is carried as it is.
        let asTheyRead = layout.settings.holding == .memories ? changed : []
        if asTheyRead.contains(credential) { concerned += " \(carried) \(layout.schema).credential(m.content) IS NOT NULL" }
        if asTheyRead.contains(where: { $0 != credential }) { concerned += " \(carried) (\(MemoryProjection(layout: layout).ownTarget("m", "w"))) IS NULL" }
        return try await connection.query(
            "INSERT INTO \(layout.schema).change_log (id, side, del) SELECT id, side, false FROM (\(concerned)) x", [.texts(changed)]
        ).affected
    }
}
