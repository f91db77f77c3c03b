import Foundation
import HTTP
import LabKit

/// The lab's workspace server as a process of its own, agents' doors and all: this program in another role.
struct ServerProcess: Sendable {
    static let role = "server"
    private static let secret = "bench"
    let pid: pid_t
    let url: String

    static func start(database: String) async throws -> ServerProcess {
        let listen = "127.0.0.1:\(try PluginProcess.freePort())"
        let server = ServerProcess(pid: try Child.start(role, [database, listen, String(getpid())]), url: "http://\(listen)")
        for _ in 0..<500 {
            if let answer = try? await HTTPClient().send(HTTPRequest("GET", "\(server.url)/health")), answer.status == 200 { return server }
            try await Task.sleep(for: .milliseconds(20))
        }
        Child.stop(server.pid)
        throw Trouble("the workspace server does not become healthy")
    }

    func stop() { Child.stop(pid) }

    /// Milliseconds that a tool of the agents' own door takes. Throws unless it answers.
    func tool(_ name: String, _ arguments: String, workspace: String, over pool: HTTPPool) async throws -> Double {
        let body = #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\#(name)","arguments":\#(arguments)}}"#
        let token = WorkspaceToken.make(secret: Self.secret, workspace: workspace)
        let request = HTTPRequest(
            "POST", "\(url)/workspaces/\(workspace)/mcp", headers: ["Authorization": "Bearer \(token)", "Content-Type": "application/json"], body: Array(body.utf8),
            timeoutMilliseconds: 20_000)
        let began = ContinuousClock.now
        let answer = try await pool.send(request)
        guard answer.status == 200, !answer.text.contains(#""error""#) else { throw Trouble("the agents' door answers \(answer.status): \(answer.text.prefix(200))") }
        return inSeconds(ContinuousClock.now - began) * 1000
    }

    /// Ends with the program that started it, however that ends.
    static let main: @Sendable ([String]) async throws -> Void = { words in
        guard words.count == 3, let parent = Int32(words[2]) else { throw Trouble("server DATABASE LISTEN PARENT") }
        Child.endWith(parent)
        let status = await WorkspaceProgram.run(environment: ["DATABASE_URL": words[0], "LISTEN_ADDR": words[1], "AUTH_SECRET": secret], arguments: [])
        if status != 0 { throw Trouble("the workspace server ended with \(status)") }
    }
}
