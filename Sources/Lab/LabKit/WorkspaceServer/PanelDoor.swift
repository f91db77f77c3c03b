/// The panel's door on v2 memories: what the plugin holds for a workspace.
struct PanelDoor: Sendable {
    let plugin: PluginClient?

    func answer(_ visit: WorkspaceVisit) async throws -> Answer {
        switch (visit.asked.method, visit.rest.count) {
        case ("GET", 2): return try await list(visit)
        case ("DELETE", 3): return try await forget(visit, id: visit.rest[2])
        default: throw DoorProblem.noSuchRoute
        }
    }

    private func list(_ visit: WorkspaceVisit) async throws -> Answer {
        guard let plugin else { return .json(200, []) }
        let query = visit.asked.query["q"] ?? ""
        do {
            let found = try await plugin.search(visit.chain.readable, query: query, limit: visit.limit(most: 100, usual: 50))
            return .json(200, .array(found))
        } catch let failure as PluginFailure {
            throw DoorProblem.pluginUnavailable(failure)
        }
    }

    private func forget(_ visit: WorkspaceVisit, id: String) async throws -> Answer {
        guard let plugin else { throw DoorProblem.pluginUnavailable(.neverSent) }
        guard isUUID(id) else { throw DoorProblem.status(404, "memory not found") }
        do {
            guard try await plugin.forget(id, from: visit.chain.writable) else {
                throw DoorProblem.status(404, "memory not found")
            }
            return .empty(204)
        } catch let failure as PluginFailure {
            throw DoorProblem.pluginUnavailable(failure)
        }
    }
}
