import Foundation
import Host

/// Takes a host's own secrets out of a text before it leaves the host.
struct Redaction: Sendable {
    private let secrets: [String]

    /// Every value of the env file that could be a credential: what is long and is neither a path, an address nor a plain URL.
    static func of(_ host: HostSight) -> Redaction { (try? host.env()).map { Redaction($0) } ?? Redaction(secrets: []) }

    init(secrets: [String]) { self.secrets = secrets }

    init(_ env: EnvFile) {
        let values = env.variables
        var secrets: [String] = []
        for (key, value) in values {
            let looksSecret = ["PASS", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "DATABASE_URL"].contains { key.uppercased().contains($0) }
            if looksSecret, value.count >= 4 { secrets.append(value) }
            // As it is and as the URL spells it.
            let url = URLComponents(string: value)
            secrets += [url?.password, url?.percentEncodedPassword].compactMap { $0 }.filter { !$0.isEmpty }
        }
        self.secrets = secrets.sorted { $0.count > $1.count }
    }

    func clean(_ text: String) -> String {
        secrets.reduce(text) { $0.replacingOccurrences(of: $1, with: "[secret]") }
    }
}
