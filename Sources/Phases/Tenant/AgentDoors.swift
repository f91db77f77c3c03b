import Foundation
import HTTP
import Host

/// The workspace server's doors, as an agent of one workspace uses them.
struct AgentDoors: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let status: Int
        let description: String
    }

    let base: String
    let workspace: String
    private let token: String
    private let http = HTTPClient()

    /// Whose agent it is: variables of the host's env file.
    enum Agent: String {
        /// Of the workspace in which probes are made.
        case probe = "PROBE_WORKSPACE"
        /// Of one that nobody uses: what it commits lands in namespaces that are not there yet.
        case fresh = "FRESH_WORKSPACE"

        var id: String { rawValue + "_ID" }
        var token: String { rawValue + "_TOKEN" }
    }

    init(_ env: EnvFile, as agent: Agent = .probe) throws {
        self.base = try env.require("WORKSPACE_SERVER_URL")
        self.workspace = try env.require(agent.id)
        self.token = try env.require(agent.token)
    }

    /// Commits through the agents' own tool call; the new memory's id.
    func commit(_ content: String, scope: String = "LOCAL") async throws -> String {
        struct Created: Decodable { let id: String }
        let text = try await callTool("commit_memory", ["content": content, "scope": scope])
        return try JSONDecoder().decode(Created.self, from: Data(text.utf8)).id
    }

    /// What a recall answers, as the agent reads it.
    func recall(_ query: String, scope: String = "LOCAL") async throws -> String { try await callTool("recall_memory", ["query": query, "scope": scope]) }

    /// The status of the panel's read route.
    func panelStatus() async throws -> Int { try await send("GET", "v2/memories", nil).status }

    /// What the panel's read route lists.
    func panel() async throws -> String { try ok(try await send("GET", "v2/memories", nil)).text }

    /// The status of the old read route, which a server without a fallback does not have.
    func oldRouteStatus() async throws -> Int { try await send("GET", "memories?limit=1", nil).status }

    /// The status of the door for keys and values.
    func keyValuesStatus() async throws -> Int { try await send("GET", "memory", nil).status }

    func writeKey(_ key: String, _ value: String) async throws { _ = try ok(try await send("POST", "memory", Array(try JSONEncoder().encode(["key": key, "value": value])))) }

    /// The value, where it is a text; nil when the door knows no such key.
    func readKey(_ key: String) async throws -> String? {
        struct Entry: Decodable { let value: String }
        let answer = try await send("GET", "memory/\(key)", nil)
        return answer.status == 404 ? nil : try JSONDecoder().decode(Entry.self, from: Data(try ok(answer).body)).value
    }

    func deleteKey(_ key: String) async throws { _ = try ok(try await send("DELETE", "memory/\(key)", nil)) }

    func sessionSearch(_ query: String) async throws -> String {
        let escaped = query.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        return try await ok(send("GET", "session-search?q=\(escaped)&limit=200", nil)).text
    }

    func forget(_ id: String) async throws {
        let answer = try await send("DELETE", "v2/memories/\(id)", nil)
        guard (200..<300).contains(answer.status) || answer.status == 404 else {
            throw Failure(status: answer.status, description: "forgetting a memory answered \(answer.status)")
        }
    }

    func isHealthy() async -> Bool {
        (try? await http.send(HTTPRequest("GET", "\(base)/health", timeoutMilliseconds: 2000)).status) == 200
    }

    private func callTool(_ name: String, _ arguments: [String: String]) async throws -> String {
        struct Call: Encodable {
            struct Parameters: Encodable {
                let name: String
                let arguments: [String: String]
            }
            let jsonrpc = "2.0"
            let id = 1
            let method = "tools/call"
            let params: Parameters
        }
        struct Reply: Decodable {
            struct Outcome: Decodable {
                struct Item: Decodable { let text: String? }
                let content: [Item]?
                let isError: Bool?
            }
            struct Trouble: Decodable { let message: String? }
            let result: Outcome?
            let error: Trouble?
        }
        let call = Call(params: .init(name: name, arguments: arguments))
        let answer = try ok(try await send("POST", "mcp", Array(try JSONEncoder().encode(call))))
        let reply = try JSONDecoder().decode(Reply.self, from: Data(answer.body))
        guard let text = reply.result?.content?.first?.text, reply.result?.isError != true, reply.error == nil else {
            throw Failure(status: answer.status, description: "\(name): \(reply.error?.message ?? reply.result?.content?.first?.text ?? "no text in the answer")")
        }
        return text
    }

    private func ok(_ answer: HTTPResponse) throws -> HTTPResponse {
        guard answer.status == 200 else { throw Failure(status: answer.status, description: "the workspace server answered \(answer.status)") }
        return answer
    }

    private func send(_ method: String, _ path: String, _ body: [UInt8]?) async throws -> HTTPResponse {
        try await http.send(
            HTTPRequest(
                method, "\(base)/workspaces/\(workspace)/\(path)",
                headers: ["Authorization": "Bearer \(token)", "Content-Type": "application/json"], body: body))
    }
}
