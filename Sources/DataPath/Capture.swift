public import Postgres

/// The triggers on both stores and on `workspaces`, and everything else that lives in the schema of our own.
public struct Capture: Sendable {
    public struct Status: Sendable, Equatable, Codable {
        /// Triggers that should be there and are not, or differ, as `schema.table.trigger`.
        public let missingTriggers: [String]
        /// Triggers that are there but not enabled `ALWAYS`.
        public let disabledTriggers: [String]
        public let missingFunctions: [String]
        public let tablesThere: Bool

        public var inPlace: Bool {
            missingTriggers.isEmpty && disabledTriggers.isEmpty && missingFunctions.isEmpty && tablesThere
        }
    }

    /// How much is waiting to be looked at.
    public struct Growth: Sendable, Equatable, Codable {
        public let entries: Int
        public let markers: Int
        public let bytes: Int
    }

    public let settings: DataPathSettings
    let variant: LookVariant

    public init(_ settings: DataPathSettings = DataPathSettings()) {
        self.init(settings, variant: .lawful)
    }

    package init(_ settings: DataPathSettings, variant: LookVariant) {
        self.settings = settings
        self.variant = variant
    }

    /// Brings schema, tables, functions and triggers into place, and agrees on what both stores hold alike; changes nothing that already is.
    ///
    /// Each table's triggers are one transaction that waits at most `lockTimeoutSeconds` for the table, tried again `attempts`
    /// times with pauses: a waiting `CREATE TRIGGER` blocks every writer that comes after it. Throws `.tablesBusy`.
    ///
    /// Where the capture was put on before and its seal is broken, changes may have been missed: every id is queued for a look. Memories
    /// that were in step and are absent from one store now would count as forgotten there; unless `acceptingAbsent`, that is `.refused`.
    public func install(
        _ connection: PostgresConnection, lockTimeoutSeconds: Double = 0.5, attempts: Int = 20, acceptingAbsent: Bool = false
    ) async throws {
        let settings = try await settings.asRecorded(connection)
        let second = await connection.partner as? SecondDatabase
        if settings.lane == .separate, second == nil { throw DataPathError.notInstalled("a session with the plugin's database") }
        let layout = settings.lane == .far ? try await Layout.introspect(connection, settings) : try await Layout.complete(connection, settings)
        var missed = try await isBroken(connection)
        if let second {
            await second.setInstalling(true)
            if try await Capture(second.settings).isBroken(second.far) { missed = true }
            if try await second.apart(connection) != nil { missed = true }
        }
        if missed, !acceptingAbsent { try await refuseAbsent(connection, settings) }
        _ = try await second?.countAlike(connection)
        if let second { try await Capture(second.settings).install(second.far, lockTimeoutSeconds: lockTimeoutSeconds, attempts: attempts, acceptingAbsent: true) }
        try await connection.transaction { connection in
            // Two installers at once would collide in the catalogue.
            try await connection.execute("SELECT pg_advisory_xact_lock(\(Locks.install(settings)))")
            try await connection.execute(TablesSQL.create(settings.schema))
            if settings.lane == .http { try await connection.execute(RemoteSQL.tables(settings.schema)) }
            if settings.lane == .separate { try await connection.execute(SeparateSQL.near(settings.schema)) }
            if settings.lane == .far { try await connection.execute(SeparateSQL.far(settings.schema)) } else {
                try await connection.execute(layout.projection.functions)
                try await connection.execute(FreezeSQL(settings).function)
            }
            try await connection.execute(CaptureSQL.functions(layout, variant))
            if variant == .deduplicatedLog {
                try await connection.execute("CREATE UNIQUE INDEX IF NOT EXISTS change_log_one ON \(settings.schema).change_log (id)")
            }
        }
        let there = try await triggers(connection)
        for table in [settings.v1Memories, settings.v2Records, settings.v1Workspaces] {
            let wanted = CaptureSQL.triggers(settings).filter { $0.table == table }
            let wrong = wanted.filter { trigger in
                !there.contains { $0.name == trigger.name && $0.table == table && $0.enabledAlways && $0.function == trigger.function }
            }
            if wrong.isEmpty { continue }
            let statements = wrong.map { trigger in
                """
                DROP TRIGGER IF EXISTS \(trigger.name) ON \(table.sql);
                CREATE TRIGGER \(trigger.name) \(trigger.definition);
                ALTER TABLE \(table.sql) ENABLE ALWAYS TRIGGER \(trigger.name);
                """
            }
            // Rows that were there before us are what somebody made them. Once something was agreed on, a change that went past the
            // triggers is to be found, not adopted.
            let isNew = table == settings.v2Records && !there.contains { $0.table == table }
            let nothingAgreed = isNew
                ? try await connection.query("SELECT NOT EXISTS (SELECT FROM \(settings.schema).placed) AS nothing")[0].bool("nothing") : false
            let adopt = nothingAgreed ? CaptureSQL.adoptKinds(settings) : ""
            try await underLockTimeout(connection, "triggers on \(table)", lockTimeoutSeconds, attempts, statements.joined() + adopt)
        }
        // Over HTTP nobody can list what a store holds; a row found alike when it is read back is agreed on then.
        if settings.lane == .sql || second != nil { try await connection.seeingBoth { try await ForeignRows.adoptTwins($0, layout) } }
        if missed, settings.lane != .far { try await connection.seeingBoth { _ = try await LookAgain.queueEverything($0, layout) } }
        try await second?.tellAllPlaced(connection)
        try await CaptureSeal.remember(connection, settings)
        await second?.setInstalling(false)
    }

