import CrashPoints
import Cutover
import Foundation
import GRDB

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The file a SQLite journal lives in: how it comes into being, and what it must be to be opened.
struct SQLiteFile {
    let path: String
    var ladder = SQLiteLadder.ladder

    var upgrade: SQLiteUpgrade { SQLiteUpgrade(ladder: ladder, place: "the journal \(path)") }

    /// Another process that writes is waited for this long.
    static let busySeconds = 10.0

    /// Opens the journal, making it first if `create` and there is none. Throws `.unreachable` unless the file is a journal of a schema that this build knows.
    func open(create: Bool, identity: () -> JournalID) throws(JournalError) -> (DatabaseQueue, JournalID) {
        if try isMissing() {
            guard create else {
                throw .unreachable(
                    "there is no journal at \(path): nothing was made; name the right one with --journal PATH, or begin a new one with cutoverctl advance")
            }
            try make(identity())
        }
        if create { removeStrays() }
        try checkHeader()
        do {
            let queue = try DatabaseQueue(path: path, configuration: Self.configuration)
            return (queue, try queue.read { try readIdentity($0) })
        } catch { throw journalError(error, at: path) }
    }

    /// A connection beside the one that writes; nil where there can be none. It is no read-only one: closed last, such a one would leave the log behind.
    func reader() -> DatabaseQueue? { try? DatabaseQueue(path: path, configuration: Self.configuration) }

    static var configuration: Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(busySeconds)
        configuration.prepareDatabase { db in
            // In WAL mode NORMAL would lose the newest commits with the power; an intent has to be durable before the act.
            try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON")
        }
        return configuration
    }

    // MARK: - Non public

    private func isMissing() throws(JournalError) -> Bool {
        var facts = stat()
        guard stat(path, &facts) == 0 else {
            if errno == ENOENT { return true }
            throw .unreachable("the journal \(path) can't be looked at: \(String(cString: strerror(errno))); check the path and its rights")
        }
        if facts.st_mode & S_IFMT == S_IFDIR {
            throw .unreachable("\(path) is a folder, not a journal: name a file, such as --journal \(path)/cutover.db")
        }
        return false
    }

    private func checkHeader() throws(JournalError) {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw .unreachable("the journal \(path) can't be read: check its rights, it belongs to whoever made it (mode 0600)")
        }
        defer { try? file.close() }
        let head = (try? file.read(upToCount: 16)) ?? Data()
        if head.isEmpty {
            throw .unreachable("\(path) is empty, so it is no journal (a copy that failed leaves such a file): restore it from a backup, or move it away to begin anew")
        }
        guard head == Data("SQLite format 3\0".utf8) else {
            throw .unreachable("\(path) is not a SQLite database, so it is no journal: name the right one with --journal PATH")
        }
    }

    private func make(_ identity: JournalID) throws(JournalError) {
        _ = try build(named: String(identity.text.prefix(12))) { queue in
            try queue.inDatabase { db in
                try db.execute(sql: "PRAGMA journal_mode = WAL")
                try db.inTransaction {
                    try upgrade.make(identity, db)
                    return .commit
                }
            }
        }
    }

    /// The journal is built whole under another name and then linked into place: nobody ever sees half of one,
    /// and of two processes that begin one at the same time the second finds the first one's, and is told false.
    func build(named name: String, _ fill: (DatabaseQueue) throws -> Void) throws(JournalError) -> Bool {
        let draft = "\(path).new-\(name)-\(getpid())"
        CrashPoint.reached("draft begun", file: path)
        let descriptor = Self.createEmpty(draft)
        guard descriptor >= 0 else {
            throw .unreachable("the journal \(path) can't be made: \(String(cString: strerror(errno))); check that its folder exists and is yours")
        }
        close(descriptor)
        defer { for suffix in ["", "-wal", "-shm", "-journal"] { unlink(draft + suffix) } }
        do {
            let queue = try DatabaseQueue(path: draft, configuration: Self.configuration)
            try fill(queue)
            CrashPoint.reached("draft not closed", file: path)
            try queue.close()
        } catch { throw journalError(error, at: path) }
        CrashPoint.reached("draft made", file: path)
        let isFirst = link(draft, path) == 0
        guard isFirst || errno == EEXIST else {
            throw .unreachable("the journal \(path) can't be put in place: \(String(cString: strerror(errno))); use a local file system")
        }
        CrashPoint.reached("linked", file: path)
        syncFolder()
        CrashPoint.reached("made", file: path)
        return isFirst
    }

    /// Whoever was killed while he made a journal left his draft beside it.
    private func removeStrays() {
        let place = URL(filePath: path)
        let folder = place.deletingLastPathComponent().path(percentEncoded: false)
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where name.hasPrefix("\(place.lastPathComponent).new-") {
            let pid = name.split(separator: "-").compactMap { Int32($0) }.last
            if let pid, kill(pid, 0) != 0, errno == ESRCH { unlink("\(folder)/\(name)") }
        }
    }

    private static func createEmpty(_ path: String) -> Int32 {
        #if canImport(Darwin)
            Darwin.open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        #elseif canImport(Musl)
            Musl.open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        #else
            Glibc.open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        #endif
    }

    /// Makes the new name durable; the content already is.
    private func syncFolder() {
        let folder = opendir(URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false))
        guard let folder else { return }
        fsync(dirfd(folder))
        closedir(folder)
    }

    private func readIdentity(_ db: Database) throws -> JournalID {
        guard try Int.fetchOne(db, sql: "PRAGMA application_id") == SQLiteLadder.applicationID else {
            throw JournalError.unreachable("\(path) is a SQLite database, but no journal of Cutover: name the right one with --journal PATH")
        }
        guard let identity = try String.fetchOne(db, sql: "SELECT identity FROM meta") else {
            throw JournalError.unreachable("the journal \(path) has lost its identity: restore it from a backup")
        }
        try upgrade.requireKnown(db)
        return JournalID(identity)
    }
}

/// What a failed statement means to whoever asked; the journal's own errors pass unchanged.
func journalError(_ error: any Error, at path: String) -> JournalError {
    if let error = error as? JournalError { return error }
    guard let error = error as? DatabaseError else { return .unreachable("the journal \(path) failed: \(error)") }
    // Where not even its shared memory finds room, SQLite calls a full disk by other names.
    let hasNoRoom = error.resultCode == .SQLITE_FULL || [.SQLITE_IOERR, .SQLITE_CANTOPEN].contains(error.resultCode) && DiskRoom.isLacking(at: path)
    if hasNoRoom { return .unreachable("the disk under the journal \(path) is full: make room and try again") }
    return switch error.resultCode {
    case .SQLITE_BUSY, .SQLITE_LOCKED:
        .unreachable("the journal \(path) has been busy for \(Int(SQLiteFile.busySeconds)) s: another process writes to it; nothing was written, try again")
    case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_CANTOPEN:
        .unreachable("the journal \(path) can't be written: check the rights of the file and its folder")
    case .SQLITE_CORRUPT, .SQLITE_NOTADB:
        .unreachable("the journal \(path) is damaged (\(error.message ?? "unreadable page")): restore it from a backup")
    default: .unreachable("the journal \(path) failed: \(error.message ?? "SQLite error \(error.resultCode.rawValue)")")
    }
}
