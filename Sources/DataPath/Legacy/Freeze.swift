public import Postgres

/// Makes v1 unwritable for everyone, after proving that v2 holds all of it.
public struct Freeze: Sendable {
    public struct Report: Sendable, Equatable, Codable {
        public let quiesce: Quiesce.Report?
        public let parity: ParityReport?
        public let rows: Int
        /// SHA-256 over ids and whole-row digests in id order, hexadecimal.
        public let digest: String
        /// True when v1 was frozen already and nothing was done.
        public let wasFrozen: Bool
    }

    /// What the catalogue says; reading it touches no row of v1.
    public struct State: Sendable, Equatable, Codable {
        public var triggerThere = false
        public var enabledAlways = false
        public var functionUnchanged = false
        /// The table is the one that was frozen, not another under its name.
        public var isFrozenTable = false
        public var foreignKeyGone = false
        public var frozenRows = 0

        public var frozen: Bool {
            triggerThere && enabledAlways && functionUnchanged && isFrozenTable && foreignKeyGone
        }
        public init() {}
    }

    public struct Thaw: Sendable, Equatable, Codable {
        /// Rows whose workspace went away while the key was off.
        public let orphans: Int
        /// Rows that went with their workspace, because the foreign key says so: they are forgotten in v2 as well.
        public let cascaded: Int
        /// False when orphans kept the foreign key from being validated: it holds for new rows only.
        public let foreignKeyValidated: Bool
    }

    public let settings: DataPathSettings

    public init(_ settings: DataPathSettings = DataPathSettings()) {
        self.settings = settings
    }

    /// One transaction: quiesce, full parity, ids and digests recorded, foreign key off, trigger on, the writer told to stop.
    ///
    /// Throws and changes nothing when the stores differ in anything but parked conflicts and listed exceptions.
    public func freeze(
        _ connection: PostgresConnection, lockTimeoutSeconds: Double = 2, budgetSeconds: Double = 600, fence: Int64? = nil
    ) async throws -> Report {
        if try await state(connection).frozen {
            let (rows, digest) = try await recorded(connection)
            return Report(quiesce: nil, parity: nil, rows: rows, digest: digest, wasFrozen: true)
        }
        let layout = try await Layout.complete(connection, settings)
        let kept = Kept<ParityReport>()
        let quiesce = try await Quiesce(settings).run(
            connection, lockTimeoutSeconds: lockTimeoutSeconds, budgetSeconds: budgetSeconds, fence: fence
        ) { connection in
            let parity = try await Parity(settings).compareHere(connection, against: .v1)
            guard parity.clean else { throw DataPathError.notEqual(differing: parity.differences + parity.inFlightCount) }
            kept.set(parity)
            try await seal(connection, layout)
        }
        let (rows, digest) = try await recorded(connection)
        return Report(quiesce: quiesce, parity: kept.get(), rows: rows, digest: digest, wasFrozen: false)
    }

    /// Takes the trigger off and puts the foreign key back; rows of workspaces that are gone are queued for a look.
    ///
    /// The writer stays stopped. Does nothing where v1 is not frozen.
    public func unfreeze(_ connection: PostgresConnection, lockTimeoutSeconds: Double = 2) async throws -> Thaw {
        let layout = try await Layout.complete(connection, settings)
        return try await connection.transaction { connection in
            try await connection.execute("SET LOCAL lock_timeout = \(Int(lockTimeoutSeconds * 1000))")
            try await connection.execute("DROP TRIGGER IF EXISTS \(FreezeSQL(settings).trigger) ON \(layout.v1)")
            let keys = try await ForeignKeys.remembered(settings, connection)
            // What the key would have done, had it been there: the rows go with their workspace, and capture sees them go.
            let cascades = keys.contains { $0.definition.contains("ON DELETE CASCADE") }
            let orphaned = "m.workspace_id IS NOT NULL AND NOT EXISTS (SELECT FROM \(layout.workspaces) w WHERE w.id = m.workspace_id)"
            let cascaded = cascades ? try await connection.query("DELETE FROM \(layout.v1) m WHERE \(orphaned)").affected : 0
            let orphans = try await connection.query(
                """
                INSERT INTO \(settings.schema).change_log (id, side, del) SELECT m.id, 1, false FROM \(layout.v1) m
                WHERE \(orphaned)
                """).affected
            for key in keys {
                let there = try await ForeignKeys.of(settings, connection).contains { $0.name == key.name }
                if there { continue }
                let definition = key.definition.replacing(" NOT VALID", with: "") + " NOT VALID"
                try await connection.execute(
                    "ALTER TABLE \(layout.v1) ADD CONSTRAINT \(quoted(key.name)) \(definition)")
                if orphans == 0 {
                    try await connection.execute("ALTER TABLE \(layout.v1) VALIDATE CONSTRAINT \(quoted(key.name))")
                }
            }
            try await connection.execute(
                "DELETE FROM \(settings.schema).remembered WHERE what IN ('foreign_keys', 'frozen_table', 'frozen_embedding'); DELETE FROM \(settings.schema).frozen")
            return Thaw(orphans: orphans, cascaded: cascaded, foreignKeyValidated: orphans == 0)
        }
    }

