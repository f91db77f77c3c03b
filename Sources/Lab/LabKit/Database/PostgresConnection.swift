import CLibpq
import Foundation

/// What PostgreSQL answered instead of rows.
struct PostgresError: Error, CustomStringConvertible {
    /// Five characters of SQLSTATE; empty when the connection itself failed.
    let sqlstate: String
    let message: String
    var description: String { sqlstate.isEmpty ? message : "\(message) (\(sqlstate))" }
}

/// One blocking libpq connection; not to be used from two threads at once.
/// A connection that broke is opened anew at the next call.
final class PostgresConnection {
    private let url: String
    private var handle: OpaquePointer?

    init(url: String) { self.url = url }

    deinit { PQfinish(handle) }

    /// Runs one statement with text parameters; every value comes back as text.
    @discardableResult
    func query(_ sql: String, _ parameters: [String?] = []) throws(PostgresError) -> [Row] {
        // libpq passes C strings: past a NUL the rest would silently be lost.
        guard parameters.allSatisfy({ $0?.utf8.contains(0) != true }) else {
            throw PostgresError(sqlstate: "22021", message: "invalid byte sequence for encoding \"UTF8\": 0x00")
        }
        let open = try opened()
        var pointers = parameters.map { $0.flatMap { strdup($0) } }
        defer { pointers.forEach { free($0) } }
        let result = pointers.withUnsafeMutableBufferPointer { buffer in
            buffer.withMemoryRebound(to: UnsafePointer<CChar>?.self) { texts in
                PQexecParams(open, sql, Int32(texts.count), nil, texts.baseAddress, nil, nil, 0)
            }
        }
        defer { PQclear(result) }
        return try rows(of: result)
    }

    /// Runs a script of several statements in one implicit transaction.
    func run(_ script: String) throws(PostgresError) {
        let result = PQexec(try opened(), script)
        defer { PQclear(result) }
        _ = try rows(of: result)
    }

    /// Streams lines in COPY's text format into the statement's table.
    func copy(_ statement: String, _ lines: some Sequence<String>) throws(PostgresError) {
        let open = try opened()
        let started = PQexec(open, statement)
        let status = PQresultStatus(started)
        PQclear(started)
        guard status == PGRES_COPY_IN else { throw failure(message: connectionMessage(open)) }
        for line in lines {
            let sent = (line + "\n").withCString { PQputCopyData(open, $0, Int32(strlen($0))) }
            guard sent == 1 else { throw failure(message: connectionMessage(open)) }
        }
        guard PQputCopyEnd(open, nil) == 1 else { throw failure(message: connectionMessage(open)) }
        var problem: PostgresError?
        while let result = PQgetResult(open) {
            if PQresultStatus(result) != PGRES_COMMAND_OK { problem = error(in: result) }
            PQclear(result)
        }
        if let problem { throw problem }
    }

    // MARK: - Non public

    private func opened() throws(PostgresError) -> OpaquePointer {
        if let handle, PQstatus(handle) == CONNECTION_OK { return handle }
        PQfinish(handle)
        handle = nil
        guard let fresh = PQconnectdb(url) else { throw failure(message: "out of memory") }
        guard PQstatus(fresh) == CONNECTION_OK else {
            let message = connectionMessage(fresh)
            PQfinish(fresh)
            throw failure(message: message)
        }
        _ = PQsetClientEncoding(fresh, "UTF8")
        _ = PQsetNoticeProcessor(fresh, { _, _ in }, nil)
        handle = fresh
        return fresh
    }

    private func failure(message: String) -> PostgresError { PostgresError(sqlstate: "", message: message) }

    private func connectionMessage(_ connection: OpaquePointer) -> String {
        String(cString: PQerrorMessage(connection)).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func error(in result: OpaquePointer?) -> PostgresError {
        let state = PQresultErrorField(result, CLIBPQ_DIAG_SQLSTATE).map { String(cString: $0) } ?? ""
        let message = String(cString: PQresultErrorMessage(result)).trimmingCharacters(in: .whitespacesAndNewlines)
        return PostgresError(sqlstate: state, message: message)
    }

    private func rows(of result: OpaquePointer?) throws(PostgresError) -> [Row] {
        let status = PQresultStatus(result)
        guard status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK else { throw error(in: result) }
        let columns = PQnfields(result)
        let names = (0..<columns).map { String(cString: PQfname(result, $0)) }
        var positions: [String: Int] = [:]
        for (index, name) in names.enumerated() { positions[name] = index }
        let named = positions
        return (0..<PQntuples(result)).map { row in
            Row(
                positions: named,
                values: (0..<columns).map { column in
                    PQgetisnull(result, row, column) == 1 ? nil : String(cString: PQgetvalue(result, row, column))
                })
        }
    }
}

/// One row of an answer: text by column name, nil for NULL.
struct Row: Sendable {
    fileprivate let positions: [String: Int]
    fileprivate let values: [String?]

    subscript(name: String) -> String? { positions[name].flatMap { values[$0] } }
}
