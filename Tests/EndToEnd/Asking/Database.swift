import CLibpq

/// One connection to a tenant's database, for what no program of ours tells.
final class Database {
    private let connection: OpaquePointer

    init(url: String) throws {
        guard let connection = PQconnectdb(url) else { throw Trouble("no memory for a connection") }
        guard PQstatus(connection) == CONNECTION_OK else {
            defer { PQfinish(connection) }
            throw Trouble("the database does not answer: \(String(cString: PQerrorMessage(connection)))")
        }
        self.connection = connection
        PQclear(PQexec(connection, "SET client_min_messages = warning"))
    }

    deinit { PQfinish(connection) }

    /// The rows of the last statement, as text; a NULL is an empty text.
    @discardableResult
    func rows(_ sql: String) throws -> [[String]] {
        let result = PQexec(connection, sql)
        defer { PQclear(result) }
        // What was read counts from now on, and not ten seconds later, when it would be taken for somebody else's.
        PQclear(PQexec(connection, "SELECT pg_stat_force_next_flush()"))
        let status = PQresultStatus(result)
        guard status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK else {
            throw Trouble("\(String(cString: PQresultErrorMessage(result))) in: \(sql)")
        }
        return (0..<PQntuples(result)).map { row in
            (0..<PQnfields(result)).map { column in String(cString: PQgetvalue(result, row, column)) }
        }
    }

    func texts(_ sql: String) throws -> [String] { try rows(sql).compactMap(\.first) }
    func number(_ sql: String) throws -> Int { try texts(sql).first.flatMap { Int($0) } ?? 0 }
}
