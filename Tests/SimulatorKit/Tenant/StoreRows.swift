/// A memory as the old table has it.
struct OldRow: Sendable, Equatable {
    enum Scope: String, Sendable { case local, team, global }
    /// Nil, or one that is gone: it has no place in the new store.
    var workspace: Int?
    var scope: Scope
    var text: String
    /// Milliseconds since 1970.
    var made: Int64
    /// The workspace's own number of a row that a server wrote because its plugin did not answer; `general` of any other.
    var label = "general"
}

/// A memory as the plugin has it.
struct NewRow: Sendable, Equatable {
    var namespace: String
    var text: String
    var made: Int64
    /// What rides in its propagation: whose row it was in the old table.
    var owner: Int?
    /// Only the plugin knows of pins.
    var isPinned = false
}

/// The platform's own policy: workspace 0 is the root, and the others are its children.
enum Mapping {
    static let workspaces = 0..<3

    enum Place: Equatable {
        case namespace(String)
        case none(reason: String)
    }

    static func place(of row: OldRow) -> Place {
        guard let workspace = row.workspace, workspaces.contains(workspace) else { return .none(reason: "no-workspace") }
        if row.text.allSatisfy(\.isWhitespace) { return .none(reason: "blank-content") }
        switch row.scope {
        case .local: return .namespace("workspace:\(workspace)")
        case .team: return .namespace("team:0")
        case .global: return workspace == 0 ? .namespace("org:0") : .none(reason: "global-of-non-root")
        }
    }

    /// Nil where the old table can't say it.
    static func owner(of row: NewRow) -> (workspace: Int, scope: OldRow.Scope)? {
        let parts = row.namespace.split(separator: ":")
        guard parts.count == 2, let number = Int(parts[1]) else { return nil }
        switch parts[0] {
        case "workspace": return (number, .local)
        case "team": return (row.owner ?? 1, .team)
        case "org": return (0, .global)
        default: return nil
        }
    }
}

/// What both stores can hold of a memory: two rows are the same where this is.
struct Shared: Sendable, Equatable {
    let place: String
    let text: String
    let made: Int64

    init(_ row: OldRow) {
        if case .namespace(let name) = Mapping.place(of: row) { place = name } else { place = "-" }
        (text, made) = (row.text, row.made)
    }
    init(_ row: NewRow) { (place, text, made) = (row.namespace, row.text, row.made) }
}
