/// An answer as it stands on the wire, put together by hand: the simulated host shares no types with the program it stands in for.
enum Said: Sendable {
    case nothing, flag(Bool), number(Int), text(String), list([Said]), fields([String: Said])

    /// Already JSON.
    case json(String)

    static func texts(_ values: some Sequence<String>) -> Said { .list(values.map { .text($0) }) }
    static func facts(_ values: [String: String]) -> Said { .fields(values.mapValues { .text($0) }) }
    static func optional(_ text: String?) -> Said { text.map { .text($0) } ?? .nothing }

    /// With sorted keys, as the real program writes it.
    var json: String {
        switch self {
        case .nothing: "null"
        case .flag(let value): value ? "true" : "false"
        case .number(let value): String(value)
        case .text(let text): Self.quoted(text)
        case .list(let values): "[\(values.map(\.json).joined(separator: ","))]"
        case .fields(let fields): "{\(fields.sorted { $0.key < $1.key }.map { "\(Self.quoted($0.key)):\($0.value.json)" }.joined(separator: ","))}"
        case .json(let text): text
        }
    }

    private static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = [UInt8(ascii: "\"")]
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            // Nothing of ours has control characters in it but line ends.
            case UInt8(ascii: "\n"): bytes += Array("\\n".utf8)
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes + [UInt8(ascii: "\"")], as: UTF8.self)
    }
}

extension Said: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    init(stringLiteral value: String) { self = .text(value) }
    init(integerLiteral value: Int) { self = .number(value) }
    init(booleanLiteral value: Bool) { self = .flag(value) }
    init(arrayLiteral elements: Said...) { self = .list(elements) }
    init(dictionaryLiteral elements: (String, Said)...) { self = .fields(Dictionary(uniqueKeysWithValues: elements)) }
}
