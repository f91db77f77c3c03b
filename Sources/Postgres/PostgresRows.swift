public import Foundation

/// What a statement returned: rows in the server's order, values in text form.
public struct PostgresRows: Sendable, RandomAccessCollection {
    public let columns: [String]
    /// Rows the statement inserted, updated, deleted or returned.
    public let affected: Int
    private let positions: [String: Int]
    private let values: [[String?]]

    init(columns: [String], values: [[String?]], affected: Int) {
        self.columns = columns
        self.values = values
        self.affected = affected
        positions = Dictionary(zip(columns, columns.indices), uniquingKeysWith: { first, _ in first })
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { values.count }

    public subscript(position: Int) -> PostgresRow {
        PostgresRow(positions: positions, values: values[position])
    }
}

/// One row; each accessor throws `.unexpectedResult` when the column is missing, NULL or not of that type.
public struct PostgresRow: Sendable {
    let positions: [String: Int]
    let values: [String?]

    /// Nil when the value is NULL; throws only when there is no such column.
    public func optionalString(_ column: String) throws(PostgresError) -> String? {
        guard let position = positions[column] else {
            throw PostgresError(.unexpectedResult, message: "the result has no column \(column)")
        }
        return values[position]
    }

    public func isNull(_ column: String) throws(PostgresError) -> Bool {
        try optionalString(column) == nil
    }

    public func string(_ column: String) throws(PostgresError) -> String {
        guard let text = try optionalString(column) else { throw mismatch(column, "a value") }
        return text
    }

    public func int(_ column: String) throws(PostgresError) -> Int {
        guard let number = Int(try string(column)) else { throw mismatch(column, "a whole number") }
        return number
    }

    public func optionalInt(_ column: String) throws(PostgresError) -> Int? {
        try isNull(column) ? nil : try int(column)
    }

    public func double(_ column: String) throws(PostgresError) -> Double {
        guard let number = Double(try string(column)) else { throw mismatch(column, "a number") }
        return number
    }

    public func optionalDouble(_ column: String) throws(PostgresError) -> Double? {
        try isNull(column) ? nil : try double(column)
    }

    public func bool(_ column: String) throws(PostgresError) -> Bool {
        switch try string(column) {
        case "t": return true
        case "f": return false
        default: throw mismatch(column, "a boolean")
        }
    }

    public func uuid(_ column: String) throws(PostgresError) -> UUID {
        guard let uuid = UUID(uuidString: try string(column)) else { throw mismatch(column, "a UUID") }
        return uuid
    }

    public func optionalUUID(_ column: String) throws(PostgresError) -> UUID? {
        try isNull(column) ? nil : try uuid(column)
    }

    public func bytes(_ column: String) throws(PostgresError) -> [UInt8] {
        let text = try string(column)
        guard text.hasPrefix("\\x"), let bytes = Hex.bytes(text.dropFirst(2)) else {
            throw mismatch(column, "a bytea in hex form")
        }
        return bytes
    }

    public func optionalBytes(_ column: String) throws(PostgresError) -> [UInt8]? {
        try isNull(column) ? nil : try bytes(column)
    }

    private func mismatch(_ column: String, _ wanted: String) -> PostgresError {
        PostgresError(.unexpectedResult, message: "column \(column) does not hold \(wanted)")
    }
}
