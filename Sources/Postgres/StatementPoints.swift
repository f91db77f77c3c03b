import CLibpq

extension PostgresConnection {
    private static let writers: Set = ["INSERT", "UPDATE", "DELETE", "TRUNCATE", "CREATE", "ALTER", "DROP", "GRANT", "REVOKE", "COMMENT", "DO"]

    /// A statement that is a transaction of its own and lasts, by its first words: the names of crash points. Nil of any other.
    static func write(_ sql: String, on connection: OpaquePointer) -> String? {
        guard PQtransactionStatus(connection) == PQTRANS_IDLE else { return nil }
        let words = sql.split(maxSplits: 4, whereSeparator: \.isWhitespace).prefix(4).map { $0.prefix { !"(;".contains($0) } }
        guard let first = words.first?.uppercased() else { return nil }
        if writers.contains(first) { return words.prefix(first == "UPDATE" ? 2 : 3).joined(separator: " ") }
        guard first == "WITH", ["INSERT INTO", "UPDATE ", "DELETE FROM"].contains(where: { sql.contains($0) }) else { return nil }
        return words.prefix(2).joined(separator: " ")
    }
}
