/// What a newer revision of a plan says otherwise, for whoever decides whether tenants under way take it up.
extension Plan {
    /// A line for each difference, in the order of the plan.
    public func differences(from old: Plan) -> [String] {
        var lines: [String] = []
        func note(_ what: String, _ new: some Equatable & CustomStringConvertible, _ was: some Equatable & CustomStringConvertible) {
            if new.description != was.description { lines.append("\(what): \(new), was \(was)") }
        }
        note("author", author, old.author)
        for name in Set(decisions.keys).union(old.decisions.keys).sorted() {
            note("the decision \(name)", decisions[name] ?? "not made", old.decisions[name] ?? "not made")
        }
        note("approvals", approvals.words, old.approvals.words)
        if approvals.keys != old.approvals.keys { lines.append("the approvers' keys are others") }
        for step in steps {
            guard let before = old.steps.first(where: { $0.id == step.id }) else {
                lines.append("\(step.place) is new")
                continue
            }
            lines += step.differences(from: before)
        }
        for step in old.steps where !steps.contains(where: { $0.id == step.id }) { lines.append("\(step.place) is gone") }
        let (ids, before) = (steps.map(\.id), old.steps.map(\.id))
        if ids.filter(before.contains) != before.filter(ids.contains) { lines.append("the steps stand in another order") }
        note("atOnce", rollout.atOnce, old.rollout.atOnce)
        note("exposed", rollout.exposed, old.rollout.exposed)
        note("failureBudget", rollout.failureBudget, old.rollout.failureBudget)
        note("stragglers", rollout.stragglers, old.rollout.stragglers)
        if rollout.counted != old.rollout.counted { lines.append("other troubles spend the failure budget") }
        for wave in rollout.waves where old.rollout.waves.first(where: { $0.name == wave.name }) != wave {
            lines.append("wave \(wave.name) is \(old.rollout.waves.contains { $0.name == wave.name } ? "another" : "new"); one that has opened keeps its tenants")
        }
        for wave in old.rollout.waves where !rollout.waves.contains(where: { $0.name == wave.name }) { lines.append("wave \(wave.name) is gone; one that has opened keeps its tenants") }
        return lines
    }
}

extension PlannedStep {
    func differences(from old: PlannedStep) -> [String] {
        var lines: [String] = []
        if place != old.place { lines.append("\(place) stood at \(old.place)") }
        if spec.kind != old.spec.kind { lines.append("\(place) is a \(spec.kind), was a \(old.spec.kind)") }
        if spec.risk != old.spec.risk { lines.append("\(place): its risk is \(spec.risk.rawValue), was \(old.spec.risk.rawValue)") }
        let (now, was) = (spec.settings.values, old.spec.settings.values)
        for key in Set(now.keys).union(was.keys).sorted() where now[key] != was[key] {
            lines.append("\(place): \(key) is \(now[key]?.words ?? "not set"), was \(was[key]?.words ?? "not set")")
        }
        return lines
    }
}

extension Setting {
    /// On one line, as a plan would spell it.
    var words: String {
        switch self {
        case .bool(let value): String(value)
        case .int(let value): String(value)
        case .text(let value): value
        case .list(let values): "[\(values.map(\.words).joined(separator: ", "))]"
        case .map(let values): "{ \(values.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.words)" }.joined(separator: ", ")) }"
        }
    }
}

extension Approvals {
    fileprivate var words: String {
        let people = from.map(\.text).joined(separator: ", ")
        return "\(count) of \(people.isEmpty ? "anybody" : people)" + (notAuthor ? ", not the author" : "") + (notExecutor ? ", not the executor" : "")
            + (stages.isEmpty ? "" : ", stages \(stages.joined(separator: ", "))") + ", valid for \(validSeconds) s"
    }
}
