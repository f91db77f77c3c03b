import Cutover
import DataPath
import Foundation
import Host

/// Puts the plan's rules for rows that do not fit into the tenant's database, where every look reads them.
struct PutRules: ActsOnHost {
    static let kind: OperationKind = "rules.put"
    static let once = Once.convergent
    struct Result: Sendable, Codable {
        /// Rows that a changed rule is about.
        let queued: Int
    }
    let rules: [String: ExceptionRule]
    let table: LegacyTable

    func act(_ host: HostHand) async throws -> Result {
        try await host.writing(table) { connection in
            try await Control.raiseFence(to: Int64(host.fence), connection, table.dataPath)
            return Result(queued: try await ExceptionRules.set(rules, fence: Int64(host.fence), connection, table.dataPath))
        }
    }
}

struct ReadRules: ReadsOnHost {
    typealias Result = [String: ExceptionRule]
    static let kind: OperationKind = "rules.read"
    let table: LegacyTable

    func read(_ host: HostSight) async throws -> [String: ExceptionRule] { try await host.looking(table) { try await ExceptionRules.read($0, table.dataPath) } }
}

extension ExceptionRule {
    /// Nil for what lint refuses.
    init?(_ setting: Setting) {
        switch setting {
        case .text(let text):
            guard let word = Word(rawValue: text), word != .remap else { return nil }
            self.init(word)
        case .map(let fields):
            guard case .text(let target)? = fields["remap"] else { return nil }
            self.init(.remap, target: target)
        default: return nil
        }
    }
}
