/// A workspace and its parents up to the root, at most 50 hops; never empty.
struct WorkspaceChain: Sendable, Equatable {
    let own: String
    let ancestors: [String]

    static let mostHops = 50

    var parent: String? { ancestors.first }
    var root: String { ancestors.last ?? own }

    /// The namespaces this workspace may read, nearest first.
    var readable: [String] { [workspaceNamespace, teamNamespace, "org:\(root)"] }

    /// The namespaces this workspace may write.
    var writable: [String] { Scope.allCases.compactMap(writableNamespace(for:)) }

    /// Where a memory of this scope goes; nil when the workspace may not write there.
    func writableNamespace(for scope: Scope) -> String? {
        switch scope {
        case .local: workspaceNamespace
        case .team: teamNamespace
        case .global: parent == nil ? "org:\(root)" : nil
        }
    }

    private var workspaceNamespace: String { "workspace:\(own)" }
    private var teamNamespace: String { "team:\(parent ?? own)" }
}

/// All workspaces of a tenant with their parents.
struct WorkspaceTree: Sendable, Equatable {
    /// Each workspace's parent; nil for a root.
    let parents: [String: String?]

    /// Nil when the workspace does not exist.
    func chain(of id: String) -> WorkspaceChain? {
        guard parents[id] != nil else { return nil }
        var ancestors: [String] = []
        var at = id
        while ancestors.count < WorkspaceChain.mostHops, let parent = parents[at] ?? nil {
            ancestors.append(parent)
            at = parent
        }
        return WorkspaceChain(own: id, ancestors: ancestors)
    }

    /// True when the way up never reaches a root within the allowed hops.
    func hasNoRoot(_ id: String) -> Bool {
        guard let chain = chain(of: id) else { return true }
        return (parents[chain.root] ?? nil) != nil
    }
}
