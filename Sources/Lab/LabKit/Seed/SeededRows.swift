/// A workspace as the lab makes it.
struct SeededWorkspace: Sendable, Equatable {
    let id: String
    let name: String
    let parent: String?
    let status: String
}

/// A v1 row as the lab makes it.
struct SeededMemory: Sendable, Equatable {
    let id: String
    var workspace: String?
    var content: String
    var scope: Scope
    var label: String
    /// Microseconds since 1970, UTC.
    var createdMicroseconds: Int?
    var updatedMicroseconds: Int?
    var embedding: [Float]?
    /// Awkward on purpose: agents leave it alone, so that lists of exceptions stay as they are.
    var untouched = false
}

/// Everything a tenant starts with.
struct SeededTenant: Sendable {
    let workspaces: [SeededWorkspace]
    let memories: [SeededMemory]
    /// A root workspace no agent works on.
    let probeWorkspace: String
    /// Another, without a memory: nobody has ever used its namespaces.
    let freshWorkspace: String
    /// Where agents work.
    let agentWorkspaces: [String]
}
