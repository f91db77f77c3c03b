public import Cutover

/// Opens the journal that `text` names: a plain path or `sqlite:PATH`, or a PostgreSQL database as libpq's `postgres://…`, which is connected to when
/// it is first used. Throws `.unreachable` for a scheme that this build has no backend for; `random` gives a new journal its identity.
public func openJournal(_ text: String, create: Bool, random: any RandomSource) throws(JournalError) -> any Journal {
    let newIdentity: @Sendable () -> JournalID = { JournalID(Digest.hex(random.bytes(16))) }
    switch JournalURL(text) {
    case .sqlite(let path):
        guard !path.isEmpty else { throw .unreachable("no journal is named: give a path, such as --journal ./cutover.db") }
        return try SQLiteJournal.open(path: path, create: create, identity: newIdentity)
    case .postgres(let url): return PostgresJournal(url: url, newIdentity: create ? newIdentity : nil)
    case .foreign(let scheme):
        // The address may hold a password: only its scheme is repeated.
        throw .unreachable("a \(scheme): journal is not known to this build: use a file, such as --journal ./cutover.db, or postgres://HOST/DATABASE")
    }
}

/// Whether anything is there yet; a file that was opened is.
public func isBegun(_ journal: any Journal) async throws(JournalError) -> Bool {
    guard let journal = journal as? PostgresJournal else { return true }
    return try await journal.isBegun()
}

/// A scheme and what follows it.
enum JournalURL: Equatable {
    case sqlite(path: String)
    case postgres(url: String)
    case foreign(scheme: String)

    init(_ text: String) {
        guard let colon = text.firstIndex(of: ":"), !text[..<colon].contains("/"), !text[..<colon].contains(".") else {
            self = .sqlite(path: text)
            return
        }
        let scheme = text[..<colon].lowercased()
        var rest = text[text.index(after: colon)...]
        switch scheme {
        case "sqlite":
            if rest.hasPrefix("//") { rest = rest.dropFirst(2) }
            self = .sqlite(path: String(rest))
        case "postgres", "postgresql": self = .postgres(url: scheme + ":" + rest)
        default: self = .foreign(scheme: scheme)
        }
    }
}
