import CLibpq
import CrashPoints
import Synchronization

/// One session with a PostgreSQL server. Statements run in the order they are asked for, on a thread of the connection's own.
///
/// A transaction belongs to the session: while one is open, only its owner may use the connection.
public actor PostgresConnection {
    private let queue: ConnectionQueue
    private var handle: ConnectionHandle?
    /// Nil waits for an answer however long it takes.
    private let silenceSeconds: Double?
    /// Names of the statements this session has parsed, by their text.
    private var parsed: [String: String] = [:]
    private nonisolated let canceller = Mutex<Canceller?>(nil)
    /// Takes part in every `transaction` of this session.
    public private(set) var partner: (any TransactionPartner)?
    /// True from the start of a `COPY … TO STDOUT` until its end was read.
    var isCopyingOut = false

    public nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

    /// Connects, waiting at most the URL's `connect_timeout` or 10 seconds.
    ///
    /// Values are exchanged in UTF-8, times in UTC and ISO form. Throws `.notConnected`.
    /// - Parameters:
    ///   - readOnly: sets `default_transaction_read_only`; nothing else is refused.
    ///   - statementTimeoutSeconds: nil leaves the server's own setting.
    ///   - silenceSeconds: a session from whose server nothing comes for so long while a statement is under way is given up as lost. Such a
    ///     session has no COPY.
    public static func connect(
        _ url: String, readOnly: Bool = false, applicationName: String = "cutover", statementTimeoutSeconds: Double? = nil, silenceSeconds: Double? = nil
    ) async throws(PostgresError) -> PostgresConnection {
        let connection = PostgresConnection(queue: ConnectionQueue(label: "cutover.postgres.\(applicationName)"), silenceSeconds: silenceSeconds)
        try await connection.start(ConnectionOpening(url: url, applicationName: applicationName))
        var settings = """
            SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY'; SET bytea_output = 'hex'; \
            SET extra_float_digits = 3; SET standard_conforming_strings = on;
            """
        if readOnly { settings += "SET default_transaction_read_only = on;" }
        if let seconds = statementTimeoutSeconds {
            settings += "SET statement_timeout = \(Int((seconds * 1000).rounded(.up)));"
        }
        try await connection.execute(settings)
        return connection
    }

    init(queue: ConnectionQueue, silenceSeconds: Double?) {
        self.queue = queue
        self.silenceSeconds = silenceSeconds
    }

    /// Runs one statement with parameters `$1…`. NULL is nil.
    @discardableResult
    public func query(_ sql: String, _ parameters: [PostgresValue?] = []) throws(PostgresError) -> PostgresRows {
        let connection = try open()
        let texts = parameters.map { $0?.wireText }
        let result = try withCStrings(texts) { (values) throws(PostgresError) in
            CrashPoint.reached(Self.write(sql, on: connection).map { "\($0) begun" })
            return try ask(connection, { PQexecParams(connection, sql, Int32(texts.count), nil, values, nil, nil, 0) }) {
                PQsendQueryParams(connection, sql, Int32(texts.count), nil, values, nil, nil, 0)
            }
        }
        CrashPoint.reached(Self.write(sql, on: connection).map { "\($0) done" })
        return try read(result, from: connection)
    }

    /// As `query`, with the statement parsed once a session: for what is asked again and again.
    @discardableResult
    public func prepared(_ sql: String, _ parameters: [PostgresValue?] = []) throws(PostgresError) -> PostgresRows {
        let connection = try open()
        let name = parsed[sql] ?? "s\(parsed.count)"
        if parsed[sql] == nil {
            _ = try read(try ask(connection, { PQprepare(connection, name, sql, 0, nil) }) { PQsendPrepare(connection, name, sql, 0, nil) }, from: connection)
            parsed[sql] = name
        }
        let texts = parameters.map { $0?.wireText }
        let result = try withCStrings(texts) { (values) throws(PostgresError) in
            CrashPoint.reached(Self.write(sql, on: connection).map { "\($0) begun" })
            return try ask(connection, { PQexecPrepared(connection, name, Int32(texts.count), values, nil, nil, 0) }) {
                PQsendQueryPrepared(connection, name, Int32(texts.count), values, nil, nil, 0)
            }
        }
        CrashPoint.reached(Self.write(sql, on: connection).map { "\($0) done" })
        return try read(result, from: connection)
    }

    /// Runs one or more statements separated by semicolons, without parameters; outside a transaction they are one transaction.
    public func execute(_ sql: String) throws(PostgresError) {
        let connection = try open()
        CrashPoint.reached(Self.write(sql, on: connection).map { "\($0) begun" })
        _ = try read(try ask(connection, { PQexec(connection, sql) }) { PQsendQuery(connection, sql) }, from: connection)
        CrashPoint.reached(Self.write(sql, on: connection).map { "\($0) done" })
    }

    /// Interrupts the statement under way, which then throws with state 57014. Returns at once.
    public nonisolated func cancel() {
        canceller.withLock { $0 }?.cancel()
    }

    func cancelAndWait() {
        canceller.withLock { $0 }?.cancelAndWait()
    }

    /// Ends the session; an open transaction is rolled back by the server.
    public func close() async {
        handle = nil
        await partner?.close()
    }

    /// From here on every `transaction` of this session is also one of the partner's.
    public func join(_ partner: any TransactionPartner) {
        self.partner = partner
    }

    /// False once the session is closed or was found dead.
    public var isOpen: Bool {
        guard let handle else { return false }
        return PQstatus(handle.pointer) == CONNECTION_OK
    }

    /// True while a transaction is open, failed ones included.
    public var inTransaction: Bool {
        guard let handle else { return false }
        return PQtransactionStatus(handle.pointer) != PQTRANS_IDLE
    }

    // MARK: - Non public

    private func start(_ opening: ConnectionOpening) throws(PostgresError) {
        let handle = try opening.open()
        let pointer = handle.pointer
        canceller.withLock { $0 = Canceller(pointer) }
        if silenceSeconds != nil { _ = PQsetnonblocking(pointer, 1) }
        self.handle = handle
    }

    /// - Parameter wait: the same as `send`, waiting however long it takes.
    private func ask(
        _ connection: OpaquePointer, _ wait: () -> OpaquePointer?, _ send: () -> Int32
    ) throws(PostgresError) -> OpaquePointer? {
        guard let silenceSeconds else { return wait() }
        switch AnswerWait(connection: connection, silenceSeconds: silenceSeconds).answer(to: send) {
        case .answered(let result): return result
        case .silence:
            // What it may still answer would be taken for the answer to something else.
            handle = nil
            throw PostgresError(.connectionLost, message: "the database has not answered for \(Int(silenceSeconds.rounded())) s")
        }
    }

    var hasFailedTransaction: Bool {
        guard let handle else { return true }
        return PQtransactionStatus(handle.pointer) == PQTRANS_INERROR
    }

    func open() throws(PostgresError) -> OpaquePointer {
        guard let handle else {
            throw PostgresError(.connectionLost, message: "the database connection is closed")
        }
        return handle.pointer
    }

    /// Takes ownership of `result`.
    func read(_ result: OpaquePointer?, from connection: OpaquePointer) throws(PostgresError) -> PostgresRows {
        guard let result else { throw failure(nil, on: connection) }
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY, PGRES_COPY_IN, PGRES_COPY_OUT:
            return rows(of: result)
        default:
            throw failure(result, on: connection)
        }
    }

    func failure(_ result: OpaquePointer?, on connection: OpaquePointer) -> PostgresError {
        func field(_ code: Int32) -> String? {
            guard let result, let text = PQresultErrorField(result, code) else { return nil }
            return String(cString: text)
        }
        // Without a state it was not the server that spoke: what became of the statement, nobody knows.
        guard PQstatus(connection) == CONNECTION_OK, let state = field(CLIBPQ_DIAG_SQLSTATE) else {
            return PostgresError(
                .connectionLost, sqlState: field(CLIBPQ_DIAG_SQLSTATE) ?? "",
                message: "the connection to the database was lost")
        }
        return PostgresError(
            .refused, sqlState: state,
            message: field(CLIBPQ_DIAG_MESSAGE_PRIMARY) ?? "the statement could not be carried out",
            detail: field(CLIBPQ_DIAG_MESSAGE_DETAIL), constraint: field(CLIBPQ_DIAG_CONSTRAINT_NAME))
    }

    private func rows(of result: OpaquePointer) -> PostgresRows {
        let width = PQnfields(result)
        let columns = (0..<width).map { PQfname(result, $0).map { String(cString: $0) } ?? "" }
        let values = (0..<PQntuples(result)).map { row in
            (0..<width).map { column -> String? in
                guard PQgetisnull(result, row, column) == 0, let text = PQgetvalue(result, row, column) else { return nil }
                return String(cString: text)
            }
        }
        let affected = PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0
        return PostgresRows(columns: columns, values: values, affected: affected)
    }
}

/// Lends the texts as an array of C strings for the time of `body`.
private func withCStrings(
    _ texts: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) throws(PostgresError) -> OpaquePointer?
) throws(PostgresError) -> OpaquePointer? {
    // One buffer holding all texts: their addresses do not move while it is borrowed.
    var bytes: [CChar] = []
    var offsets: [Int?] = []
    for text in texts {
        guard let text else {
            offsets.append(nil)
            continue
        }
        offsets.append(bytes.count)
        bytes.append(contentsOf: text.utf8CString)
    }
    return try bytes.withUnsafeBufferPointer { (buffer) throws(PostgresError) in
        let pointers = offsets.map { offset in offset.flatMap { at in buffer.baseAddress.map { $0 + at } } }
        return try pointers.withUnsafeBufferPointer { (list) throws(PostgresError) in try body(list.baseAddress) }
    }
}
