import Cutover
import Yams

/// `exceptions:` of a step: a rule for each reason under which rows are listed.
extension PlanReader {
    private static let words = ["block", "sign", "pass", "flag", "redact"]
    private static let credential = "credential-look-alike"
    /// Reasons of rows that only lack a place, so that one can be given to them.
    private static let placeless = ["no-workspace", "global-of-non-root", "workspace-cycle"]
    private static let reasons =
        placeless + [credential, "suspected-twin", "blank-content", "oversized-text", "unknown-namespace", "other"]
        + ["not-key-value", "version-not-raised", "key-taken"] + overHTTP + [manyChanged]
    private static let overHTTP = ["refused-by-plugin", "not-stored", "not-read-back", "not-taken-away", "absent-in-plugin", "edited-in-plugin"]
    private static let manyChanged = "many-changed-in-plugin"

    func judgeExceptions(_ node: Node) {
        for (key, answer) in node.mapping ?? [:] {
            let reason = key.scalar?.string ?? "a reason"
            if !Self.reasons.contains(reason), let meant = Spelling.nearest(to: reason, among: Self.reasons) {
                findings.note(key, "exceptions: no row is ever listed as \(reason)", fix: "did you mean \(meant)?")
            }
            if answer.mapping != nil {
                judgeRemap(reason, answer)
            } else {
                judgeWord(reason, answer)
            }
        }
    }

    private func judgeWord(_ reason: String, _ answer: Node) {
        let word = Scalars.text(answer) ?? ""
        guard Self.words.contains(word) else {
            findings.note(
                answer, "exceptions: \(reason) must be one of \(Self.words.joined(separator: ", ")) or { remap: TARGET }",
                fix: "write `block` to stop, `sign` to wait for a signature, `pass` to go on")
            return
        }
        if word == "pass", reason == Self.manyChanged {
            findings.note(answer, "exceptions: \(reason) can't be pass: so many at once may be a loss", fix: "write `sign`, or raise bulkForget under legacy.freeze")
        }
        if ["flag", "redact"].contains(word), reason != Self.credential {
            findings.note(answer, "exceptions: \(reason) can't be \(word)", fix: "that is for \(Self.credential); write block, sign or pass")
        }
    }

    private func judgeRemap(_ reason: String, _ answer: Node) {
        guard let section = Section(answer, "exceptions: \(reason)", known: ["remap"], findings), let target = section.text("remap") else { return }
        guard Self.placeless.contains(reason) else {
            findings.note(answer, "exceptions: rows listed as \(reason) lack no place, so none can be given to them", fix: "write block, sign or pass")
            return
        }
        if ["workspace", "team", "org"].contains(target) {
            if reason == "no-workspace", target != "workspace" {
                findings.note(answer, "exceptions: a row without a workspace has no \(target)", fix: "name a namespace, such as `{ remap: \"custom:orphans\" }`")
            }
            return
        }
        if target.utf8.count > 256 || target.wholeMatch(of: /(workspace|team|org|custom):[A-Za-z0-9_:.\-]+/) == nil {
            findings.note(
                answer, "exceptions: \(reason) can't be remapped to \(target)",
                fix: "write workspace, team or org for the owner's own, or a namespace such as `\"custom:orphans\"`")
        }
    }
}
