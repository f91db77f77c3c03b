import CLibpq
import Foundation

/// One attempt to open a session. Blocks, so it runs on the connection's own queue.
struct ConnectionOpening {
    let url: String
    let applicationName: String

    func open() throws(PostgresError) -> ConnectionHandle {
        let secrets = try readURL()
        var settings = [("dbname", url), ("application_name", applicationName), ("client_encoding", "UTF8")]
        if !secrets.hasTimeout { settings.append(("connect_timeout", "10")) }
        guard let pointer = connect(settings) else {
            throw PostgresError(.notConnected, message: "no memory for a database connection")
        }
        let handle = ConnectionHandle(pointer)
        guard PQstatus(pointer) == CONNECTION_OK else {
            throw PostgresError(.notConnected, message: refusal(of: pointer, hiding: secrets.password))
        }
        // Notices would go to standard error, which belongs to the program.
        _ = PQsetNoticeProcessor(pointer, { _, _ in }, nil)
        return handle
    }

    private func connect(_ settings: [(String, String)]) -> OpaquePointer? {
        let keywords = settings.map { strdup($0.0) } + [nil]
        let values = settings.map { strdup($0.1) } + [nil]
        defer { (keywords + values).forEach { free($0) } }
        return keywords.map { UnsafePointer($0) }.withUnsafeBufferPointer { keywords in
            values.map { UnsafePointer($0) }.withUnsafeBufferPointer { values in
                PQconnectdbParams(keywords.baseAddress, values.baseAddress, 1)
            }
        }
    }

    /// Throws without libpq's own text, which may quote pieces of the URL.
    private func readURL() throws(PostgresError) -> (password: String?, hasTimeout: Bool) {
        var complaint: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(url, &complaint) else {
            PQfreemem(complaint)
            throw PostgresError(.notConnected, message: "the database URL cannot be read")
        }
        defer { PQconninfoFree(options) }
        var password: String?
        var hasTimeout = false
        var option = options
        while let keyword = option.pointee.keyword {
            let value = option.pointee.val.map { String(cString: $0) }
            switch String(cString: keyword) {
            case "password": password = value
            case "connect_timeout": hasTimeout = value != nil
            default: break
            }
            option += 1
        }
        return (password, hasTimeout)
    }

    /// The reason without host, port or address: a URL cut at the wrong character can put its password there.
    private func refusal(of pointer: OpaquePointer, hiding password: String?) -> String {
        let text = PQerrorMessage(pointer).map { String(cString: $0) } ?? ""
        var reason = "the server cannot be reached"
        if let fatal = text.range(of: "FATAL:", options: .backwards) {
            reason = text[fatal.upperBound...].prefix { $0 != "\n" }.trimmingCharacters(in: .whitespaces)
        } else if text.contains("translate host name") {
            reason = "the host name cannot be resolved"
        } else if let failed = text.range(of: "failed: ", options: .backwards) {
            reason = text[failed.upperBound...].prefix { $0 != "\n" }.trimmingCharacters(in: .whitespaces)
        }
        if let password, !password.isEmpty { reason = reason.replacingOccurrences(of: password, with: "…") }
        return "not connected to the database: \(reason)"
    }
}
