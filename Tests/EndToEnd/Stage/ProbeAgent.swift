import Foundation

/// An agent of a tenant's probe workspace, at the doors of the tenant's server.
struct ProbeAgent {
    let stage: Stage
    let tenant: String

    /// Commits through the agents' tool call; answers the id.
    func commit(_ content: String) async throws -> String {
        let answer = try await call("commit_memory", ["content": content, "scope": "LOCAL"])
        guard let id = answer.firstMatch(of: #/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/#) else { throw Trouble("a commit at \(tenant) answered: \(answer)") }
        return String(id.output)
    }

    /// What recall and session-search answer about the word.
    func everything(about word: String) async throws -> String {
        try await call("recall_memory", ["query": word, "scope": "LOCAL"]) + "\n" + ask("GET", "session-search?q=\(word)&limit=200")
    }

    /// Through whichever door the tenant's memories are at now.
    func forget(_ id: String) async throws {
        _ = try await ask("DELETE", "v2/memories/\(id)")
        _ = try await ask("DELETE", "memories/\(id)")
    }

    private func call(_ tool: String, _ arguments: [String: String]) async throws -> String {
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
        let body = try JSONEncoder().encode(Call(params: .init(name: tool, arguments: arguments)))
        return try await ask("POST", "mcp", String(decoding: body, as: UTF8.self))
    }

    private func ask(_ method: String, _ path: String, _ body: String? = nil) async throws -> String {
        let env = try EnvText(stage.env(tenant))
        let url = "\(try env.require("WORKSPACE_SERVER_URL"))/workspaces/\(try env.require("PROBE_WORKSPACE_ID"))/\(path)"
        let headers = ["Authorization: Bearer \(try env.require("PROBE_WORKSPACE_TOKEN"))", "Content-Type: application/json"]
        let words = ["-s", "-m", "20", "-X", method] + headers.flatMap { ["-H", $0] } + (body.map { ["-d", $0] } ?? []) + [url]
        return try await RunningProgram.start("/usr/bin/curl", words, environment: [:], folder: stage.folder, log: "\(stage.logs)/agent-\(UUID().uuidString.prefix(8))").ended().out
    }
}
