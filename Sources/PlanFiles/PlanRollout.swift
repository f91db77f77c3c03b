import Cutover
import Yams

/// `rollout:` with its waves and numbers.
extension PlanReader {
    func rollout(_ section: Section, steps: [ReadStep]) -> Rollout? {
        let atOnce = section.int("atOnce", atLeast: 1)
        let exposed = section.int("exposed", atLeast: 1)
        let failureBudget = section.int("failureBudget", atLeast: 0)
        let stragglers = section.int("stragglers", atLeast: 0, required: false) ?? 0
        let counted = counted(section)
        guard let nodes = section.list("waves") else { return nil }
        if nodes.isEmpty { findings.note(section.valueNode("waves"), "the rollout has no waves, so no tenant would ever move", fix: "add `- { name: all, select: { env: … } }`") }
        var waves: [Wave] = []
        for node in nodes {
            guard let wave = wave(node, steps: steps) else { continue }
            if waves.contains(where: { $0.name == wave.name }) { findings.note(node, "there are two waves \(wave.name)", fix: "give each wave a name of its own") }
            waves.append(wave)
        }
        guard let atOnce, let exposed, let failureBudget else { return nil }
        return Rollout(atOnce: atOnce, exposed: exposed, failureBudget: failureBudget, stragglers: stragglers, counted: counted, waves: waves)
    }

    private func wave(_ node: Node, steps: [ReadStep]) -> Wave? {
        guard let section = Section(node, "the wave", known: ["name", "select", "count", "percent", "bake", "after"], findings) else { return nil }
        let name = identifier(section, "name")
        let select = labels(section)
        let count = section.int("count", atLeast: 1, required: false)
        let percent = percent(section)
        if count != nil, percent != nil { findings.note(section.valueNode("percent"), "the wave has both a count and a percentage", fix: "drop one of them") }
        let bake = section.duration("bake", required: false)
        let after = section.text("after", required: false)
        if let after, !steps.contains(where: { $0.place == after || $0.spec.id.text == after }) {
            let meant = Spelling.nearest(to: after, among: steps.map(\.place) + steps.map(\.spec.id.text))
            findings.note(
                section.valueNode("after"), "the wave waits for \(after), and the plan has no such step",
                fix: meant.map { "did you mean \($0)?" } ?? "name a step as PHASE/STEP")
        }
        return name.map { Wave(name: $0, select: select, count: count, percent: percent, bakeSeconds: bake ?? 0, after: after) }
    }

    /// `25%` or `25`.
    private func percent(_ wave: Section) -> Int? {
        guard let text = wave.text("percent", required: false) else { return nil }
        let number = Int(text.hasSuffix("%") ? String(text.dropLast()) : text)
        if let number, (1...100).contains(number) { return number }
        findings.note(wave.valueNode("percent"), "\(text) is no share of the tenants", fix: "write a whole percentage from 1% to 100%")
        return nil
    }

    /// `counts:` says of each kind of trouble whether it spends the failure budget.
    private func counted(_ rollout: Section) -> Set<Trouble> {
        var counted = Trouble.countedByDefault
        guard let section = rollout.section("counts", known: Trouble.allCases.map(\.rawValue), required: false) else { return counted }
        for trouble in Trouble.allCases {
            switch section.bool(trouble.rawValue) {
            case true?: counted.insert(trouble)
            case false?: counted.remove(trouble)
            case nil: continue
            }
        }
        return counted
    }

    private func labels(_ wave: Section) -> [String: String] {
        guard let section = wave.section("select", known: nil) else { return [:] }
        var labels: [String: String] = [:]
        for key in section.keys { labels[key] = section.text(key) }
        return labels
    }

    /// Asked before the steps are read, since it decides how short their windows may be: problems here are told by `wave`.
    func selectsProduction(_ rollout: Section) -> Bool {
        let unheard = Findings(file: findings.file)
        let waves = (rollout.valueNode("waves")?.sequence.map(Array.init) ?? [])
            .compactMap { Section($0, "", known: nil, unheard)?.section("select", known: nil) }
        return waves.contains { select in
            if select.has("env") { return select.text("env") == "production" }
            let wanted = select.keys.map { ($0, select.text($0)) }
            return fleet?.tenants.contains { host in
                host.labels["env"] == "production" && wanted.allSatisfy { host.labels[$0.0] == $0.1 }
            } ?? false
        }
    }
}
