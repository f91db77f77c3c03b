import Cutover

/// An event's facts as both journals keep them: an object of strings.
enum FactsText {
    /// What can't be read comes out as it is, for the chain to show.
    static func facts(_ text: String) -> [String: String] {
        var text = text
        return text.withUTF8(plain) ?? (try? CanonicalJSON.value([String: String].self, from: text)) ?? ["unreadable": text]
    }

    /// Read by hand, for millions of events are read at once: as it is stored, no escape in it, and no name twice. Anything else is the general reader's.
    private static func plain(_ bytes: UnsafeBufferPointer<UInt8>) -> [String: String]? {
        var place = 0
        func take(_ byte: UInt8) -> Bool {
            guard place < bytes.count, bytes[place] == byte else { return false }
            place += 1
            return true
        }
        func word() -> String? {
            guard take(UInt8(ascii: "\"")) else { return nil }
            let start = place
            while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
                guard bytes[place] >= 0x20, bytes[place] != UInt8(ascii: "\\") else { return nil }
                place += 1
            }
            let word = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<place]), as: UTF8.self)
            return take(UInt8(ascii: "\"")) ? word : nil
        }
        guard take(UInt8(ascii: "{")) else { return nil }
        var facts: [String: String] = [:]
        if !take(UInt8(ascii: "}")) {
            repeat {
                guard let name = word(), take(UInt8(ascii: ":")), let value = word(), facts.updateValue(value, forKey: name) == nil else { return nil }
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "}")) else { return nil }
        }
        return place == bytes.count ? facts : nil
    }
}
