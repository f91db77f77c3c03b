public import Cutover

/// The schema that a journal stands on, and the newest one that this build knows.
public struct JournalSchema: Sendable, Equatable {
    public let current: Int
    public let newest: Int

    /// Reading it changes nothing. Throws `.unreachable` where there is no journal, or a newer one than this build knows.
    public static func read(_ journal: any Journal) async throws(JournalError) -> JournalSchema {
        switch journal {
        case let journal as SQLiteJournal: JournalSchema(current: try await journal.schema(), newest: SQLiteLadder.ladder.newest)
        case let journal as PostgresJournal: JournalSchema(current: try await journal.schema(), newest: PostgresLadder.ladder.newest)
        default: throw .unreachable("this journal has no schema")
        }
    }

    /// Takes it there, forward or back, whole or not at all; every event, head and lease stays.
    /// - warning: the next write of this build takes it forward again: go on with the build that it was taken back for.
    public static func move(_ journal: any Journal, to schema: Int) async throws(JournalError) {
        switch journal {
        case let journal as SQLiteJournal: try await journal.move(to: schema)
        case let journal as PostgresJournal: try await journal.move(to: schema)
        default: throw .unreachable("this journal has no schema")
        }
    }
}
