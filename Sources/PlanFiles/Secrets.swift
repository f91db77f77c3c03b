import Foundation

/// Recognises texts that look like secrets. Such a text belongs into the env file on the host, never into a file that is reviewed and kept.
enum Secrets {
    /// The kind of secret that `text` looks like. Never quotes it: a finding is printed.
    static func kind(of text: String) -> String? {
        shapes.first { text.range(of: $0.pattern, options: [.regularExpression, .caseInsensitive]) != nil }?.name
    }

    private static let shapes: [(name: String, pattern: String)] = [
        ("a URL with a password", #"[a-z][a-z0-9+.-]*://[^\s/@:]*:[^\s/@]+@"#),
        ("an AWS access key", #"(?-i:\b(AKIA|ASIA)[0-9A-Z]{16}\b)"#),
        ("a password", #"\b(password|passwd|pwd|secret|token|api[_-]?key)\s*=\s*\S"#),
        ("a private key", "-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    ]
}
