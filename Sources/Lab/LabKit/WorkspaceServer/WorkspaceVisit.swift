import Foundation

/// One authorised request of one workspace, on its way to a door.
struct WorkspaceVisit: Sendable {
    let chain: WorkspaceChain
    let asked: Asked
    /// What follows `/workspaces/:id` in the path.
    let rest: [String]

    var workspace: String { chain.own }

    func bodyObject() throws -> JSONValue {
        guard let body = try? JSONReader.read(asked.body), case .object = body else {
            throw DoorProblem.status(400, "malformed JSON")
        }
        return body
    }

    /// The `limit` asked for, between 1 and `most`; `most` or `usual` when none is given.
    func limit(most: Int, usual: Int? = nil) -> Int {
        guard let text = asked.query["limit"], let limit = Int(text), limit > 0 else { return usual ?? most }
        return min(limit, most)
    }
}

/// Whether a text is a UUID; the doors answer 404 to any other id, as nothing can have it.
func isUUID(_ text: String) -> Bool { UUID(uuidString: text) != nil }