    /// Reads the catalogue only; for gates, previews and verify.
    public func state(_ connection: PostgresConnection) async throws -> State {
        try await state(of: settings.v1Memories, connection)
    }

    /// Tries a write that would change nothing, in a transaction that is rolled back. True when it was refused by the freeze.
    public func refusesWrites(_ connection: PostgresConnection) async throws -> Bool {
        try await connection.execute("BEGIN READ WRITE")
        var refusal: PostgresError?
        do {
            try await connection.execute("UPDATE \(settings.v1Memories.sql) SET id = id WHERE false")
        } catch {
            refusal = error
        }
        try await connection.execute("ROLLBACK")
        guard let refusal else { return false }
        guard refusal.constraint == FreezeSQL(settings).trigger else { throw refusal }
        return true
    }

    // MARK: - Non public

    func state(of table: TableName, _ connection: PostgresConnection) async throws -> State {
        var state = State()
        guard try await connection.query("SELECT to_regclass('\(settings.schema).frozen') IS NOT NULL AS there")[0].bool("there")
        else { return state }
        state.frozenRows = try await connection.query("SELECT count(*) AS n FROM \(settings.schema).frozen")[0].int("n")
        let found = try await connection.query(
            """
            SELECT c.oid::text AS oid, t.tgtype AS type, t.tgenabled AS enabled, f.nspname || '.' || p.proname AS function, p.prosrc AS body,
                (SELECT value->>0 FROM \(settings.schema).remembered WHERE what = 'frozen_table') AS frozen_oid
            FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
            LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgname = $3
            LEFT JOIN pg_proc p ON p.oid = t.tgfoid LEFT JOIN pg_namespace f ON f.oid = p.pronamespace
            WHERE s.nspname = $1 AND c.relname = $2
            """, [.text(table.schema), .text(table.name), .text(FreezeSQL(settings).trigger)])
        guard let row = found.first else { return state }
        state.isFrozenTable = try row.optionalString("frozen_oid") == row.string("oid")
        state.foreignKeyGone = try await ForeignKeys.of(settings, table: table, connection).isEmpty
        guard try !row.isNull("type") else { return state }
        state.triggerThere = try row.int("type") == FreezeSQL.triggerType && row.string("function") == "\(settings.schema).refuse_write"
        state.enabledAlways = try row.string("enabled") == "A"
        state.functionUnchanged = try row.string("body") == FreezeSQL(settings).body
        return state
    }

    func seal(_ connection: PostgresConnection, _ layout: Layout) async throws {
        try await connection.execute(
            """
            DELETE FROM \(settings.schema).frozen;
            INSERT INTO \(settings.schema).frozen (id, digest, whole)
            SELECT m.id, \(layout.digest1("m", "w")), \(layout.wholeDigest("m"))
            FROM \(layout.v1) m LEFT JOIN \(layout.workspaces) w ON w.id = m.workspace_id
            WHERE NOT \(layout.projection.isProbe1("m"))
            """)
        let keys = try await ForeignKeys.of(settings, connection)
        try await ForeignKeys.remember(keys, settings, connection)
        for key in keys {
            try await connection.execute("ALTER TABLE \(layout.v1) DROP CONSTRAINT \(quoted(key.name))")
        }
        try await rememberTable(settings.v1Memories, connection)
        try await connection.query(
            """
            INSERT INTO \(settings.schema).remembered (what, value) VALUES ('frozen_embedding', jsonb_build_array($1::boolean))
            ON CONFLICT (what) DO UPDATE SET value = excluded.value, at = now()
            """, [.text(layout.hasEmbedding ? "true" : "false")])
        try await connection.execute(FreezeSQL(settings).function)
        try await connection.execute(FreezeSQL(settings).install(on: settings.v1Memories))
        try await connection.execute("UPDATE \(settings.schema).control SET mode = 'stopped'")
    }

    func rememberTable(_ table: TableName, _ connection: PostgresConnection) async throws {
        try await connection.query(
            """
            INSERT INTO \(settings.schema).remembered (what, value)
            SELECT 'frozen_table', jsonb_build_array(to_regclass($1)::oid::text)
            ON CONFLICT (what) DO UPDATE SET value = excluded.value, at = now()
            """, [.text(table.sql)])
    }

    /// Rows and digest of the frozen list.
    func recorded(_ connection: PostgresConnection) async throws -> (rows: Int, digest: String) {
        let row = try await connection.query(
            """
            SELECT count(*) AS rows, encode(sha256(coalesce(string_agg(uuid_send(id) || whole, ''::bytea ORDER BY id), ''::bytea)), 'hex') AS digest
            FROM \(settings.schema).frozen
            """)[0]
        return (try row.int("rows"), try row.string("digest"))
    }
}
