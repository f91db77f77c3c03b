/// Where v2 may hold a v1 memory, by the platform's policy.
enum Placement: Sendable, Equatable {
    case namespace(String)
    /// Held there or excepted, as the migration sees fit.
    case either(String, why: String)
    case nowhere(why: String)

    init(workspace: String?, scope: Scope, content: String, tree: WorkspaceTree) {
        guard !content.isBlank else {
            self = .nowhere(why: "blank content")
            return
        }
        guard let workspace else {
            self = .nowhere(why: "no workspace")
            return
        }
        guard let chain = tree.chain(of: workspace) else {
            self = .nowhere(why: "missing workspace")
            return
        }
        switch (chain.writableNamespace(for: scope), tree.hasNoRoot(workspace)) {
        case (nil, _): self = .nowhere(why: "GLOBAL of a workspace that is not a root")
        case (let name?, true): self = .either(name, why: "no root within \(WorkspaceChain.mostHops) hops")
        case (let name?, false): self = .namespace(name)
        }
    }
}