    /// Takes the triggers and functions away, and with `keepRecords` false the whole schema.
    ///
    /// With `keepRecords` what was placed, the conflicts, exceptions, kept v2 rows, the frozen digests and the control row stay.
    /// Without it a frozen v1 is refused, since dropping the schema would thaw it. Running it again completes what was left undone.
    public func remove(
        _ connection: PostgresConnection, keepRecords: Bool = false, lockTimeoutSeconds: Double = 0.5, attempts: Int = 20
    ) async throws {
        // First: half of a capture that is taken away on purpose is not one that somebody broke.
        if try await schemaThere(connection) { try await connection.execute("DELETE FROM \(settings.schema).remembered WHERE what = 'capture_seal'") }
        if let second = await connection.partner as? SecondDatabase {
            try await Capture(second.settings).remove(second.far, keepRecords: keepRecords, lockTimeoutSeconds: lockTimeoutSeconds, attempts: attempts)
        }
        let frozen = try await connection.query(
            "SELECT EXISTS (SELECT FROM pg_trigger WHERE tgname = '\(FreezeSQL(settings).trigger)') AS frozen")[0].bool("frozen")
        if frozen && !keepRecords { throw DataPathError.refused("\(settings.v1Memories) is frozen: unfreeze it first") }
        for trigger in try await triggers(connection) {
            try await underLockTimeout(
                connection, "trigger \(trigger.name) on \(trigger.table)", lockTimeoutSeconds, attempts,
                "DROP TRIGGER IF EXISTS \(trigger.name) ON \(trigger.table.sql)")
        }
        let drop =
            keepRecords
            // What lies with the plugin is no record, only told there.
            ? (settings.lane == .far ? "DELETE FROM \(settings.schema).placed;" : "") + TablesSQL.working.map { "DROP TABLE IF EXISTS \(settings.schema).\($0);" }.joined()
                + (CaptureSQL.names + settings.holding.functionNames).map { "DROP FUNCTION IF EXISTS \(settings.schema).\($0);" }.joined()
                + (frozen ? "" : "DROP FUNCTION IF EXISTS \(settings.schema).refuse_write();")
            : "DROP SCHEMA IF EXISTS \(settings.schema) CASCADE"
        if try await schemaThere(connection) {
            try await underLockTimeout(connection, "schema \(settings.schema)", lockTimeoutSeconds, attempts, drop)
        }
    }

    /// Anything of it is still there, in either database. Reads the catalogue only.
    public func isLeft(_ connection: PostgresConnection) async throws -> Bool {
        let log = try await connection.query("SELECT to_regclass('\(settings.schema).change_log') IS NOT NULL AS there")[0].bool("there")
        if log { return true }
        if try await !triggers(connection).isEmpty { return true }
        guard let second = await connection.partner as? SecondDatabase else { return false }
        return try await Capture(second.settings).isLeft(second.far)
    }

    /// Reads the catalogue only.
    public func status(_ connection: PostgresConnection) async throws -> Status {
        let settings = try await settings.asRecorded(connection)
        let there = try await triggers(connection)
        var missing: [String] = []
        var disabled: [String] = []
        for wanted in CaptureSQL.triggers(settings) {
            let name = "\(wanted.table).\(wanted.name)"
            guard
                let found = there.first(where: {
                    $0.name == wanted.name && $0.table == wanted.table && $0.function == wanted.function
                })
            else {
                missing.append(name)
                continue
            }
            if !found.enabledAlways { disabled.append(name) }
        }
        let functions = try await connection.query(
            """
            SELECT p.proname AS bare FROM pg_proc p
            JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = '\(settings.schema)'
            """)
        let bare = Set(try functions.map { try $0.string("bare") })
        // Of the plugin's own database as well, where the session is joined with it.
        let second = await connection.partner as? SecondDatabase
        let far: Status? = if let second { try await Capture(second.settings).status(second.far) } else { nil }
        func beside(_ names: [String]?) -> [String] { (names ?? []).map { "\($0) in the plugin's database" } }
        let tables = try await connection.query(
            """
            SELECT to_regclass('\(settings.schema).change_log') IS NOT NULL AND to_regclass('\(settings.schema).placed') IS NOT NULL AS there
            """)[0].bool("there")
        let wanted = CaptureSQL.names + (settings.lane == .far ? [] : settings.holding.functionNames)
        return Status(
            missingTriggers: missing + beside(far?.missingTriggers), disabledTriggers: disabled + beside(far?.disabledTriggers),
            missingFunctions: wanted.filter { name in !bare.contains(String(name.prefix { $0 != "(" })) } + beside(far?.missingFunctions),
            tablesThere: tables && far?.tablesThere != false)
    }

