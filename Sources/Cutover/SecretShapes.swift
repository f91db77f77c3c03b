import Foundation

/// Recognises texts that look like secrets, whoever's they are.
public enum SecretShapes {
    /// The kind of secret that `text` looks like. Never quotes it: a finding is printed. Such a text belongs into the env file on the host,
    /// never into a file that is reviewed and kept.
    public static func kind(of text: String) -> String? { kind(of: text, tryingAll: false) }

    /// The text without what looks like a secret in it: for what came from elsewhere and is kept or shown.
    public static func blotted(_ text: String) -> String { blotted(text, tryingAll: false) }

    /// - Parameter tryingAll: each pattern is tried, whether or not any of its marks is there.
    package static func kind(of text: String, tryingAll: Bool) -> String? {
        let marks = Marks(text)
        return shapes.first { shape in
            (tryingAll || marks.any(of: shape.marks)) && text.range(of: shape.pattern, options: [.regularExpression, .caseInsensitive]) != nil
        }?.name
    }

    /// - Parameter tryingAll: each pattern is tried, whether or not any of its marks is there.
    package static func blotted(_ text: String, tryingAll: Bool) -> String {
        let marks = Marks(text)
        return blots.reduce(text) { text, blot in
            guard tryingAll || marks.any(of: blot.marks) else { return text }
            return text.replacingOccurrences(of: blot.pattern, with: blot.template, options: [.regularExpression, .caseInsensitive])
        }
    }

    /// Tells texts that no pattern needs to be tried on: most of them.
    private struct Marks {
        /// In small letters; nil where the text has others than ASCII's, some of which count as one of those.
        private let letters: [UInt8]?

        init(_ text: String) {
            letters = text.utf8.allSatisfy { $0 < 128 } ? text.utf8.map { (65...90).contains($0) ? $0 + 32 : $0 } : nil
        }

        func any(of marks: [StaticString]) -> Bool {
            guard let letters else { return true }
            return letters.withUnsafeBytes { letters in
                marks.contains { ByteSearch.finds(UnsafeRawBufferPointer(start: $0.utf8Start, count: $0.utf8CodeUnitCount), in: letters) }
            }
        }
    }

    // What stands before a word that tells has a bound everywhere: without one, a text of a million letters is read a million times.
    private static let shapes: [(name: String, marks: [StaticString], pattern: String)] = [
        ("a URL with a password", ["://"], #"[a-z][a-z0-9+.-]{0,40}://[^\s/@:]*:[^\s/@]+@"#),
        ("an AWS access key", ["akia", "asia"], #"(?-i:\b(AKIA|ASIA)[0-9A-Z]{16}\b)"#),
        ("a password", ["password", "passwd", "pwd", "secret", "token", "key"], #"(\b|_)(password|passwd|pwd|secret|token|api[_-]?key)\s*=\s*\S"#),
        ("a private key", ["-----begin"], "-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    ]

    /// Rather too much than too little: what is lost here is a word of an explanation. Whatever a pattern finds has one of its marks in it.
    private static let blots: [(marks: [StaticString], pattern: String, template: String)] = [
        (["://"], #"([a-z][a-z0-9+.-]{0,40}://[^\s/@:]*:)[^\s/@]+@"#, "$1[secret]@"),
        (["akia", "asia"], #"(?-i:\b(AKIA|ASIA)[0-9A-Z]{16}\b)"#, "[secret]"),
        (["-----begin"], #"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)"#, "[secret]"),
        (["authorization"], #"(authorization["']?\s*:\s*["']?)[^\n"']+"#, "$1[secret]"),
        (["eyj"], #"\beyJ[\w-]{1,4096}\.[\w-]{1,4096}\.[\w-]*"#, "[secret]"),
        (["bearer", "basic"], #"\b(bearer|basic)\s+[a-z0-9._~+/=-]{6,}"#, "$1 [secret]"),
        (
            ["password", "passwd", "pwd", "secret", "token", "key", "credential"],
            #"([a-z0-9_-]{0,64}(password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|credentials?)[a-z0-9_]{0,64}["']?\s{0,64}[=:]\s*)("[^"]*"|'[^']*'|[^\s"',;&]+)"#,
            "$1[secret]"
        ),
        // `ARCHIVE_KEY=…`, `"SigningKey": "…"`, `Signature=…`: a key or a signature by its name, with less room than the words above have.
        (["key", "signature"], #"([a-z0-9_-]{0,64}(key|signature)["']?\s{0,64}=\s*|["'][a-z0-9_-]{0,64}key["']\s*:\s*)("[^"]*"|'[^']*'|[^\s"',;&}]+)"#, "$1[secret]"),
    ]
}
