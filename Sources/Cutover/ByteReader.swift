/// Reads a text of a known form by hand, byte by byte: where thousands are read at once, a general reader takes twenty times as long.
/// Who finds another form than the known one leaves the text to that reader.
public struct ByteReader {
    public let bytes: UnsafeBufferPointer<UInt8>
    public var place = 0

    /// - Parameter bytes: valid UTF-8, which has to outlive the reader.
    public init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    public var isAtEnd: Bool { place == bytes.count }

    /// Goes past the word, where it comes next.
    public mutating func take(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard place + count <= bytes.count else { return false }
        for index in 0..<count where bytes[place + index] != word.utf8Start[index] { return false }
        place += count
        return true
    }

    /// The text of a JSON string. Nil for one with an escape in it, or a control character, which JSON refuses.
    public mutating func string() -> String? {
        guard take("\"") else { return nil }
        let start = place
        while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
            guard bytes[place] >= 0x20, bytes[place] != UInt8(ascii: "\\") else { return nil }
            place += 1
        }
        let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<place]), as: UTF8.self)
        return take("\"") ? text : nil
    }
}
