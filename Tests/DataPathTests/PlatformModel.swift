import Foundation
import Postgres

/// The platform's policy written down a second time, for the SQL to be held against: a forest of workspaces, where a v1 row goes,
/// where a v2 row comes from, and who reads what.
struct PlatformModel {
    struct Workspace {
        let id: UUID
        var parent: UUID?
        var removed = false
        /// Later means greater; the first child is the one made first.
        let made: Int
    }

    var workspaces: [UUID: Workspace] = [:]
    var inOrder: [UUID] = []

    /// Some roots, some deep chains, some removed, here and there a circle.
    static func random(_ count: Int, circles: Bool, _ random: inout Dice) -> PlatformModel {
        var model = PlatformModel()
        for number in 0..<count {
            let id = UUID(uuidString: String(format: "20000000-0000-4000-8000-%012x", (number &* 7919) & 0xffff))!
            var parent: UUID?
            if number > 0, Int.random(in: 0..<6, using: &random) > 0 {
                // Mostly one of the newest, so that some chains grow long.
                parent = Bool.random(using: &random) ? model.inOrder.last : model.inOrder.randomElement(using: &random)
            }
            model.workspaces[id] = Workspace(id: id, parent: parent, removed: Int.random(in: 0..<6, using: &random) == 0, made: number)
            model.inOrder.append(id)
        }
        if circles {
            for _ in 0..<2 {
                let (a, b) = (model.inOrder.randomElement(using: &random)!, model.inOrder.randomElement(using: &random)!)
                model.workspaces[a]?.parent = b
            }
        }
        return model
    }

    /// The workspace and its parents, at most fifty of them.
    func chain(_ id: UUID) -> [UUID] {
        var chain = [id]
        while chain.count <= 50, let parent = workspaces[chain.last!]?.parent { chain.append(parent) }
        return chain
    }

    func root(_ id: UUID) -> UUID { chain(id).last! }
    func team(_ id: UUID) -> UUID { workspaces[id]?.parent ?? id }

    func target(owner: UUID?, scope: String) -> String? {
        guard let owner, let workspace = workspaces[owner] else { return nil }
        switch scope {
        case "LOCAL": return "workspace:\(owner.lowercased)"
        case "TEAM": return "team:\(team(owner).lowercased)"
        default: return workspace.parent == nil ? "org:\(owner.lowercased)" : nil
        }
    }

    /// Why `target` has no answer.
    func reason(owner: UUID?, scope: String) -> String {
        guard let owner, workspaces[owner] != nil else { return "no-workspace" }
        return workspaces[chain(owner).last!]?.parent == nil ? "global-of-non-root" : "workspace-cycle"
    }

    func readable(_ reader: UUID) -> [String] {
        ["workspace:\(reader.lowercased)", "team:\(team(reader).lowercased)", "org:\(root(reader).lowercased)"]
    }

    func readsInV1(_ reader: UUID, owner: UUID?, scope: String) -> Bool {
        guard let owner, let home = workspaces[owner] else { return false }
        switch scope {
        case "LOCAL": return reader == owner
        case "TEAM": return !home.removed && (owner == reader || owner == team(reader) || home.parent == team(reader))
        default: return true
        }
    }

    /// Where a v2 row goes that v1 does not have: its first owner's place if that still gives this namespace, else by the name.
    func home(namespace: String, firstOwner: UUID?) -> (owner: UUID, scope: String)? {
        let parts = namespace.split(separator: ":", maxSplits: 1).map(String.init)
        guard let scope = ["workspace": "LOCAL", "team": "TEAM", "org": "GLOBAL"][parts[0]], let named = UUID(uuidString: parts[1]) else { return nil }
        if let firstOwner, target(owner: firstOwner, scope: scope) == namespace { return (firstOwner, scope) }
        let children = workspaces.values.filter { $0.parent == named }.sorted { $0.made < $1.made }
        let owner = scope == "TEAM" ? children.first?.id ?? named : named
        return target(owner: owner, scope: scope) == namespace ? (owner, scope) : nil
    }

    var readers: [UUID] { inOrder.filter { workspaces[$0]?.removed == false } }

    /// Parents first would need an order that circles do not have, so parents are set afterwards.
    var sql: String {
        inOrder.map { id in
            let workspace = workspaces[id]!
            return """
                INSERT INTO workspaces (id, name, status, created_at) VALUES ('\(id.lowercased)', 'w\(workspace.made)', \
                '\(workspace.removed ? "removed" : "online")', '2024-01-01'::timestamptz + \(workspace.made) * interval '1 hour');
                """
        }.joined() + inOrder.compactMap { id in
            workspaces[id]?.parent.map { "UPDATE workspaces SET parent_id = '\($0.lowercased)' WHERE id = '\(id.lowercased)';" }
        }.joined()
    }
}
