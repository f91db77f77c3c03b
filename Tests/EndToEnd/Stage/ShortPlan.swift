import Foundation

/// The lab's plan, ended early.
enum ShortPlan {
    /// - Parameter kind: its last step. What stands behind it in the file, up to the rollout, is left out.
    /// - Parameter waves: lines in place of the plan's own.
    static func text(_ stage: Stage, through kind: String, stragglers: Int? = nil, waves: [String]? = nil) throws -> String {
        var lines = try String(contentsOfFile: stage.places.plan, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard let last = lines.firstIndex(where: { $0.contains("uses: \(kind)") }), let rollout = lines.firstIndex(of: "rollout:") else {
            throw Trouble("the lab's plan has no \(kind) or no rollout")
        }
        lines.removeSubrange((last + 1)..<rollout)
        if let stragglers {
            lines = lines.map { $0.hasPrefix("  stragglers:") ? "  stragglers: \(stragglers)" : $0 }
        }
        guard let list = lines.firstIndex(of: "  waves:") else { throw Trouble("the lab's plan has no waves") }
        let own = waves ?? ["{ name: canary, select: { env: lab-canary } }", "{ name: rest, select: { env: lab } }"]
        return (lines.prefix(list + 1) + own.map { "    - \($0)" } + [""]).joined(separator: "\n")
    }
}
