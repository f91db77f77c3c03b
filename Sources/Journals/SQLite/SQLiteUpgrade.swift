import Cutover
import GRDB

/// Takes a journal's file from one schema to another, within the caller's transaction: whole or not at all.
struct SQLiteUpgrade {
    let ladder: SchemaLadder
    /// As it is called in what is said of it.
    let place: String

    func schema(_ db: Database) throws -> Int {
        guard let schema = try Int.fetchOne(db.cachedStatement(sql: "SELECT schema FROM meta")) else {
            throw JournalError.unreachable("\(place) has lost its identity: restore it from a backup")
        }
        return schema
    }

    /// Throws `.unreachable` where a newer build has taken the journal further than this one knows.
    func requireKnown(_ db: Database) throws {
        let program = try? String.fetchOne(db, sql: "SELECT program FROM upgrades ORDER BY number DESC LIMIT 1")
        try ladder.requireKnown(try schema(db), of: place, program: program ?? nil)
    }

    /// - Parameter identity: of a journal that is to be made; its tables are, too.
    func make(_ identity: JournalID, _ db: Database) throws {
        for statement in ladder.way(from: 0, to: ladder.newest) ?? [] { try db.execute(sql: statement) }
        try db.execute(sql: "INSERT INTO meta (identity, schema) VALUES (?, ?)", arguments: [identity.text, ladder.newest])
        try db.execute(sql: "PRAGMA application_id = \(SQLiteLadder.applicationID)")
        try tell(from: 0, to: ladder.newest, db)
    }

    /// Forward or back. Every write comes by here first, so that reading a journal never changes it.
    func move(to wanted: Int, _ db: Database) throws {
        let schema = try schema(db)
        if schema == wanted { return }
        try requireKnown(db)
        guard let way = ladder.way(from: schema, to: wanted) else {
            throw JournalError.unreachable("no way leads from schema \(schema) to \(wanted): this build knows 1 to \(ladder.newest)")
        }
        // A journal of the first schema lets nobody change the number.
        let number = { try db.execute(sql: "UPDATE meta SET schema = ?", arguments: [wanted]) }
        if wanted < schema { try number() }
        for statement in way { try db.execute(sql: statement) }
        if wanted > schema { try number() }
        try tell(from: schema, to: wanted, db)
    }

    private func tell(from: Int, to: Int, _ db: Database) throws {
        guard to >= 2 else { return }
        try db.execute(sql: "INSERT INTO upgrades (from_schema, to_schema, program) VALUES (?, ?, ?)", arguments: [from, to, Build.name])
    }
}
