import CrashPoints
import Cutover
import Postgres

/// Finds a journal in a database, makes it, and takes it from one schema to another.
struct PostgresUpgrade {
    let ladder: SchemaLadder
    let connection: PostgresConnection

    static let place = "the journal in PostgreSQL"

    /// Read in the catalogue's tables: what a session remembers of names it does not ask for again behind a lock that is no table's.
    func isThere() async throws -> Bool {
        try await connection.query(
            """
            SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = 'cutover_journal' AND c.relname = 'meta') AS there
            """)[0].bool("there")
    }

    /// Of several that make it at the same time one does, and the others find it.
    func find(orMake newIdentity: (@Sendable () -> JournalID)?) async throws -> JournalID {
        if try await !isThere() {
            guard let newIdentity else {
                throw JournalError.unreachable(
                    "there is no journal in this database: nothing was made; name the right one with --journal, or begin a new one with cutoverctl advance")
            }
            CrashPoint.reached("journal made")
            try await alone { () async throws in
                if try await isThere() { return }
                for statement in ladder.way(from: 0, to: ladder.newest) ?? [] { try await connection.execute(statement) }
                try await connection.query(
                    "INSERT INTO cutover_journal.meta (identity, schema) VALUES ($1, $2)", [.text(newIdentity().text), .int(ladder.newest)])
                try await tell(from: 0, to: ladder.newest)
            }
        }
        let (identity, schema) = try await read()
        try ladder.requireKnown(schema, of: Self.place, program: try? await lastProgram())
        return identity
    }

    /// Forward or back, whole or not at all. Writers wait meanwhile, and find another schema then.
    func move(to wanted: Int) async throws {
        if try await read().schema == wanted { return }
        try await alone { () async throws in
            try await connection.execute("LOCK TABLE cutover_journal.meta IN ACCESS EXCLUSIVE MODE")
            let (_, schema) = try await read()
            if schema == wanted { return }
            try ladder.requireKnown(schema, of: Self.place, program: try? await lastProgram())
            guard let way = ladder.way(from: schema, to: wanted) else {
                throw JournalError.unreachable("no way leads from schema \(schema) to \(wanted): this build knows 1 to \(ladder.newest)")
            }
            for statement in way { try await connection.execute(statement) }
            try await connection.query("UPDATE cutover_journal.meta SET schema = $1", [.int(wanted)])
            try await tell(from: schema, to: wanted)
        }
    }

    func read() async throws -> (identity: JournalID, schema: Int) {
        guard let row = try await connection.query("SELECT identity, schema FROM cutover_journal.meta").first else {
            throw JournalError.unreachable("\(Self.place) has lost its identity: restore it from a backup")
        }
        return (JournalID(try row.string("identity")), try row.int("schema"))
    }

    // MARK: - Non public

    private func tell(from: Int, to: Int) async throws {
        try await connection.query(
            "INSERT INTO cutover_journal.upgrades (from_schema, to_schema, program) VALUES ($1, $2, $3)", [.int(from), .int(to), .text(Build.name)])
    }

    private func lastProgram() async throws -> String? {
        try await connection.query("SELECT program FROM cutover_journal.upgrades ORDER BY number DESC LIMIT 1").first?.string("program")
    }

    private func alone(_ body: () async throws -> Void) async throws {
        try await connection.transaction { connection in
            try await connection.query("SELECT pg_advisory_xact_lock($1)", [.int(PostgresLadder.lock)])
            try await body()
        }
    }
}
