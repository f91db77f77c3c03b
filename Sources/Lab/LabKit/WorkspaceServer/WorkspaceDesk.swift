/// Routes a request to its door, after asking for the workspace's token.
struct WorkspaceDesk: Desk {
    let settings: WorkspaceSettings
    private let directory: WorkspaceDirectory
    private let plugin: PluginClient?
    private let legacy: LegacyMemories?
    private let activity: ActivityLog
    private let keyValues: KeyValueDoor
    private let counts = RequestCounts()

    init(_ settings: WorkspaceSettings) {
        let url = settings.databaseURL
        let lanes = LanePool(lanes: 10, label: "lab.workspace.db") { PostgresConnection(url: url) }
        self.settings = settings
        directory = WorkspaceDirectory(lanes: lanes)
        activity = ActivityLog(lanes: lanes)
        keyValues = KeyValueDoor(lanes: lanes)
        plugin = settings.pluginURL.map { PluginClient(base: $0, faultFile: settings.faultFile) }
        legacy = settings.strict ? nil : LegacyMemories(lanes: lanes)
    }

    func answer(_ asked: Asked) async -> Answer {
        let answer = await guarded(asked)
        counts.count(door: Self.door(asked), method: asked.method, status: answer.status)
        return answer
    }

    // MARK: - Non public

    private func guarded(_ asked: Asked) async -> Answer {
        do {
            return try await route(asked)
        } catch let problem as DoorProblem {
            return problem.answer
        } catch {
            LabLog.say("lab-workspace-server: \(asked.method) failed: \(error)")
            return DoorProblem.status(500, "internal error").answer
        }
    }

    private func route(_ asked: Asked) async throws -> Answer {
        guard let path = asked.path else { throw DoorProblem.noSuchRoute }
        switch (asked.method, path) {
        case ("GET", ["health"]): return .json(200, ["status": "ok"])
        case ("GET", ["buildinfo"]): return .json(200, ["git_sha": settings.strict ? "lab-strict" : "lab-v1"])
        case ("GET", ["metrics"]): return .text(200, counts.text)
        default:
            guard path.count >= 2, path[0] == "workspaces" else { throw DoorProblem.noSuchRoute }
            let chain = try await authorised(path[1], asked)
            return try await visit(WorkspaceVisit(chain: chain, asked: asked, rest: Array(path.dropFirst(2))))
        }
    }

    private func authorised(_ id: String, _ asked: Asked) async throws -> WorkspaceChain {
        let workspace = id.lowercased()
        guard asked.bearer == WorkspaceToken.make(secret: settings.authSecret, workspace: workspace) else {
            throw DoorProblem.status(401, "unauthorized")
        }
        guard isUUID(workspace), let chain = try await directory.chain(of: workspace) else {
            throw DoorProblem.status(404, "workspace not found")
        }
        return chain
    }

    private func visit(_ visit: WorkspaceVisit) async throws -> Answer {
        switch (visit.rest.first, visit.rest.dropFirst().first) {
        case ("mcp", nil) where visit.asked.method == "POST":
            return try await McpDoor(plugin: plugin, legacy: legacy).answer(visit)
        case ("memories", _):
            guard let legacy else { throw DoorProblem.noSuchRoute }
            return try await LegacyDoor(legacy: legacy, activity: activity).answer(visit)
        case ("v2", "memories"): return try await PanelDoor(plugin: plugin).answer(visit)
        case ("session-search", _):
            return try await SessionSearchDoor(legacy: legacy, plugin: plugin, activity: activity).answer(visit)
        case ("memory", _) where !settings.keyless: return try await keyValues.answer(visit)
        case (nil, _) where visit.asked.method == "DELETE": return try await remove(visit)
        default: throw DoorProblem.noSuchRoute
        }
    }

    /// Removes a workspace and purges its memories; the plugin's part is best effort.
    private func remove(_ visit: WorkspaceVisit) async throws -> Answer {
        try await legacy?.purge(visit.workspace)
        try? await plugin?.drop(namespace: "workspace:\(visit.workspace)")
        try await directory.markRemoved(visit.workspace)
        return .json(200, ["id": .string(visit.workspace), "status": "removed"])
    }

    private static func door(_ asked: Asked) -> String {
        guard let path = asked.path else { return "none" }
        guard path.first == "workspaces" else { return path.first ?? "none" }
        let rest = path.dropFirst(2)
        return rest.first == "v2" ? "v2/memories" : rest.first ?? "workspace"
    }
}
