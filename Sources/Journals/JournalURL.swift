public import Cutover

/// Opens the journal that `text` names: a plain path or `sqlite:PATH`.
/// Throws `.unreachable` for a scheme that this build has no backend for; `random` gives a new journal its identity.
public func openJournal(_ text: String, create: Bool, random: any RandomSource) throws(JournalError) -> any Journal {
    switch JournalURL(text) {
    case .sqlite(let path):
        guard !path.isEmpty else { throw .unreachable("no journal is named: give a path, such as --journal ./cutover.db") }
        return try SQLiteJournal.open(path: path, create: create) { JournalID(Digest.hex(random.bytes(16))) }
    case .foreign(let scheme):
        // The address may hold a password: only its scheme is repeated.
        let known = scheme == "postgres" || scheme == "postgresql"
        throw .unreachable(
            "a \(scheme): journal is \(known ? "not supported yet by this build" : "not known to this build"): use a file, such as --journal ./cutover.db")
    }
}

/// A scheme and what follows it.
enum JournalURL: Equatable {
    case sqlite(path: String)
    case foreign(scheme: String)

    init(_ text: String) {
        guard let colon = text.firstIndex(of: ":"), !text[..<colon].contains("/"), !text[..<colon].contains(".") else {
            self = .sqlite(path: text)
            return
        }
        let scheme = text[..<colon].lowercased()
        var rest = text[text.index(after: colon)...]
        guard scheme == "sqlite" else {
            self = .foreign(scheme: scheme)
            return
        }
        if rest.hasPrefix("//") { rest = rest.dropFirst(2) }
        self = .sqlite(path: String(rest))
    }
}
