/// Compares what must be true with what a store holds. Pure.
struct Judgement {
    let store: Store
    let tree: WorkspaceTree
    let excepted: Set<String>
    private(set) var verdict: TenantVerdict

    static func judge(
        tenant: String, store: Store, truths: [String: MemoryTruth], stored: [StoredMemory], tree: WorkspaceTree,
        excepted: Set<String>
    ) -> TenantVerdict {
        var judgement = Judgement(
            store: store, tree: tree, excepted: excepted, verdict: TenantVerdict(tenant: tenant, store: store.rawValue))
        judgement.compare(truths, stored)
        return judgement.verdict
    }

    // MARK: - Non public

    private mutating func compare(_ truths: [String: MemoryTruth], _ stored: [StoredMemory]) {
        var keyOfID: [String: String] = [:]
        for (key, truth) in truths { if let id = truth.id { keyOfID[id] = key } }
        var seen: Set<String> = []
        for memory in stored.sorted(by: { $0.id < $1.id }) {
            let key = keyOfID[memory.id] ?? unlearned(memory, truths, seen)
            guard let key, let truth = truths[key] else {
                judgeStranger(memory, truths)
                continue
            }
            seen.insert(key)
            judge(memory, truth)
        }
        for (key, truth) in truths.sorted(by: { $0.key < $1.key }) {
            if truth.isUncertain { verdict.maybe += 1 }
            if truth.mustBeThere, let id = truth.id { judgeException(id, truth) }
            if truth.mustBeThere, !seen.contains(key) { judgeMissing(truth) }
        }
    }

    /// A memory whose id its agent never learned is known by the token in its text.
    private func unlearned(_ memory: StoredMemory, _ truths: [String: MemoryTruth], _ seen: Set<String>) -> String? {
        guard let token = MemoryText.token(in: memory.content), let truth = truths[token], truth.id == nil, !seen.contains(token)
        else { return nil }
        return token
    }

    private mutating func judgeStranger(_ memory: StoredMemory, _ truths: [String: MemoryTruth]) {
        if memory.content.hasPrefix("cutover-probe") {
            verdict.probesLeft.append(memory.id)
            return
        }
        let twin = MemoryText.token(in: memory.content).flatMap { truths[$0] }
        let why = twin.map { "a second row of memory \($0.key), which is \($0.id ?? "known by its token")" } ?? "nobody wrote it"
        verdict.invented.append(.init(id: memory.id, memory: twin?.key, reason: "\(why); in \(memory.place)"))
    }

    private mutating func judge(_ memory: StoredMemory, _ truth: MemoryTruth) {
        func offence(_ why: String) -> TenantVerdict.Offence { .init(id: memory.id, memory: truth.key, reason: why) }
        guard !truth.mustBeAbsent else {
            verdict.invented.append(offence("was forgotten; in \(memory.place)"))
            return
        }
        guard truth.texts.contains(ExactText(memory.content)) else {
            verdict.lost.append(offence("the text differs: \(Self.short(memory.content)) instead of \(Self.short(truth.texts))"))
            return
        }
        let faults = [misplaced(memory, truth), misdated(memory, truth), misupdated(memory, truth), misembedded(memory, truth)].compactMap { $0 }
        if faults.isEmpty {
            verdict.accounted += 1
        } else {
            verdict.lost.append(offence(faults.joined(separator: "; ")))
        }
    }

    private func misplaced(_ memory: StoredMemory, _ truth: MemoryTruth) -> String? {
        switch memory.place {
        case .v1(let workspace, let scope, let label):
            if let wanted = truth.label, wanted != label { return "the label is \(label) instead of \(wanted)" }
            // The agents' own door chooses none: v1 was told the workspace's id, and what comes from v2 has the column's default.
            if truth.label == nil, label != "general", label != truth.workspace { return "the label is \(label), which nobody chose" }
            if workspace == truth.workspace, scope == truth.scope { return nil }
            if truth.ownerMayVary, let workspace, let scope, let wanted = truth.workspace,
                let name = tree.chain(of: wanted)?.writableNamespace(for: truth.scope),
                tree.chain(of: workspace)?.writableNamespace(for: scope) == name
            {
                return nil
            }
            return "lies in \(memory.place) instead of \(truth.scope.rawValue) of \(truth.workspace ?? "no workspace")"
        case .v2(let namespace):
            switch placement(truth, content: memory.content) {
            case .namespace(let name), .either(let name, _):
                return name == namespace ? nil : "lies in \(namespace) instead of \(name)"
            case .nowhere(let why): return isRemapped(namespace, truth) ? nil : "lies in \(namespace), and v2 has no place for it: \(why)"
            }
        }
    }

