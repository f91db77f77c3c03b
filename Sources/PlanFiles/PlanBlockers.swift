import Cutover
import Yams

/// `closedWhen:` of an external blocker.
extension PlanReader {
    /// The words for: a person attests it. The first is ours, the second what plans used to say.
    private static let attested = ["attested", "approved"]

    func judgeClosedWhen(_ blocker: Section) {
        guard let node = blocker.value("closedWhen") else { return }
        let fix = "write `closedWhen: attested`, for a person's word (cutoverctl attest), or `closedWhen: { url: https://…, is: closed }`, for an issue's state"
        guard node.mapping != nil else {
            guard let word = Scalars.text(node), !Self.attested.contains(word) else { return }
            findings.note(node, "the blocker can't be closed when \(word)", fix: fix)
            return
        }
        guard let question = Section(node, "closedWhen", known: ["url", "field", "is", "token"], findings), let url = question.text("url") else { return }
        if !url.hasPrefix("https://"), !url.hasPrefix("http://") {
            findings.note(question.valueNode("url"), "closedWhen: \(url) is no address that can be asked", fix: fix)
        } else if url.contains("@") || url.contains("?") {
            findings.note(question.valueNode("url"), "closedWhen: an address with an account or a query in it may hold a secret", fix: "name a variable of the machine that asks: `token: env:NAME`")
        }
        if question.has("field") { _ = question.text("field") }
        if question.has("is") { _ = question.text("is") }
        guard question.has("token"), let token = question.text("token") else { return }
        if !token.hasPrefix("env:") || !Identifiers.isVariable(String(token.dropFirst(4))) {
            findings.note(question.valueNode("token"), "closedWhen: a token never stands in a plan", fix: "write `token: env:NAME`, and set the variable where cutoverctl runs")
        }
    }
}
