import Cutover

/// An event's facts as both journals keep them: an object of strings.
enum FactsText {
    /// What can't be read comes out as it is, for the chain to show.
    static func facts(_ text: String) -> [String: String] {
        var text = text
        return text.withUTF8(plain) ?? (try? CanonicalJSON.value([String: String].self, from: text)) ?? ["unreadable": text]
    }

    /// As it is stored, no escape in it, and no name twice.
    private static func plain(_ bytes: UnsafeBufferPointer<UInt8>) -> [String: String]? {
        var reader = ByteReader(bytes)
        guard reader.take("{") else { return nil }
        var facts: [String: String] = [:]
        if !reader.take("}") {
            repeat {
                guard let name = reader.string(), reader.take(":"), let value = reader.string(), facts.updateValue(value, forKey: name) == nil else { return nil }
            } while reader.take(",")
            guard reader.take("}") else { return nil }
        }
        return reader.isAtEnd ? facts : nil
    }
}
