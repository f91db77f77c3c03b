/// Reads one JSON value from bytes. Written for answers of a hundred records at a time, where a general decoder is the slowest part.
struct JSONParser {
    struct Malformed: Error, Equatable { let at: Int }

    private let bytes: UnsafeBufferPointer<UInt8>
    private var place = 0
    private static let deepest = 200

    static func parse(_ bytes: [UInt8]) throws(Malformed) -> JSONNode {
        let result: Result<JSONNode, Malformed> = bytes.withUnsafeBufferPointer { buffer in
            var parser = JSONParser(bytes: buffer)
            do throws(Malformed) {
                let node = try parser.value(depth: 0)
                parser.skipBlanks()
                guard parser.place == buffer.count else { throw Malformed(at: parser.place) }
                return .success(node)
            } catch { return .failure(error) }
        }
        return try result.get()
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func skipBlanks() {
        while let byte = next, byte == 32 || (9...10).contains(byte) || byte == 13 { place += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipBlanks()
        guard next == byte else { return false }
        place += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws(Malformed) { if !take(byte) { throw Malformed(at: place) } }

    private mutating func value(depth: Int) throws(Malformed) -> JSONNode {
        guard depth < Self.deepest else { throw Malformed(at: place) }
        skipBlanks()
        switch next {
        case UInt8(ascii: "{"): return try object(depth)
        case UInt8(ascii: "["): return try array(depth)
        case UInt8(ascii: "\""): return .text(try text())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func object(_ depth: Int) throws(Malformed) -> JSONNode {
        place += 1
        var members: [JSONNode.Member] = []
        if take(UInt8(ascii: "}")) { return .object(members) }
        repeat {
            skipBlanks()
            guard next == UInt8(ascii: "\"") else { throw Malformed(at: place) }
            let name = try text()
            try expect(UInt8(ascii: ":"))
            members.append(.init(name: name, value: try value(depth: depth + 1)))
        } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
        return .object(members)
    }

    private mutating func array(_ depth: Int) throws(Malformed) -> JSONNode {
        place += 1
        var items: [JSONNode] = []
        if take(UInt8(ascii: "]")) { return .array(items) }
        repeat { items.append(try value(depth: depth + 1)) } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"))
        return .array(items)
    }

    private mutating func word(_ word: StaticString, _ node: JSONNode) throws(Malformed) -> JSONNode {
        let length = word.utf8CodeUnitCount
        guard place + length <= bytes.count, (0..<length).allSatisfy({ bytes[place + $0] == word.utf8Start[$0] }) else { throw Malformed(at: place) }
        place += length
        return node
    }

    private mutating func number() throws(Malformed) -> JSONNode {
        let start = place
        while let byte = next, (48...57).contains(byte) || [43, 45, 46, 69, 101].contains(byte) { place += 1 }
        let digits = String(decoding: bytes[start..<place], as: UTF8.self)
        guard Double(digits) != nil else { throw Malformed(at: start) }
        return .number(digits)
    }

    private mutating func text() throws(Malformed) -> String {
        place += 1
        let start = place
        while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { place += 1 }
        // Most texts hold no escape: one piece.
        if next == UInt8(ascii: "\"") {
            place += 1
            return String(decoding: bytes[start..<(place - 1)], as: UTF8.self)
        }
        var units = [UInt8](bytes[start..<place])
        while let byte = next {
            place += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: units, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &units)
            default: units.append(byte)
            }
        }
        throw Malformed(at: place)
    }

    private mutating func escape(into units: inout [UInt8]) throws(Malformed) {
        guard let byte = next else { throw Malformed(at: place) }
        place += 1
        switch byte {
        case UInt8(ascii: "n"): units.append(10)
        case UInt8(ascii: "t"): units.append(9)
        case UInt8(ascii: "r"): units.append(13)
        case UInt8(ascii: "b"): units.append(8)
        case UInt8(ascii: "f"): units.append(12)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): units.append(byte)
        case UInt8(ascii: "u"):
            var code = try hex()
            if (0xD800..<0xDC00).contains(code), place + 1 < bytes.count, bytes[place] == UInt8(ascii: "\\"), bytes[place + 1] == UInt8(ascii: "u") {
                place += 2
                let low = try hex()
                code = (0xDC00..<0xE000).contains(low) ? 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00) : 0xFFFD
            }
            units.append(contentsOf: String(Unicode.Scalar(code) ?? "\u{FFFD}").utf8)
        default: throw Malformed(at: place)
        }
    }

    private mutating func hex() throws(Malformed) -> UInt32 {
        guard place + 4 <= bytes.count, let code = UInt32(String(decoding: bytes[place..<(place + 4)], as: UTF8.self), radix: 16) else { throw Malformed(at: place) }
        place += 4
        return code
    }
}
