#if DEBUG
    @testable import Cutover
    import Simulation

    /// What a liar chooses by: the input's bytes first, and then chance that follows from them.
    struct Choices: Sendable {
        private var bytes: ArraySlice<UInt8>
        private var chance: Chance

        init(_ bytes: [UInt8]) {
            self.bytes = bytes[...]
            chance = Chance(seed: bytes.reduce(UInt64(1)) { $0 &* 31 &+ UInt64($1) })
        }

        mutating func below(_ bound: Int) -> Int { bytes.popFirst().map { Int($0) % bound } ?? chance.number(below: bound) }

        mutating func number() -> Int {
            switch below(6) {
            case 0: 0
            case 1: 1
            case 2: -1
            case 3: [.max, .min, 1 << 53, 999_999_999_999_999, -999_999_999_999_999][below(5)]
            default: below(1000)
            }
        }

        mutating func fraction() -> Double { [0, 1, -1, 0.5, 1e15, -1e15, 1e300, 3.25][below(8)] }
        mutating func status() -> HostAnswer.Status { [.done, .failed, .unknown, .refused, .disagrees][below(5)] }

        mutating func text() -> String {
            let texts = [
                "", "acme", "zeta", "@fleet", "../../zeta/ops", "a\nb", "\u{1B}[2J\u{1B}]0;owned\u{7}", "\u{9B}31m", "'; DROP TABLE agent_memories; --", "$(touch /tmp/x)", "`id`", "password=hunter2hunter2",
                "postgres://u:p@h/d", "2026-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "9223372036854775807", "-1", "{\"a\":1}", "[]", String(repeating: "x", count: 70_000), String(repeating: "a.-", count: 20_000),
                "public.agent_memories", "0123456789abcdef0123456789abcdef", "\u{202E}evil", "é\u{301}", "start", "ok", "1.0.0",
            ]
            return texts[below(texts.count)]
        }

        /// A word that an enumeration might have.
        mutating func word() -> String {
            let words = [
                "live", "gone", "conflict", "green", "safety", "availability", "counted", "paused", "reset", "gap", "sql", "http", "memories", "keyValues", "v1", "v2", "frozen", "hold", "archive", "nothingToDo", "gained",
                "lost", "both", "neither", "block", "sign", "flag", "done", "failed", "open", "shut", "copy", "look", "agent_memories", "workspace_memory", "nothingChanged", "unknown", "truncate", "bulk", "role", "missing", "extra", "differs",
            ]
            return words[below(words.count)]
        }
    }

    /// The choices, shared by everything that is fabricated for one value.
    final class Fabric {
        var choices: Choices
        var depth = 0
        init(_ choices: Choices) { self.choices = choices }

        func text() -> String { choices.below(3) == 0 ? choices.word() : choices.text() }
    }

    struct Made: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// Decodes any type from nothing: each part of it is chosen.
    struct FabricDecoder: Decoder {
        let fabric: Fabric
        var codingPath: [any CodingKey] { [] }
        var userInfo: [CodingUserInfoKey: Any] { [:] }

        func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> { KeyedDecodingContainer(Keyed<Key>(fabric: fabric)) }
        func unkeyedContainer() throws -> any UnkeyedDecodingContainer { Unkeyed(fabric: fabric, count: fabric.choices.below(4)) }
        func singleValueContainer() throws -> any SingleValueDecodingContainer { Single(fabric: fabric) }
    }

    extension Fabric {
        func value<Value: Decodable>(_ type: Value.Type) throws -> Value {
            depth += 1
            defer { depth -= 1 }
            guard depth < 20 else { throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "too deep")) }
            if Value.self == [String: String].self {
                var made: [String: String] = [:]
                for _ in 0..<choices.below(5) { made[text()] = text() }
                if let made = made as? Value { return made }
            }
            return try Value(from: FabricDecoder(fabric: self))
        }
    }

    private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let fabric: Fabric
        var codingPath: [any CodingKey] { [] }
        /// For dictionaries and for enumerations with values: whichever of these words is a key of theirs.
        var allKeys: [Key] { (0..<fabric.choices.below(4)).compactMap { _ in Key(stringValue: fabric.text()) } }
        func contains(_ key: Key) -> Bool { fabric.choices.below(8) > 0 }
        func decodeNil(forKey key: Key) throws -> Bool { fabric.choices.below(4) == 0 }
        func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { fabric.choices.below(3) > 0 }
        func decode(_ type: String.Type, forKey key: Key) throws -> String { fabric.text() }
        func decode(_ type: Double.Type, forKey key: Key) throws -> Double { fabric.choices.fraction() }
        func decode(_ type: Int.Type, forKey key: Key) throws -> Int { fabric.choices.number() }
        func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value { try fabric.value(type) }
        func nestedContainer<Other: CodingKey>(keyedBy type: Other.Type, forKey key: Key) throws -> KeyedDecodingContainer<Other> { KeyedDecodingContainer(Keyed<Other>(fabric: fabric)) }
        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { Unkeyed(fabric: fabric, count: fabric.choices.below(4)) }
        func superDecoder() throws -> any Decoder { FabricDecoder(fabric: fabric) }
        func superDecoder(forKey key: Key) throws -> any Decoder { FabricDecoder(fabric: fabric) }
    }

    private struct Unkeyed: UnkeyedDecodingContainer {
        let fabric: Fabric
        let count: Int?
        var codingPath: [any CodingKey] { [] }
        var currentIndex = 0
        var isAtEnd: Bool { currentIndex >= count ?? 0 }

        init(fabric: Fabric, count: Int) { (self.fabric, self.count) = (fabric, count) }

        mutating func decodeNil() throws -> Bool { false }
        mutating func decode(_ type: String.Type) throws -> String {
            currentIndex += 1
            return fabric.text()
        }
        mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
            currentIndex += 1
            return try fabric.value(type)
        }
        mutating func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
            currentIndex += 1
            return KeyedDecodingContainer(Keyed<Key>(fabric: fabric))
        }
        mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
            currentIndex += 1
            return Unkeyed(fabric: fabric, count: fabric.choices.below(4))
        }
        mutating func superDecoder() throws -> any Decoder { FabricDecoder(fabric: fabric) }
    }

    private struct Single: SingleValueDecodingContainer {
        let fabric: Fabric
        var codingPath: [any CodingKey] { [] }
        func decodeNil() -> Bool { fabric.choices.below(4) == 0 }
        func decode(_ type: Bool.Type) throws -> Bool { fabric.choices.below(3) > 0 }
        func decode(_ type: String.Type) throws -> String { fabric.text() }
        func decode(_ type: Double.Type) throws -> Double { fabric.choices.fraction() }
        func decode(_ type: Float.Type) throws -> Float { Float(fabric.choices.fraction()) }
        func decode(_ type: Int.Type) throws -> Int { fabric.choices.number() }
        func decode(_ type: Int8.Type) throws -> Int8 { Int8(truncatingIfNeeded: fabric.choices.number()) }
        func decode(_ type: Int16.Type) throws -> Int16 { Int16(truncatingIfNeeded: fabric.choices.number()) }
        func decode(_ type: Int32.Type) throws -> Int32 { Int32(truncatingIfNeeded: fabric.choices.number()) }
        func decode(_ type: Int64.Type) throws -> Int64 { Int64(fabric.choices.number()) }
        func decode(_ type: UInt.Type) throws -> UInt { UInt(bitPattern: fabric.choices.number()) }
        func decode(_ type: UInt8.Type) throws -> UInt8 { UInt8(truncatingIfNeeded: fabric.choices.number()) }
        func decode(_ type: UInt16.Type) throws -> UInt16 { UInt16(truncatingIfNeeded: fabric.choices.number()) }
        func decode(_ type: UInt32.Type) throws -> UInt32 { UInt32(truncatingIfNeeded: fabric.choices.number()) }
        func decode(_ type: UInt64.Type) throws -> UInt64 { UInt64(bitPattern: Int64(fabric.choices.number())) }
        func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try fabric.value(type) }
    }
#endif
