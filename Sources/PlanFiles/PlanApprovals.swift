import Cutover
import Yams

/// `approvals:`, and the steps that can't do without.
extension PlanReader {
    func approvals(_ top: Section, author: String?, keys: [Approver]) -> Approvals? {
        guard let high = top.section("approvals", known: ["high"], required: false)?.section("high", known: ["count", "from", "notAuthor", "notExecutor", "validFor", "stages"])
        else { return nil }
        let count = high.int("count", atLeast: 1)
        let notAuthor = high.bool("notAuthor") ?? true
        let notExecutor = high.bool("notExecutor") ?? false
        let valid = high.duration("validFor", required: false)
        let stages = stages(high)
        guard let nodes = high.list("from") else { return nil }
        let from = people(nodes)
        guard let count else { return nil }
        let able = from.filter { !(notAuthor && $0.text == author) }
        if able.count < count {
            let without = notAuthor && able.count < from.count ? " without the author" : ""
            findings.note(
                high.valueNode("count"), "\(count) must approve, and only \(able.count) can\(without)",
                fix: "name more people under `from:` or ask for fewer")
        }
        if !keys.isEmpty {
            for person in from where !keys.contains(where: { $0.name == person }) {
                findings.note(high.valueNode("from"), "\(person) may approve, and has no key", fix: "add their public key to the file that `keys:` names: cutoverctl key new prints one")
            }
        }
        return Approvals(
            count: count, from: from, notAuthor: notAuthor, notExecutor: notExecutor, validSeconds: valid ?? 7 * 86_400, stages: stages, keys: keys)
    }

    private func stages(_ high: Section) -> [String] {
        guard high.has("stages"), let nodes = high.list("stages", required: false) else { return [] }
        return nodes.compactMap { node in
            if let stage = Scalars.text(node), Attestation.stages.contains(stage) { return stage }
            findings.note(node, "approvals: there is no stage \(Scalars.text(node) ?? "of that kind")", fix: "write `stages: [\(Attestation.stages.joined(separator: ", "))]`, or some of them")
            return nil
        }
    }

    private func people(_ nodes: [Node]) -> [OperatorID] {
        var people: [OperatorID] = []
        for node in nodes {
            guard let name = Scalars.text(node), !name.isEmpty else {
                findings.note(node, "approvals: from must list names", fix: "write `from: [lead-1, lead-2]`")
                continue
            }
            if people.contains(OperatorID(name)) {
                findings.note(node, "approvals: \(name) is listed twice, and counts once", fix: "remove it")
            } else {
                people.append(OperatorID(name))
            }
        }
        return people
    }

    /// Steps of high risk, and those that can't be undone, are never one person's decision.
    func judgeAgreement(_ steps: [ReadStep], _ approvals: Approvals?, _ top: Section) {
        guard approvals == nil, top.valueNode("approvals") == nil else { return }
        for step in steps {
            let nature = catalog.entry(for: step.spec.kind)?.nature
            let why = step.spec.risk == .high ? "is of high risk" : nature == .irreversible ? "can't be undone" : nil
            guard let why else { continue }
            findings.note(
                step.node, "\(step.spec.id) \(why), and the plan asks nobody to approve it",
                fix: "add `approvals: { high: { count: 2, from: [NAME, NAME, NAME], notAuthor: true } }`")
        }
    }
}
