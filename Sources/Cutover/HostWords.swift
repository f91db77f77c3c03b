/// What a host says is anybody's word, until it is cut to a length, without secrets, and without what could redraw a terminal.
public enum HostWords {
    /// Of a failure, in bytes.
    private static let most = 4000
    /// JSON's numbers with more digits than this are no counts, sizes or times of ours, and sums of them would end the program.
    private static let mostDigits = 15

    public static func taken(_ text: String) -> String {
        // Twice as much is looked at as is kept: a secret that the first cut leaves half of stands behind the second.
        cut(plain(SecretShapes.blotted(cut(text, to: 2 * most))), to: most)
    }

    /// Lines stay; other control characters, and those that turn the direction of writing, become blanks.
    public static func plain(_ text: String) -> String {
        guard hasUnprintable(text) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { isUnprintable($0) ? " " : $0 }))
    }

    public static func hasUnprintable(_ text: String) -> Bool {
        // Most texts are plain letters from end to end, and a large fleet's is megabytes.
        if text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) || $0 == 0x0A || $0 == 0x09 }) { return false }
        return text.unicodeScalars.contains(where: isUnprintable)
    }

    public static func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A: false
        case 0..<0x20, 0x7F..<0xA0: true
        // Marks, embeddings, overrides and isolates of direction; the separators that end a line for some.
        case 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    /// At most so many bytes, whole characters only.
    public static func cut(_ text: String, to bytes: Int) -> String {
        if text.utf8.count <= bytes { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: bytes - 3)
        while end > text.startIndex, end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return text[..<end] + "…"
    }

    /// Whether each number within a JSON text has no more digits before its point than `mostDigits`, and no larger exponent.
    static func hasPlainNumbers(_ json: String) -> Bool {
        var (digits, exponent) = (0, 0)
        var (isText, isEscaped, isFraction, isExponent) = (false, false, false, false)
        for byte in json.utf8 {
            if isText {
                if isEscaped { isEscaped = false } else if byte == UInt8(ascii: "\\") { isEscaped = true } else if byte == UInt8(ascii: "\"") { isText = false }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isText = true
            case 48...57:
                if isExponent { exponent = min(exponent * 10 + Int(byte - 48), 1000) } else if !isFraction { digits += 1 }
                if digits > mostDigits || exponent > mostDigits { return false }
                continue
            case UInt8(ascii: "."): isFraction = true
                continue
            // A small number's exponent is below zero, and does no harm.
            case UInt8(ascii: "e"), UInt8(ascii: "E"): isExponent = digits > 0 || isFraction
                continue
            case UInt8(ascii: "-") where isExponent: (isExponent, isFraction) = (false, true)
                continue
            case UInt8(ascii: "+") where isExponent: continue
            default: break
            }
            (digits, exponent, isFraction, isExponent) = (0, 0, false, false)
        }
        return true
    }
}