    /// A plan may move a GLOBAL memory of a workspace below the root into a namespace that workspace can read.
    private func isRemapped(_ namespace: String, _ truth: MemoryTruth) -> Bool {
        truth.scope == .global && truth.workspace.flatMap(tree.chain(of:))?.readable.contains(namespace) == true
    }

    private func misdated(_ memory: StoredMemory, _ truth: MemoryTruth) -> String? {
        if let born = truth.born, let created = memory.created, !born.holds(microseconds: created) {
            return "was created at \(Moment.text(created)), and not when it was committed"
        }
        guard let facts = truth.seeded, facts.created != memory.created else { return nil }
        // v2 must have a time, so a row without one gets some.
        if store == .v2, facts.created == nil { return nil }
        return "was created at \(memory.created.map(Moment.text) ?? "no time") instead of \(facts.created.map(Moment.text) ?? "no time")"
    }

    /// v1 alone has that time, and only its edit route advances it.
    private func misupdated(_ memory: StoredMemory, _ truth: MemoryTruth) -> String? {
        guard store == .v1, !truth.mayHaveBeenEdited else { return nil }
        let told = memory.updated.map(Moment.text) ?? "no time"
        if let span = truth.edited ?? truth.born {
            return memory.updated.map(span.holds) == true ? nil : "was updated at \(told), and not when its text was last written"
        }
        guard let facts = truth.seeded, facts.updated != memory.updated else { return nil }
        return "was updated at \(told) instead of \(facts.updated.map(Moment.text) ?? "no time")"
    }

    private func misembedded(_ memory: StoredMemory, _ truth: MemoryTruth) -> String? {
        guard let facts = truth.seeded, facts.embedding != memory.embedding else { return nil }
        return memory.embedding == nil ? "the embedding is gone" : "the embedding differs"
    }

    private func placement(_ truth: MemoryTruth, content: String) -> Placement {
        Placement(workspace: truth.workspace, scope: truth.scope, content: content, tree: tree)
    }

    private mutating func judgeException(_ id: String, _ truth: MemoryTruth) {
        guard excepted.contains(id) else { return }
        verdict.excepted += 1
        let places = truth.texts.map { placement(truth, content: $0.text) }
        if places.allSatisfy({ if case .namespace = $0 { true } else { false } }) {
            verdict.wronglyExcepted.append(.init(id: id, memory: truth.key, reason: "v2 has a place for it"))
        }
    }

    private mutating func judgeMissing(_ truth: MemoryTruth) {
        func lost(_ why: String) { verdict.lost.append(.init(id: truth.id, memory: truth.key, reason: why)) }
        guard store == .v2 else { return lost("is not there: \(Self.short(truth.texts))") }
        let isExcepted = truth.id.map(excepted.contains) == true
        switch placement(truth, content: truth.texts.first?.text ?? "") {
        case .namespace(let name): lost("is not there; its place is \(name): \(Self.short(truth.texts))")
        case .either(_, let why), .nowhere(let why): if !isExcepted { lost("is not there and not excepted: \(why)") }
        }
    }

    private static func short(_ texts: Set<ExactText>) -> String { texts.map { short($0.text) }.sorted().joined(separator: " or ") }

    private static func short(_ text: String) -> String {
        let line = text.replacing("\n", with: "⏎")
        return line.count <= 60 ? "“\(line)”" : "“\(line.prefix(57))…”"
    }
}
