import Cutover
import Postgres

/// The database that a journal stands in: its sessions, each one user's at a time, and which journal it is.
actor PostgresDatabase {
    nonisolated let patience: PostgresPatience
    nonisolated let ladder: SchemaLadder
    private let url: String
    /// Gives a journal that is to be made its identity; nil where none is to be made.
    private let newIdentity: (@Sendable () -> JournalID)?

    private static let mostSessions = 4
    private var idle: [PostgresConnection] = []
    private var sessions = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var wasConnected = false
    private var known: JournalID?
    private var isOfThisSchema = false

    init(url: String, ladder: SchemaLadder, patience: PostgresPatience, newIdentity: (@Sendable () -> JournalID)?) {
        self.url = url
        self.ladder = ladder
        self.patience = patience
        self.newIdentity = newIdentity
    }

    /// Throws `.unreachable` where there is no journal and none is to be made, or where it has a schema that this build does not know.
    func identity() async throws(JournalError) -> JournalID {
        if let known { return known }
        let (ladder, newIdentity) = (ladder, newIdentity)
        let found = try await attempt { (connection, _) in try await PostgresUpgrade(ladder: ladder, connection: connection).find(orMake: newIdentity) }
        known = found
        return found
    }

    /// Takes the journal to this build's schema, if it stands on an older one: before the first write, so that reading changes nothing.
    func ready() async throws(JournalError) -> JournalID {
        let identity = try await identity()
        if isOfThisSchema { return identity }
        let ladder = ladder
        try await attempt { (connection, _) in try await PostgresUpgrade(ladder: ladder, connection: connection).move(to: ladder.newest) }
        isOfThisSchema = true
        return identity
    }

    func isBegun() async throws(JournalError) -> Bool {
        let ladder = ladder
        return try await attempt { (connection, _) in try await PostgresUpgrade(ladder: ladder, connection: connection).isThere() }
    }

    /// Has `body` work with a session. Where that was lost, or collided with somebody else's, with another one again, as long as patience lasts.
    /// - Parameter body: is told whether an earlier attempt may have come further than anybody heard of.
    func attempt<Value: Sendable>(_ body: @Sendable (PostgresConnection, Bool) async throws -> Value) async throws(JournalError) -> Value {
        let clock = ContinuousClock()
        let end = clock.now.advanced(by: .seconds(patience.again))
        var pause = 20
        var isAgain = false
        while true {
            do {
                let connection = try await take()
                do {
                    let value = try await body(connection, isAgain)
                    await giveBack(connection)
                    return value
                } catch {
                    await giveBack(connection, after: error)
                    throw error
                }
            } catch let error as PostgresError {
                guard PostgresWords.mayPass(error, wasConnected: wasConnected), clock.now < end else { throw PostgresWords.journalError(error) }
            } catch let error as JournalError { throw error } catch { throw .unreachable("the journal in PostgreSQL failed: \(error)") }
            isAgain = true
            try? await Task.sleep(for: .milliseconds(pause))
            pause = min(2 * pause, 1000)
        }
    }

    // MARK: - Non public

    private func take() async throws(PostgresError) -> PostgresConnection {
        while true {
            if let connection = idle.popLast() {
                if await connection.isOpen { return connection }
                left()
                continue
            }
            if sessions < Self.mostSessions { break }
            await withCheckedContinuation { waiting.append($0) }
        }
        sessions += 1
        do throws(PostgresError) {
            let connection = try await connect()
            wasConnected = true
            return connection
        } catch {
            left()
            throw error
        }
    }

    private func connect() async throws(PostgresError) -> PostgresConnection {
        let connection = try await PostgresConnection.connect(
            url, applicationName: "cutover-journal", statementTimeoutSeconds: patience.statement, silenceSeconds: patience.silence)
        // A session that is set to answer before a commit is durable would break what this journal promises; one that waits for standbys is left so.
        try await connection.execute(
            """
            SET lock_timeout = \(Int(patience.lock * 1000)); SET idle_in_transaction_session_timeout = \(Int(patience.idle * 1000)); \
            SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')
            """)
        return connection
    }

    private func giveBack(_ connection: PostgresConnection, after error: (any Error)? = nil) async {
        // A server that takes no writes any more keeps its sessions: another one may have become the primary.
        let isUseless = (error as? PostgresError)?.sqlState == "25006"
        let (isOpen, inTransaction) = (await connection.isOpen, await connection.inTransaction)
        if isOpen, !inTransaction, !isUseless {
            idle.append(connection)
            wakeOne()
        } else {
            await connection.close()
            left()
        }
    }

    private func left() {
        sessions -= 1
        wakeOne()
    }

    private func wakeOne() { if !waiting.isEmpty { waiting.removeFirst().resume() } }
}
