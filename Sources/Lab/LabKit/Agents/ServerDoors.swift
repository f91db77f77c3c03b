/// An agent's way to its workspace server; blocking, for one agent's thread.
final class ServerDoors {
    private let base: String
    private let secret: String
    private let client = CurlClient()

    init(base: String, secret: String) {
        self.base = base
        self.secret = secret
    }

    /// How a writing request ended.
    struct Reply {
        let result: AccountLine.Result
        let status: Int
        let json: JSONValue?
        /// The connection was refused: the server is down, perhaps restarting.
        var isServerDown = false
    }

    func commit(_ content: String, scope: Scope, workspace: String) -> Reply {
        let reply = tool("commit_memory", ["content": .string(content), "scope": .string(scope.rawValue)], workspace)
        // A JSON-RPC error says the memory was refused; anything else without an id tells nothing.
        guard reply.result == .done else { return reply }
        if reply.json?["error"] != nil { return Reply(result: .nothing, status: reply.status, json: reply.json) }
        guard let memory = toolText(reply).flatMap({ try? JSONReader.read($0) }), memory["id"]?.string != nil else {
            return Reply(result: .maybe, status: reply.status, json: reply.json)
        }
        return Reply(result: .done, status: reply.status, json: memory)
    }

    /// The ids and texts recalled; nil when the server could not tell.
    func recall(_ query: String, scope: Scope, workspace: String) -> [Seen]? {
        let reply = tool("recall_memory", ["query": .string(query), "scope": .string(scope.rawValue)], workspace)
        guard reply.result == .done, let text = toolText(reply) else { return nil }
        return text == McpDoor.nothingFound ? [] : (try? JSONReader.read(text)).flatMap(Seen.all)
    }

    func post(_ content: String, scope: Scope, label: String, workspace: String) -> Reply {
        send(
            "POST", "memories", workspace,
            ["content": .string(content), "scope": .string(scope.rawValue), "namespace": .string(label)])
    }

    func patch(_ id: String, content: String, workspace: String) -> Reply {
        send("PATCH", "memories/\(id)", workspace, ["content": .string(content)])
    }

    func delete(_ id: String, workspace: String) -> Reply { send("DELETE", "memories/\(id)", workspace) }
    func deleteV2(_ id: String, workspace: String) -> Reply { send("DELETE", "v2/memories/\(id)", workspace) }

    func list(_ query: String, workspace: String) -> Reply {
        send("GET", "memories?limit=50&q=\(URLText.encode(query))", workspace)
    }

    func listV2(_ query: String, workspace: String) -> Reply {
        send("GET", "v2/memories?limit=50&q=\(URLText.encode(query))", workspace)
    }

    func sessionSearch(_ query: String, workspace: String) -> Reply {
        send("GET", "session-search?limit=50&q=\(URLText.encode(query))", workspace)
    }

    // MARK: - Non public

    private func tool(_ name: String, _ arguments: JSONValue, _ workspace: String) -> Reply {
        let params: JSONValue = ["name": .string(name), "arguments": arguments]
        return send("POST", "mcp", workspace, ["jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params])
    }

    private func toolText(_ reply: Reply) -> String? { reply.json?["result"]?["content"]?.array?.first?["text"]?.string }

    private func send(_ method: String, _ path: String, _ workspace: String, _ body: JSONValue? = nil) -> Reply {
        let token = WorkspaceToken.make(secret: secret, workspace: workspace)
        let call = WebCall(method: method, url: "\(base)/workspaces/\(workspace)/\(path)", token: token, body: body?.text)
        do {
            let answer = try client.send(call)
            return Reply(result: Self.result(answer), status: answer.status, json: answer.json)
        } catch .neverSent {
            return Reply(result: .nothing, status: 0, json: nil, isServerDown: true)
        } catch {
            return Reply(result: .maybe, status: 0, json: nil)
        }
    }

    private static func result(_ answer: WebAnswer) -> AccountLine.Result {
        switch answer.status {
        case 200..<300: return .done
        case 400..<500: return .nothing
        default:
            let reason = answer.json?["reason"]?.string ?? ""
            return ["breaker_open", "refused"].contains(reason) ? .nothing : .maybe
        }
    }
}

/// A memory as a door shows it.
struct Seen {
    let id: String
    let content: String

    static func all(_ list: JSONValue) -> [Seen]? {
        list.array?.map { Seen(id: $0["id"]?.string ?? "", content: $0["content"]?.string ?? "") }
    }
}
