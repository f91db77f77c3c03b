/// Makes a tenant's first rows: the same ones for the same seed, name and number.
struct TenantSeed {
    private var random: SplitMix
    private let forest: WorkspaceForest
    private let rows: Int
    private var memories: [SeededMemory] = []

    /// 1 January 2026, in microseconds.
    private static let dawn = 1_767_225_600_000_000
    private static let labels = ["general", "general", "general", "procedures", "people", "décisions", "build-log"]

    static func make(tenant: String, rows: Int, seed: UInt64) -> SeededTenant {
        var made = TenantSeed(tenant: tenant, rows: rows, seed: seed)
        made.addAwkward()
        made.fill()
        // Drawn last, so that everything else of a seed stays what it was.
        let fresh = SeededWorkspace(id: made.random.uuid(), name: "Fresh", parent: nil, status: "online")
        return SeededTenant(
            workspaces: made.forest.all + [fresh], memories: Array(made.memories.prefix(rows)), probeWorkspace: made.forest.probe.id, freshWorkspace: fresh.id,
            agentWorkspaces: made.forest.agentWorkspaces.map(\.id))
    }

    // MARK: - Non public

    private init(tenant: String, rows: Int, seed: UInt64) {
        random = SplitMix(seed: seed, name: tenant)
        forest = WorkspaceForest(using: &random)
        self.rows = rows
    }

    private mutating func memory(_ workspace: String?, _ scope: Scope, _ content: String) -> SeededMemory {
        let created = Self.dawn + random.below(150 * 86_400) * 1_000_000 + random.below(1_000_000)
        let edited = random.chance(10) ? created + random.below(86_400) * 1_000_000 : created
        return SeededMemory(
            id: random.uuid(), workspace: workspace, content: content, scope: scope, label: random.pick(Self.labels),
            createdMicroseconds: created, updatedMicroseconds: edited)
    }

    private mutating func add(_ memory: SeededMemory, untouched: Bool) {
        var memory = memory
        memory.untouched = untouched
        memories.append(memory)
    }

    /// Rows v2 cannot hold, and some it can that look as if it could not.
    private mutating func addAwkward() {
        let roots = forest.all.filter { $0.parent == nil }
        let children = forest.agentWorkspaces.filter { $0.parent != nil }
        for member in forest.ring {
            for scope in Scope.allCases { add(memory(member.id, scope, "\(scope.rawValue) note inside a ring"), untouched: true) }
        }
        for number in 0..<max(3, rows / 400) {
            add(memory(random.pick(children).id, .global, "Everyone should know this (\(number))"), untouched: true)
        }
        for blank in SeedTexts.blanks { add(memory(random.pick(children).id, .local, blank), untouched: true) }
        for number in 0..<4 {
            add(memory(nil, random.pick([.local, .team]), "Written by a workspace long gone (\(number))"), untouched: true)
        }
        for text in SeedTexts.credentials { add(memory(random.pick(children).id, .local, text), untouched: true) }
        for number in 0..<3 {
            var timeless = memory(random.pick(roots).id, .local, "Nobody knows when this was written (\(number))")
            timeless.createdMicroseconds = nil
            timeless.updatedMicroseconds = number == 0 ? nil : timeless.updatedMicroseconds
            add(timeless, untouched: false)
        }
    }

    private mutating func fill() {
        let placed = forest.all.filter { !forest.tree.hasNoRoot($0.id) }
        let roots = placed.filter { $0.parent == nil }
        while memories.count < rows {
            let dice = random.below(100)
            let scope: Scope = dice < 70 ? .local : dice < 93 ? .team : .global
            let workspace = random.pick(scope == .global ? roots : placed)
            var made = memory(workspace.id, scope, SeedTexts.make(memories.count, using: &random))
            if random.chance(3), let twin = memories.randomElement(using: &random), !twin.untouched {
                made.content = twin.content
                // A tie in time too, now and then: nothing may rely on the order of such rows.
                if random.chance(30) { made.createdMicroseconds = twin.createdMicroseconds }
            }
            if random.chance(1.5) { made.embedding = embedding() }
            memories.append(made)
        }
    }

    /// Multiples of 1/128: the text of each is exact, so it can be compared after any journey.
    private mutating func embedding() -> [Float] {
        (0..<1536).map { _ in Float(random.below(257) - 128) / 128 }
    }
}
