/// The ids, workspaces and namespaces agents play with.
enum World {
    static let ids = 140
    static let hot = 18

    /// What v2 refuses when it is about to get it.
    static let tooMuch = "too much"

    static func id(_ number: Int) -> String { uuid(9, number) }
    static func workspace(_ number: Int) -> String { uuid(1, number) }

    static let root = workspace(0)
    static let children = [workspace(1), workspace(2), workspace(3)]
    /// Re-parented now and then.
    static let wanderers = [workspace(4), workspace(5)]

    /// Where v1 rows are written: workspace and scope. The last has no namespace.
    static let places: [(workspace: String, scope: String)] = [
        (children[0], "LOCAL"), (children[1], "LOCAL"), (wanderers[0], "TEAM"), (wanderers[1], "TEAM"), (children[0], "TEAM"),
        (root, "GLOBAL"), (children[2], "GLOBAL"),
    ]

    /// Where v2 rows are written. The last has no v1 scope.
    static let namespaces = [
        "workspace:\(children[0])", "workspace:\(children[1])", "team:\(root)", "team:\(children[0])", "org:\(root)", "custom:x",
    ]

    static var create: String {
        let rows = children.map { "('\($0)', 'child', '\(root)')" } + wanderers.map { "('\($0)', 'wanderer', '\(children[0])')" }
        return "INSERT INTO workspaces (id, name, parent_id) VALUES ('\(root)', 'root', NULL), \(rows.joined(separator: ", "))"
    }

    private static func uuid(_ kind: Int, _ number: Int) -> String {
        let digits = String(number)
        return "\(kind)0000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
    }
}
