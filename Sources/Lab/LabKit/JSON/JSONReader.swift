/// Reads the first JSON value of a text and looks no further, as Go's stream decoder does.
/// Bytes that are not UTF-8 and surrogates without a partner become U+FFFD.
struct JSONReader {
    struct Malformed: Error, CustomStringConvertible {
        let description: String
    }

    private let bytes: [UInt8]
    private var at = 0
    private static let deepest = 1000

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    static func read(_ bytes: [UInt8]) throws(Malformed) -> JSONValue {
        var reader = JSONReader(bytes)
        return try reader.value(depth: 0)
    }

    static func read(_ text: String) throws(Malformed) -> JSONValue { try read(Array(text.utf8)) }

    // MARK: - Non public

    private mutating func skipSpace() {
        while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
    }

    private func malformed(_ what: String) -> Malformed { Malformed(description: "\(what) at byte \(at)") }

    private mutating func value(depth: Int) throws(Malformed) -> JSONValue {
        guard depth < Self.deepest else { throw malformed("nested too deep") }
        skipSpace()
        guard at < bytes.count else { throw malformed("unexpected end") }
        switch bytes[at] {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func word(_ text: String, _ value: JSONValue) throws(Malformed) -> JSONValue {
        let wanted = Array(text.utf8)
        guard bytes.count - at >= wanted.count, Array(bytes[at..<at + wanted.count]) == wanted else {
            throw malformed("invalid literal")
        }
        at += wanted.count
        return value
    }

    private mutating func expect(_ byte: Character) throws(Malformed) {
        skipSpace()
        guard at < bytes.count, byte.asciiValue == bytes[at] else { throw malformed("expected \(byte)") }
        at += 1
    }

    private mutating func take(_ byte: Character) -> Bool {
        skipSpace()
        guard at < bytes.count, byte.asciiValue == bytes[at] else { return false }
        at += 1
        return true
    }

    private mutating func object(depth: Int) throws(Malformed) -> JSONValue {
        try expect("{")
        var members: [JSONValue.Member] = []
        if take("}") { return .object(members) }
        repeat {
            skipSpace()
            let name = try string()
            try expect(":")
            members.append(.init(name: name, value: try value(depth: depth + 1)))
        } while take(",")
        try expect("}")
        return .object(members)
    }

    private mutating func array(depth: Int) throws(Malformed) -> JSONValue {
        try expect("[")
        var items: [JSONValue] = []
        if take("]") { return .array(items) }
        repeat { items.append(try value(depth: depth + 1)) } while take(",")
        try expect("]")
        return .array(items)
    }

    private mutating func number() throws(Malformed) -> String {
        let start = at
        _ = skip("-")
        // A zero at the front stands alone.
        var isWhole = skip("0") || digits() > 0
        if skip(".") { isWhole = digits() > 0 && isWhole }
        if skip("e") || skip("E") {
            if !skip("+") { _ = skip("-") }
            isWhole = digits() > 0 && isWhole
        }
        if !isWhole || at < bytes.count && (isDigit(bytes[at]) || "+-.eE".utf8.contains(bytes[at])) { throw malformed("invalid value") }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private mutating func skip(_ byte: Character) -> Bool {
        guard at < bytes.count, byte.asciiValue == bytes[at] else { return false }
        at += 1
        return true
    }

    private mutating func digits() -> Int {
        let start = at
        while at < bytes.count, isDigit(bytes[at]) { at += 1 }
        return at - start
    }

    private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private mutating func string() throws(Malformed) -> String {
        try expect("\"")
        var text: [UInt8] = []
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try text.append(contentsOf: escape())
            case 0..<0x20: throw malformed("control character in a string")
            default: text.append(byte)
            }
        }
        throw malformed("unterminated string")
    }

    private mutating func escape() throws(Malformed) -> [UInt8] {
        guard at < bytes.count else { throw malformed("unterminated string") }
        let byte = bytes[at]
        at += 1
        switch byte {
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "u"): return Array(String(Character(try escapedScalar())).utf8)
        default: throw malformed("invalid escape")
        }
    }

    private mutating func escapedScalar() throws(Malformed) -> Unicode.Scalar {
        let replacement: Unicode.Scalar = "\u{FFFD}"
        let first = try hexUnit()
        guard (0xD800...0xDFFF).contains(first) else { return Unicode.Scalar(first) ?? replacement }
        guard first < 0xDC00, at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"), bytes[at + 1] == UInt8(ascii: "u")
        else { return replacement }
        let back = at
        at += 2
        let second = try hexUnit()
        guard (0xDC00...0xDFFF).contains(second) else {
            at = back
            return replacement
        }
        return Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)) ?? replacement
    }

    private mutating func hexUnit() throws(Malformed) -> UInt32 {
        guard at + 4 <= bytes.count, let unit = UInt32(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16)
        else { throw malformed("invalid \\u escape") }
        at += 4
        return unit
    }
}
