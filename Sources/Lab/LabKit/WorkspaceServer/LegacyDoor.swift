/// The old HTTP door on memories. It speaks v1 whether or not a plugin is wired, and is gone in the strict version.
struct LegacyDoor: Sendable {
    let legacy: LegacyMemories
    let activity: ActivityLog

    func answer(_ visit: WorkspaceVisit) async throws -> Answer {
        switch (visit.asked.method, visit.rest.count) {
        case ("POST", 1): return try await commit(visit)
        case ("GET", 1): return try await list(visit)
        case ("PATCH", 2): return try await edit(visit, id: visit.rest[1])
        case ("DELETE", 2): return try await forget(visit, id: visit.rest[1])
        default: throw DoorProblem.noSuchRoute
        }
    }

    // MARK: - Non public

    private static let notFound = DoorProblem.status(404, "memory not found")

    private func commit(_ visit: WorkspaceVisit) async throws -> Answer {
        let body = try visit.bodyObject()
        guard let content = body["content"]?.string, !content.isEmpty else { throw DoorProblem.status(400, "content is required") }
        guard let scope = Scope(rawValue: body["scope"]?.string ?? "LOCAL") else {
            throw DoorProblem.status(400, "scope must be LOCAL, TEAM or GLOBAL")
        }
        let label = try label(body) ?? "general"
        guard scope != .global || visit.chain.parent == nil else {
            throw DoorProblem.status(403, "only root workspaces may write GLOBAL memories")
        }
        let id = try await legacy.commit(
            kept(content, scope), workspace: visit.workspace, scope: scope, label: label)
        if scope == .global { try await activity.note(visit.workspace, "memory_write_global", "GLOBAL memory \(id) written") }
        return .json(201, ["id": .string(id), "scope": .string(scope.rawValue), "namespace": .string(label)])
    }

    private func list(_ visit: WorkspaceVisit) async throws -> Answer {
        let query = visit.asked.query
        let limit = visit.limit(most: 50)
        let text = query["q"] ?? ""
        let rows: [Row]
        if let name = query["scope"], !name.isEmpty {
            guard let scope = Scope(rawValue: name) else { throw DoorProblem.status(400, "scope must be LOCAL, TEAM or GLOBAL") }
            rows = try await legacy.recall(visit.chain, scopes: [scope], query: text, label: query["namespace"], limit: limit)
        } else {
            rows = try await legacy.list(visit.workspace, query: text, label: query["namespace"], limit: limit)
        }
        let names = ["id", "workspace_id", "content", "scope", "namespace", "created_at", "updated_at"]
        return .json(
            200, .array(rows.map { row in .object(names.map { .init(name: $0, value: JSONValue(row[$0])) }) }))
    }

    private func edit(_ visit: WorkspaceVisit, id: String) async throws -> Answer {
        let body = try visit.bodyObject()
        let content = body["content"]?.string
        let label = try label(body)
        guard content != nil || label != nil, content != "" else { throw DoorProblem.status(400, "nothing to change") }
        guard isUUID(id), let scope = try await legacy.scope(of: id, workspace: visit.workspace) else { throw Self.notFound }
        guard
            try await legacy.edit(
                id, workspace: visit.workspace, content: content.map { kept($0, scope) }, label: label)
        else { throw Self.notFound }
        return .json(200, ["id": .string(id), "status": "updated"])
    }

    private func forget(_ visit: WorkspaceVisit, id: String) async throws -> Answer {
        guard isUUID(id), try await legacy.forget(id, workspace: visit.workspace) else { throw Self.notFound }
        return .json(200, ["id": .string(id), "status": "deleted"])
    }

    private func label(_ body: JSONValue) throws -> String? {
        guard let label = body["namespace"]?.string, !label.isEmpty else { return nil }
        guard label.unicodeScalars.count <= 50 else { throw DoorProblem.status(400, "namespace is longer than 50 characters") }
        return label
    }

    /// The text as it is stored: scrubbed, and a GLOBAL one unable to pass for a memory block of the prompt.
    private func kept(_ content: String, _ scope: Scope) -> String {
        let scrubbed = SecretScrubber.scrub(content)
        return scope == .global ? scrubbed.replacing("[MEMORY ", with: "[_MEMORY ") : scrubbed
    }
}
