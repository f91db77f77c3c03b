/// The agents' door: JSON-RPC 2.0 tools to commit and recall memories.
struct McpDoor: Sendable {
    let plugin: PluginClient?
    /// Nil in the strict version: then there is nothing to fall back to.
    let legacy: LegacyMemories?

    static let nothingFound = "No memories found."

    func answer(_ visit: WorkspaceVisit) async throws -> Answer {
        let request = try visit.bodyObject()
        let id = request["id"] ?? .null
        switch request["method"]?.string {
        case "initialize":
            return reply(
                id,
                [
                    "protocolVersion": "2024-11-05", "capabilities": ["tools": [:]],
                    "serverInfo": ["name": "lab-workspace-server", "version": "1"],
                ])
        case "tools/list":
            return reply(id, ["tools": [["name": "commit_memory"], ["name": "recall_memory"]]])
        case "tools/call":
            let arguments = request["params"]?["arguments"] ?? [:]
            do {
                return reply(id, try await call(request["params"]?["name"]?.string, arguments, visit.chain))
            } catch let refusal as Refusal {
                return error(id, -32000, refusal.why)
            }
        default: return error(id, -32601, "method not found")
        }
    }

    // MARK: - Non public

    private struct Refusal: Error {
        let why: String
    }

    private func call(_ tool: String?, _ arguments: JSONValue, _ chain: WorkspaceChain) async throws -> JSONValue {
        switch tool {
        case "commit_memory":
            let content = arguments["content"]?.string ?? ""
            guard !content.isEmpty else { throw Refusal(why: "content is required") }
            let scope = try scope(arguments) ?? .local
            guard scope != .global else { throw Refusal(why: "scope GLOBAL is not allowed here") }
            return try await commit(SecretScrubber.scrub(content), scope, chain)
        case "recall_memory":
            return try await recall(arguments["query"]?.string ?? "", try scope(arguments), chain)
        default: throw Refusal(why: "unknown tool")
        }
    }

    private func scope(_ arguments: JSONValue) throws -> Scope? {
        guard let text = arguments["scope"]?.string, !text.isEmpty else { return nil }
        guard let scope = Scope(rawValue: text) else { throw Refusal(why: "scope must be LOCAL, TEAM or GLOBAL") }
        return scope
    }

    private func commit(_ content: String, _ scope: Scope, _ chain: WorkspaceChain) async throws -> JSONValue {
        if let plugin, let namespace = chain.writableNamespace(for: scope) {
            do {
                guard let id = try await plugin.commit(content, into: namespace) else { throw Refusal(why: "memory refused") }
                return committed(id, scope)
            } catch let failure as PluginFailure {
                try passOrThrow(failure)
            }
        }
        guard let legacy else { throw DoorProblem.pluginUnavailable(.neverSent) }
        return committed(try await legacy.commit(content, workspace: chain.own, scope: scope, label: chain.own), scope)
    }

    private func recall(_ query: String, _ scope: Scope?, _ chain: WorkspaceChain) async throws -> JSONValue {
        if let plugin {
            do {
                return recalled(try await plugin.search(namespaces(scope, chain), query: query, limit: 50).map(memory))
            } catch let failure as PluginFailure {
                try passOrThrow(failure)
            }
        }
        guard let legacy else { throw DoorProblem.pluginUnavailable(.neverSent) }
        guard scope != .global else { throw Refusal(why: "scope GLOBAL is not allowed here") }
        let scopes = scope.map { [$0] } ?? [.local, .team]
        let rows = try await legacy.recall(chain, scopes: scopes, query: query, label: nil, limit: 50)
        return recalled(
            rows.map {
                [
                    "id": JSONValue($0["id"]), "content": JSONValue($0["content"]), "scope": JSONValue($0["scope"]),
                    "created_at": JSONValue($0["created_at"]),
                ]
            })
    }

    /// Returns when the fallback may take over: then nobody is told.
    private func passOrThrow(_ failure: PluginFailure) throws {
        guard failure.isUnreachable else { throw Refusal(why: "memory plugin failed") }
        if legacy == nil { throw DoorProblem.pluginUnavailable(failure) }
    }

    private func namespaces(_ scope: Scope?, _ chain: WorkspaceChain) -> [String] {
        switch scope {
        case nil: chain.readable
        case .local: [chain.readable[0]]
        case .team: [chain.readable[1]]
        case .global: [chain.readable[2]]
        }
    }

    private func memory(_ record: JSONValue) -> JSONValue {
        let kind = (record["namespace"]?.string ?? "").prefix { $0 != ":" }
        let scope = kind == "org" ? "GLOBAL" : kind == "team" ? "TEAM" : "LOCAL"
        return [
            "id": record["id"] ?? .null, "content": record["content"] ?? .null, "scope": .string(scope),
            "created_at": record["created_at"] ?? .null,
        ]
    }

    private func committed(_ id: String, _ scope: Scope) -> JSONValue {
        let memory: JSONValue = ["id": .string(id), "scope": .string(scope.rawValue)]
        return text(memory.text)
    }

    private func recalled(_ memories: [JSONValue]) -> JSONValue {
        text(memories.isEmpty ? Self.nothingFound : JSONValue.array(memories).text)
    }

    private func text(_ text: String) -> JSONValue { ["content": [["type": "text", "text": .string(text)]]] }

    private func reply(_ id: JSONValue, _ result: JSONValue) -> Answer {
        .json(200, ["jsonrpc": "2.0", "id": id, "result": result])
    }

    private func error(_ id: JSONValue, _ code: Int, _ message: String) -> Answer {
        .json(200, ["jsonrpc": "2.0", "id": id, "error": ["code": JSONValue(code), "message": .string(message)]])
    }
}
