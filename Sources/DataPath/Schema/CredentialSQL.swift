/// Texts that look like credentials: v1 rows can be older than the platform's own scrubbing.
enum CredentialSQL {
    /// What is looked for. `keeping`: the part of a match, in brackets, that stays when the rest is blotted out.
    private struct Kind: Sendable {
        let name: String
        let pattern: String
        var keeping = false
    }

    private static let kinds = [
        Kind(name: "private-key", pattern: "-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?"),
        Kind(name: "aws-access-key", pattern: "(?:AKIA|ASIA)[0-9A-Z]{16}"),
        Kind(name: "github-token", pattern: #"\m(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{22,})"#),
        Kind(name: "slack-token", pattern: #"\mxox[a-z]-[A-Za-z0-9-]{10,}"#),
        Kind(name: "google-api-key", pattern: #"\mAIza[0-9A-Za-z_-]{35}"#),
        Kind(name: "json-web-token", pattern: #"\meyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"#),
        Kind(name: "secret-key", pattern: #"\msk-[A-Za-z0-9_-]{16,}"#),
        Kind(name: "bearer-token", pattern: #"(?i)(\mbearer +)[A-Za-z0-9._~+/-]{20,}=*"#, keeping: true),
        Kind(name: "url-password", pattern: #"(\m[a-z][a-z0-9+.-]*://[^\s:/@]+:)(?!\[REDACTED\]@)[^\s@/]+(?=@)"#, keeping: true),
        Kind(
            name: "assigned-secret",
            pattern: #"(?i)(\m(?:password|passwd|secret|token|api[_-]?key)=)(?!\[REDACTED\](?:\s|$))\S+"#, keeping: true),
    ]

    /// Two fast looks at what every pattern needs: most texts have none of it. The fewer letters common in texts the first one asks for,
    /// the faster it is.
    private static let hints = [
        "[=@_-]|AKIA|ASIA|AIza|yJ|[Bb][Ee][Aa][Rr][Ee][Rr] ",
        "[=@]|AKIA|ASIA|sk-|gh[pousr]_|github_pat_|xox|AIza|PRIVATE KEY|eyJ|[Bb][Ee][Aa][Rr][Ee][Rr] ",
    ]

    static let names = ["credential(text)", "redacted(text)"]

    /// `credential` names the first kind that a text seems to hold, or is NULL; `redacted` is the text without any, and of itself once more the same.
    static func create(_ schema: String) -> String {
        let found = kinds.map { "WHEN content ~ \(literal($0.pattern)) THEN \(literal($0.name))" }.joined(separator: "\n                ")
        let blotted = kinds.reduce("content") { text, kind in
            "regexp_replace(\(text), \(literal(kind.pattern)), '\(kind.keeping ? #"\1"# : "")[REDACTED]', 'g')"
        }
        return """
            CREATE OR REPLACE FUNCTION \(schema).credential(content text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
                SELECT CASE \(hints.map { "WHEN content !~ \(literal($0)) THEN NULL" }.joined(separator: " "))
                \(found) END
            $f$;
            CREATE OR REPLACE FUNCTION \(schema).redacted(content text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
                SELECT CASE WHEN \(schema).credential(content) IS NULL THEN content ELSE
                \(blotted) END
            $f$;
            """
    }
}
