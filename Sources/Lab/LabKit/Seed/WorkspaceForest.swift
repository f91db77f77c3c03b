/// The workspaces of a tenant: four trees up to four levels deep, a removed branch, and two workspaces that are each other's parent.
struct WorkspaceForest: Sendable {
    let all: [SeededWorkspace]
    let probe: SeededWorkspace
    /// Two workspaces, each the other's parent.
    let ring: [SeededWorkspace]

    init(using random: inout SplitMix) {
        var made: [SeededWorkspace] = []
        func grow(_ name: String, under parent: SeededWorkspace?, status: String = "online", _ random: inout SplitMix) -> SeededWorkspace {
            let workspace = SeededWorkspace(id: random.uuid(), name: name, parent: parent?.id, status: status)
            made.append(workspace)
            return workspace
        }
        probe = grow("Probe", under: nil, &random)
        for (company, teams) in [("Atelier", 3), ("Büro Süd", 2), ("研究所", 2)] {
            let root = grow(company, under: nil, &random)
            for team in 1...teams {
                let middle = grow("Team \(team)", under: root, status: random.pick(["online", "online", "paused"]), &random)
                guard team < 3 else { continue }
                let deep = grow("Desk \(team)", under: middle, &random)
                if team == 1 { _ = grow("Corner", under: deep, status: "hibernated", &random) }
                _ = grow("Second desk", under: middle, &random)
            }
        }
        let trunk = made[1]
        let removed = grow("Closed", under: trunk, status: "removed", &random)
        _ = grow("Orphan desk", under: removed, &random)
        let ids = [random.uuid(), random.uuid()]
        ring = [
            SeededWorkspace(id: ids[0], name: "Ouro", parent: ids[1], status: "online"),
            SeededWorkspace(id: ids[1], name: "Boros", parent: ids[0], status: "online"),
        ]
        all = made + ring
    }

    var tree: WorkspaceTree { WorkspaceTree(parents: Dictionary(all.map { ($0.id, $0.parent) }) { first, _ in first }) }

    /// Where agents work: alive, with a root above, and not the probe's.
    var agentWorkspaces: [SeededWorkspace] {
        all.filter { $0.id != probe.id && $0.status != "removed" && !tree.hasNoRoot($0.id) }
    }
}