    public func growth(_ connection: PostgresConnection) async throws -> Growth {
        let row = try await connection.query(
            """
            SELECT (SELECT count(*) FROM \(settings.schema).change_log) AS entries, (SELECT count(*) FROM \(settings.schema).marker) AS markers,
                   pg_total_relation_size('\(settings.schema).change_log') AS bytes
            """)[0]
        return Growth(entries: try row.int("entries"), markers: try row.int("markers"), bytes: try row.int("bytes"))
    }

    // MARK: - Non public

    private func isBroken(_ connection: PostgresConnection) async throws -> Bool {
        guard let sealed = try await CaptureSeal.remembered(connection, settings) else { return false }
        return try await !CaptureSeal.read(connection, settings).isWhole(since: sealed)
    }

    private func refuseAbsent(_ connection: PostgresConnection, _ settings: DataPathSettings) async throws {
        // A store that is reached over HTTP lists nothing, so nothing can be said of it.
        let isHere = settings.lane == .sql || settings.lane == .separate
        let two = isHere ? "count(*) FILTER (WHERE NOT EXISTS (SELECT FROM \(settings.v2Records.sql) r WHERE r.id = p.id))" : "0"
        let (v1, v2) = try await connection.seeingBoth { connection in
            let row = try await connection.query(
                """
                SELECT count(*) FILTER (WHERE NOT EXISTS (SELECT FROM \(settings.v1Memories.sql) m WHERE m.id = p.id)) AS v1,
                    \(two) AS v2
                FROM \(settings.schema).placed p WHERE p.state = 'live'
                """)[0]
            return (try row.int("v1"), try row.int("v2"))
        }
        guard v1 + v2 > 0 else { return }
        throw DataPathError.refused("\(v1) memories that were in step are absent from v1 and \(v2) from v2: captured again, they would count as forgotten")
    }

    struct FoundTrigger: Sendable {
        let name: String
        let table: TableName
        let function: String
        let enabledAlways: Bool
    }

    /// Our capture triggers on any table, wherever the table was renamed to.
    func triggers(_ connection: PostgresConnection) async throws -> [FoundTrigger] {
        let rows = try await connection.query(
            """
            SELECT t.tgname AS name, s.nspname AS schema, c.relname AS table, p.proname AS function, t.tgenabled = 'A' AS always
            FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace s ON s.oid = c.relnamespace
            JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace f ON f.oid = p.pronamespace
            WHERE f.nspname = '\(settings.schema)' AND p.proname LIKE 'capture%' AND NOT t.tgisinternal
            """)
        return try rows.map { row in
            FoundTrigger(
                name: try row.string("name"), table: TableName(try row.string("schema"), try row.string("table")),
                function: try row.string("function"), enabledAlways: try row.bool("always"))
        }
    }

    private func schemaThere(_ connection: PostgresConnection) async throws -> Bool {
        try await connection.query("SELECT to_regnamespace('\(settings.schema)') IS NOT NULL AS there")[0].bool("there")
    }
}

/// Keys of the advisory locks the data path takes.
enum Locks {
    /// Each schema of ours has its own two.
    static func writer(_ settings: DataPathSettings) -> String { "1129534550, hashtext('\(settings.schema) writer')" }
    static func install(_ settings: DataPathSettings) -> String { "1129534550, hashtext('\(settings.schema) install')" }
}

/// Runs the statements in one transaction that gives up on a lock after the timeout, and tries again after a pause.
func underLockTimeout(
    _ connection: PostgresConnection, _ what: String, _ timeoutSeconds: Double, _ attempts: Int, _ sql: String
) async throws {
    for attempt in 1...max(1, attempts) {
        do {
            return try await connection.transaction { connection in
                try await connection.execute("SET LOCAL lock_timeout = \(Int(timeoutSeconds * 1000))")
                try await connection.execute(sql)
            }
        } catch let error as PostgresError where ["55P03", "40P01"].contains(error.sqlState) {
            // The queue behind us gets twice our waiting time to go through before we ask again.
            if attempt < attempts { try await Task.sleep(for: .seconds(timeoutSeconds * 2)) }
        }
    }
    throw DataPathError.tablesBusy(what)
}
