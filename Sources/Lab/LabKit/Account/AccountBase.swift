import Foundation

/// A seeded row as the account knows it from the generator; the database is never asked.
struct SeededFacts: Codable, Sendable, Equatable {
    let id: String
    let workspace: String?
    let scope: Scope
    let content: String
    let label: String
    /// Microseconds since 1970.
    let created: Int?
    let updated: Int?
    /// The digest of its embedding.
    let embedding: String?
    let untouched: Bool

    init(_ memory: SeededMemory) {
        id = memory.id
        workspace = memory.workspace
        scope = memory.scope
        content = memory.content
        label = memory.label
        created = memory.createdMicroseconds
        updated = memory.updatedMicroseconds
        embedding = memory.embedding.map(Embedding.digest)
        untouched = memory.untouched
    }
}

/// The account's first part: the rows seeded, and where agents work.
struct AccountBase: Sendable {
    let seeded: [SeededFacts]
    let agentWorkspaces: [AgentWorkspace]

    /// A workspace agents may use, and whether it is a root.
    struct AgentWorkspace: Codable, Sendable {
        let id: String
        let isRoot: Bool
    }

    init(_ tenant: SeededTenant) {
        seeded = tenant.memories.map(SeededFacts.init)
        let roots = Set(tenant.workspaces.filter { $0.parent == nil }.map(\.id))
        agentWorkspaces = tenant.agentWorkspaces.map { AgentWorkspace(id: $0, isRoot: roots.contains($0)) }
    }

    init(folder: TenantFolder) throws {
        let decoder = JSONDecoder()
        agentWorkspaces = try decoder.decode([AgentWorkspace].self, from: try Data(contentsOf: Self.workspacesURL(folder)))
        seeded = try AccountLines.read(folder.accountBase) { try decoder.decode(SeededFacts.self, from: $0) }
    }

    func write(to folder: TenantFolder) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var out = Data()
        for facts in seeded {
            out.append(try encoder.encode(facts))
            out.append(0x0A)
        }
        try out.write(to: URL(fileURLWithPath: folder.accountBase), options: .atomic)
        try encoder.encode(agentWorkspaces).write(to: Self.workspacesURL(folder), options: .atomic)
    }

    private static func workspacesURL(_ folder: TenantFolder) -> URL {
        URL(fileURLWithPath: "\(folder.account)/workspaces.json")
    }
}

/// Files of one JSON document a line.
enum AccountLines {
    /// A last line without its end is one whose writer was killed: it is passed over.
    static func read<T>(_ path: String, _ decode: (Data) throws -> T) throws -> [T] {
        guard let data = FileManager.default.contents(atPath: path) else { return [] }
        let whole = data.lastIndex(of: 0x0A).map { data[..<$0] } ?? Data()
        return try whole.split(separator: 0x0A).map { try decode(Data($0)) }
    }
}
