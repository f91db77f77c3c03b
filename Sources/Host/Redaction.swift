import Cutover
import Foundation
import Synchronization

/// Takes a host's own secrets out of a text before it leaves the host, or is kept there.
public struct Redaction: Sendable {
    /// In an answer's values, where a word of the product's own may be meant, shorter ones are left.
    private static let shortestInValues = 8

    /// The longest first: one may be a part of another.
    private let secrets: [String]
    /// Those that are looked for in an answer's values, as JSON spells them.
    private let spelled: [String]

    /// Of every value of the env file that could be a credential: what is named so, and the passwords within addresses.
    public static func of(_ host: HostSight) -> Redaction { known((try? host.env())?.variables ?? (try? EnvFile.read(host.envPath))?.variables ?? [:]) }

    public init(_ env: EnvFile) { self = Self.known(env.variables) }

    /// Made once for the same variables: each answer and each sample is cleaned.
    private static func known(_ variables: [String: String]) -> Redaction {
        if let redaction = made.withLock({ $0[variables] }) { return redaction }
        let redaction = Redaction(variables)
        made.withLock { made in
            if made.count >= mostMade { made = [:] }
            made[variables] = redaction
        }
        return redaction
    }

    private static let made = Mutex<[[String: String]: Redaction]>([:])
    private static let mostMade = 64

    private init(_ variables: [String: String]) {
        var secrets: Set<String> = []
        for (key, value) in variables {
            let looksSecret = ["PASS", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "DATABASE_URL", "DSN"].contains { key.uppercased().contains($0) }
            if looksSecret, value.count >= 4 { secrets.insert(value) }
            secrets.formUnion(Self.passwords(in: value))
        }
        self.secrets = secrets.filter { !$0.isEmpty }.sorted { ($0.count, $0) > ($1.count, $1) }
        self.spelled = self.secrets.filter { $0.count >= Self.shortestInValues }.compactMap { try? CanonicalJSON.text($0).dropFirst().dropLast() }.map(String.init)
    }

    /// What is known to be secret here, and what looks so.
    public func clean(_ text: String) -> String {
        SecretShapes.blotted(secrets.reduce(text) { Self.mayStand($1, in: $0) ? $0.replacingOccurrences(of: $1, with: "[secret]") : $0 })
    }

    func clean(_ failure: StepFailure) -> StepFailure { StepFailure(clean(failure.what), effect: failure.effect, next: clean(failure.next)) }

    func clean(_ facts: [String: String]) -> [String: String] { facts.mapValues { (value: String) -> String in clean(value) } }

    /// A JSON text whose string values hold none of what is known to be secret here; names and numbers stay.
    func clean(json: String) -> String {
        guard spelled.contains(where: { Self.mayStand($0, in: json) }) else { return json }
        var cleaned = ""
        // By bytes: a text that begins with a combining mark makes one character with the quote before it.
        var rest = json.utf8[...]
        while let opening = rest.firstIndex(of: UInt8(ascii: "\"")) {
            var end = rest.index(after: opening)
            while end < rest.endIndex, rest[end] != UInt8(ascii: "\"") {
                if rest[end] == UInt8(ascii: "\\") { end = rest.index(after: end) }
                if end < rest.endIndex { end = rest.index(after: end) }
            }
            if end < rest.endIndex { end = rest.index(after: end) }
            cleaned += Substring(rest[..<opening])
            let string = String(Substring(rest[opening..<end]))
            rest = rest[end...]
            cleaned += rest.first == UInt8(ascii: ":") ? string : spelled.reduce(string) { $0.replacingOccurrences(of: $1, with: "[secret]") }
        }
        return cleaned + Substring(rest)
    }

    // MARK: - Non public

    /// What is spelled otherwise and counts as the same is left to whoever replaces it.
    private static func mayStand(_ word: String, in text: String) -> Bool {
        guard text.utf8.allSatisfy({ $0 < 128 }), word.utf8.allSatisfy({ $0 < 128 }) else { return true }
        return ByteSearch.finds(word, in: text)
    }

    /// As an address or a list of settings spells them, and as they are. Read by hand: what is no proper URL can hold a password all the same.
    private static func passwords(in value: String) -> [String] {
        var found: [String] = []
        if let scheme = value.range(of: "://") {
            let authority = value[scheme.upperBound...].prefix { !"/?#".contains($0) }
            if let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") {
                found.append(String(authority[authority.index(after: colon)..<at]))
            }
        }
        // Most values have none: looked for by its letters, the word costs more than all the rest.
        var rest = value.utf8.contains(UInt8(ascii: "=")) ? value[...] : ""
        while let name = rest.range(of: #"password\s*=\s*"#, options: [.regularExpression, .caseInsensitive]) {
            let quote = rest[name.upperBound...].first == "'"
            let start = quote ? rest.index(after: name.upperBound) : name.upperBound
            let word = rest[start...].prefix { quote ? $0 != "'" : !$0.isWhitespace && $0 != "&" }
            found.append(String(word))
            rest = rest[word.endIndex...]
        }
        return found + found.compactMap { $0.removingPercentEncoding }
    }
}
