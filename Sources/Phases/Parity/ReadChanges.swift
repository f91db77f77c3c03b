public import Cutover
import DataPath
public import Host

/// Who changed v2 since the freeze, and what of it explains nothing until a person signed it.
public struct ReadChanges: ReadsOnHost {
    public static let kind: OperationKind = "stores.changes"

    public struct Result: Sendable, Codable, Equatable {
        public struct Role: Sendable, Codable, Equatable {
            public let role: String
            public let transactions: Int
            public let writes: Int
            public let forgets: Int
            public let largestForget: Int
        }
        public struct Red: Sendable, Codable, Equatable {
            /// `truncate`, `foreign-role` or `bulk-forget`.
            public let kind: String
            public let transactions: Int
            public let rows: Int
            public let digest: String
            public let examples: [String]

            /// What a consent to it is about.
            public var topic: String { "changes/\(kind)" }
            public var words: String { "\(kind): \(transactions) transactions, \(rows) rows" }
        }
        public let roles: [Role]
        public let red: [Red]

        /// Exactly these transactions have to be signed, not as many.
        public func unsigned(_ consents: [Consent]) -> [Red] {
            red.filter { one in consents.last { $0.topic == one.topic }?.facts["digest"] != one.digest }
        }
    }

    let limits: ChangesSince.Limits
    let table: LegacyTable

    init(limits: ChangesSince.Limits, table: LegacyTable) {
        self.limits = limits
        self.table = table
    }
    public init(plan: Plan) {
        let table = LegacyTable.of(plan)[0]
        self.init(limits: MemoryCatalog.changeLimits(plan, table), table: table)
    }

    public func read(_ host: HostSight) async throws -> Result {
        try await host.looking(table) { Result(try await ChangesSince.read($0, table.dataPath, limits: limits)) }
    }
}

extension ReadChanges.Result {
    init(_ changes: ChangesSince) {
        self.init(
            roles: changes.roles.map { .init(role: $0.role, transactions: $0.transactions, writes: $0.writes, forgets: $0.forgets, largestForget: $0.largestForget) },
            red: changes.red.map { .init(kind: $0.kind.rawValue, transactions: $0.transactions, rows: $0.rows, digest: $0.digest, examples: $0.examples) })
    }

    /// The digests that were signed, by kind: what the host has to know of it.
    static func signed(_ consents: [Consent]) -> [String: String] {
        var signed: [String: String] = [:]
        for consent in consents where consent.topic.hasPrefix("changes/") { signed[String(consent.topic.dropFirst(8))] = consent.facts["digest"] }
        return signed
    }
}

extension Gate {
    /// A TRUNCATE, a foreign role or a bulk delete explains nothing by itself.
    static func changesSinceAreSigned(_ limits: ChangesSince.Limits, _ table: LegacyTable) -> Gate {
        .reading(
            "what changed v2 since the freeze is ordinary, or signed", clearedBy: .person("cutoverctl approve TENANT --changes all --reason TEXT"),
            ReadChanges(limits: limits, table: table)
        ) { changes, sight in
            let unsigned = changes.unsigned(sight.consents)
            return unsigned.isEmpty ? .open(facts(["roles": changes.roles.count, "signed": changes.red.count])) : .shut(unsigned.map(\.words).joined(separator: "; "))
        }
    }
}
