/// A memory as a store's table holds it.
struct StoredMemory: Sendable {
    enum Place: Sendable, Equatable, CustomStringConvertible {
        case v1(workspace: String?, scope: Scope?, label: String)
        case v2(namespace: String)

        var description: String {
            switch self {
            case .v1(let workspace, let scope, _): "\(scope?.rawValue ?? "no scope") of \(workspace ?? "no workspace")"
            case .v2(let namespace): namespace
            }
        }
    }

    let id: String
    let place: Place
    let content: String
    /// Microseconds since 1970.
    let created: Int?
    /// v2 has no such column.
    var updated: Int?
    let embedding: String?
}

/// One of the two stores.
public enum Store: String, Sendable, CaseIterable {
    case v1, v2
}
