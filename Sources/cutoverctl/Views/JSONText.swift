import Cutover
import Foundation

/// The one form in which commands write JSON: keys in order, so that two answers can be compared as text.
enum JSONText {
    /// Whole documents, for `--json`.
    static func document(_ value: some Encodable) throws -> String { try text(value, [.prettyPrinted]) }
    /// One line, for `--json-lines`.
    static func line(_ value: some Encodable) throws -> String { try text(value, []) }

    /// A text with its quotes.
    static func text(_ plain: String) throws -> String {
        let isPlain = plain.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        return isPlain ? "\"\(plain)\"" : try line(plain)
    }

    private static func text(_ value: some Encodable, _ formatting: JSONEncoder.OutputFormatting) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = formatting.union([.sortedKeys, .withoutEscapingSlashes])
        return escaped(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// The same document, in which what could redraw a terminal is spelled out; such characters stand in JSON's texts alone.
    static func escaped(_ json: String) -> String {
        guard HostWords.hasUnprintable(json) else { return json }
        var text = ""
        for scalar in json.unicodeScalars {
            if HostWords.isUnprintable(scalar) { text += "\\u" + String(scalar.value + 0x10000, radix: 16).dropFirst() } else { text.unicodeScalars.append(scalar) }
        }
        return text
    }
}
