import Cutover
import Postgres

/// What a failure of the database means to whoever asked. Neither an address nor a password is ever repeated.
enum PostgresWords {
    /// May the same be tried again, with the same or another session? Nothing of it was written, or it is looked for.
    static func mayPass(_ error: PostgresError, wasConnected: Bool) -> Bool {
        switch error.kind {
        case .connectionLost: true
        case .notConnected: wasConnected
        // Collisions, what is locked, a server that has become a standby or is just ending.
        case .refused: ["40001", "40P01", "55P03", "25006", "57P01", "57P02", "57P03", "53300"].contains(error.sqlState)
        case .unexpectedResult: false
        }
    }

    static func journalError(_ error: PostgresError) -> JournalError {
        let what = "the journal in PostgreSQL"
        switch error.kind {
        case .notConnected: return .unreachable("\(what) can't be reached: \(error.message)")
        case .connectionLost: return .unreachable("\(what) can't be reached any more: \(error.message); what was being written is on record whole or not at all")
        case .unexpectedResult: return .unreachable("\(what) is not as this build knows it: \(error.message)")
        case .refused: break
        }
        return switch error.sqlState {
        case "57014": .unreachable("\(what) did not answer in time: the database or the way to it is too slow; nothing was written, try again")
        case "55P03": .unreachable("\(what) has been locked by another worker for too long; nothing was written, try again")
        case "53100": .unreachable("the disk under \(what) is full: make room and try again")
        case "53300": .unreachable("the database of \(what) takes no more connections: end some, or raise max_connections")
        case "25006": .unreachable("\(what) stands on a standby, which takes no writes: name the primary, or add target_session_attrs=read-write to the address")
        case "42501": .unreachable("\(what) may not be used by this role (\(error.message)): grant it the database or the schema cutover_journal")
        case "42P01", "3F000", "42703": .unreachable("\(what) is not whole (\(error.message)): restore it from a backup")
        case "23001": .unreachable("\(what) refused what would change the past: \(error.message)")
        default: .unreachable("\(what) failed: \(error)")
        }
    }
}
