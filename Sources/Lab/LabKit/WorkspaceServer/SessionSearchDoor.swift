/// Searches what a workspace did and remembers: v1 rows while there is a v1, the plugin's in the strict version.
struct SessionSearchDoor: Sendable {
    let legacy: LegacyMemories?
    let plugin: PluginClient?
    let activity: ActivityLog

    func answer(_ visit: WorkspaceVisit) async throws -> Answer {
        guard visit.asked.method == "GET", visit.rest.count == 1 else { throw DoorProblem.noSuchRoute }
        let limit = visit.limit(most: 200, usual: 50)
        let query = visit.asked.query["q"] ?? ""
        let found: [ActivityLog.Found]
        if let legacy {
            found = try await legacy.sessionSearch(visit.workspace, query, limit: limit)
        } else {
            found = try await union(visit, query, limit)
        }
        return .json(200, .array(found.map(\.json)))
    }

    private func union(_ visit: WorkspaceVisit, _ query: String, _ limit: Int) async throws -> [ActivityLog.Found] {
        var found = try await activity.search(visit.workspace, query, limit: limit)
        do {
            let records = try await plugin?.search(visit.chain.readable, query: query, limit: min(limit, 100)) ?? []
            found += records.map {
                .init(
                    source: "memory", id: $0["id"]?.string ?? "", content: $0["content"]?.string ?? "",
                    createdAt: $0["created_at"]?.string)
            }
        } catch let failure as PluginFailure {
            throw DoorProblem.pluginUnavailable(failure)
        }
        return Array(found.sorted { ($0.createdAt ?? "") > ($1.createdAt ?? "") }.prefix(limit))
    }
}
