import Foundation

/// The one form in which commands write JSON: keys in order, so that two answers can be compared as text.
enum JSONText {
    /// Whole documents, for `--json`.
    static func document(_ value: some Encodable) throws -> String { try text(value, [.prettyPrinted]) }
    /// One line, for `--json-lines`.
    static func line(_ value: some Encodable) throws -> String { try text(value, []) }

    private static func text(_ value: some Encodable, _ formatting: JSONEncoder.OutputFormatting) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = formatting.union([.sortedKeys, .withoutEscapingSlashes])
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
