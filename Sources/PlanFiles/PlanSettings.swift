import Cutover
import Yams

/// What stands under a step's `with:`, judged by the rules of its kind.
extension PlanReader {
    func settings(_ step: Section, rules: [StepCatalog.SettingRule], production: Bool) -> Settings {
        let required = rules.contains(where: \.required)
        guard let section = step.value("with", required: false).flatMap({ Section($0, step.title, known: rules.map(\.key), findings) }) else {
            if required, !step.has("with") {
                let keys = rules.filter(\.required).map(\.key)
                findings.note(step.node, "\(step.title) lacks \(keys.joined(separator: ", "))", fix: "add `with: { \(keys.map { "\($0): …" }.joined(separator: ", ")) }`")
            }
            if !step.has("with") { judgeContainers(step, rules) }
            return Settings()
        }
        var values: [String: Setting] = [:]
        for rule in rules {
            guard let node = section.value(rule.key, required: rule.required) else { continue }
            values[rule.key] = setting(node, rule, step.title)
            if production { judgeProductionMinimum(node, rule, step.title) }
        }
        judgeShapes(section)
        judgeContainers(section, rules)
        if rules.contains(where: { $0.key == "recipients" }) { judgeArchive(step, section, production: production) }
        return Settings(values)
    }

    private func setting(_ node: Node, _ rule: StepCatalog.SettingRule, _ title: String) -> Setting? {
        func wrong(_ what: String, fix: String) -> Setting? {
            findings.note(node, "\(title): \(rule.key) \(what)", fix: fix)
            return nil
        }
        switch rule.form {
        case .text:
            guard let text = Scalars.text(node), !text.isEmpty else { return wrong("must be a text", fix: "write `\(rule.key): some text`") }
            if text.hasPrefix("env:"), !Identifiers.isVariable(String(text.dropFirst(4))) {
                return wrong("names no variable of the host's env file", fix: "write `env:NAME`, with letters, digits and underscores")
            }
            return .text(text)
        case .int:
            guard let number = Scalars.int(node), number >= 0 else { return wrong("must be a whole number", fix: "write `\(rule.key): 1`, without a unit") }
            return .int(number)
        case .bool:
            guard let flag = Scalars.bool(node) else { return wrong("must be true or false", fix: "write `\(rule.key): true`") }
            return .bool(flag)
        case .duration:
            guard let text = Scalars.text(node), let seconds = Scalars.wholeSeconds(node) else { return wrong("is not a duration", fix: Scalars.durationFix(rule.key)) }
            return seconds > 0 ? .text(text) : wrong("is no time at all", fix: "write `\(rule.key): 1s` or longer")
        case .shortDuration:
            guard let text = Scalars.text(node), let time = Duration(shortForm: text) else {
                return wrong("is not a duration", fix: "write a whole number and a unit, ms, s, m or h: `\(rule.key): 250ms` or `5s`")
            }
            return time > .zero ? .text(text) : wrong("is no time at all", fix: "write `\(rule.key): 1ms` or longer")
        case .ratio:
            guard let ratio = Scalars.ratio(node) else { return wrong("must be a number, at least 0", fix: "write `\(rule.key): 0.5`") }
            return .text(String(ratio))
        case .section(let rules):
            guard let section = Section(node, "\(title): \(rule.key)", known: rules.map(\.key), findings) else { return nil }
            var values: [String: Setting] = [:]
            for inner in rules {
                guard let node = section.value(inner.key, required: inner.required) else { continue }
                values[inner.key] = setting(node, inner, "\(title): \(rule.key)")
            }
            return .map(values)
        case .list:
            guard node.sequence != nil else { return wrong("must be a list", fix: "write one `- …` a line under `\(rule.key):`") }
            return Scalars.setting(node)
        case .map:
            guard node.mapping != nil else { return wrong("must be a list of `name: value`", fix: "write `\(rule.key): { name: value }`") }
            return Scalars.setting(node)
        case .oneOf(let words):
            guard let word = Scalars.text(node), words.contains(word) else {
                let meant = Scalars.text(node).flatMap { Spelling.nearest(to: $0, among: words) }.map { "did you mean \($0)?" }
                return wrong("must be one of \(words.joined(separator: ", "))", fix: meant ?? "write `\(rule.key): \(words.first ?? "")`")
            }
            return .text(word)
        }
    }

    private func judgeProductionMinimum(_ node: Node, _ rule: StepCatalog.SettingRule, _ title: String) {
        guard let least = rule.productionMinimumSeconds, let seconds = Scalars.seconds(node), seconds < least else { return }
        let shortest = Scalars.duration(least)
        findings.note(
            node, "\(title): \(rule.key) is \(Scalars.duration(seconds)), and a wave selects production tenants, for whom it is at least \(shortest)",
            fix: "write `\(rule.key): \(shortest)` or longer, or keep production tenants out of this plan")
    }

    /// What is not to be had where the plugin has a database of its own.
    func judgeSeparate(_ steps: [ReadStep]) {
        for step in steps {
            if let ranges = step.spec.settings.int("ranges"), ranges > 1 {
                findings.note(
                    step.node, "\(step.spec.id): ranges is \(ranges), and the plan decides pluginDatabase: separate: one transaction at a time spans two databases, so key ranges could only take turns",
                    fix: "write `ranges: 1`, or leave it out")
            }
        }
    }

    /// What a rule's form cannot say: the insides of lists and maps, and how durations stand to each other.
    private func judgeShapes(_ section: Section) {
        for node in section.valueNode("blockers")?.sequence.map(Array.init) ?? [] {
            guard let blocker = Section(node, "the blocker", known: ["name", "closedWhen"], findings) else { continue }
            _ = blocker.text("name")
            judgeClosedWhen(blocker)
        }
        if let rules = section.valueNode("exceptions") { judgeExceptions(rules) }
        if let lane = section.valueNode("lane"), Scalars.text(lane) == "http", section.valueNode("table").flatMap(Scalars.text) == "workspace_memory" {
            findings.note(lane, "\(section.title): workspace_memory is carried by SQL only", fix: "write `lane: sql`, or leave it out: only agent_memories can be carried over HTTP")
        }
        func seconds(_ key: String) -> Int? { section.valueNode(key).flatMap(Scalars.seconds) }
        if let every = seconds("sampleEvery") {
            for (key, word) in [("longestGap", "every sample would be a gap"), ("window", "no sample would fall into it")] {
                guard let length = seconds(key), length < every else { continue }
                findings.note(section.valueNode(key), "\(section.title): \(key) is shorter than sampleEvery: \(word)", fix: "make \(key) longer than \(Scalars.duration(every))")
            }
        }
    }
}
