import Cutover
import Foundation
import Testing

@testable import Transports

@Suite("what becomes of an operation when the SSH connection does not hold", .serialized) struct SSHLinkTests {
    /// Kills the server's process for this connection.
    private static let cut = #"p=$PPID; while [ "$(cat /proc/$p/comm)" != sshd ]; do p=$(cut -d' ' -f4 /proc/$p/stat); done; kill -9 $p"#

    private func outcome(_ host: ScriptHost, _ name: String, placed script: String = "touch HERE/ran") async throws -> TransportError {
        let transport = try await host.placed(script.replacing("HERE", with: host.path))
        let elsewhere = TenantHost(id: "acme", host: name, transport: "ssh", labels: [:], env: host.target.env, state: host.target.state)
        let action = RemoteAction(id: "op-1", operationClass: .writing, input: Array("in".utf8), timeoutSeconds: 20)
        return try #require(await #expect(throws: TransportError.self) { try await transport.run(action, on: elsewhere) })
    }

    @Test("a host whose key nobody vouched for is never spoken to, whatever the operator's configuration says")
    func stranger() async throws {
        let host = try await ScriptHost(.ssh)
        let error = try await outcome(host, "stranger.test")
        #expect(error.outcome == .neverSent)
        #expect(error.detail.contains("Host key verification failed"))
        #expect(!host.has("ran"))
    }

    @Test("where nobody listens, and where whoever listens says nothing, nothing was sent", arguments: ["closed.test", "silent.test"])
    func unreachable(name: String) async throws {
        let host = try await ScriptHost(.ssh)
        let error = try await outcome(host, name)
        #expect(error.outcome == .neverSent)
        #expect(!error.detail.isEmpty)
        #expect(!host.has("ran"))
    }

    @Test("a host that lets us in and runs nothing of ours was sent nothing")
    func notNow() async throws {
        let host = try await ScriptHost(.ssh)
        let error = try await outcome(host, "refused.test")
        #expect(error.outcome == .neverSent)
        #expect(error.detail.contains("not now"))
        #expect(!host.has("ran"))
    }

    @Test("a connection that is cut before the act, or after it, leaves the outcome unknown", arguments: ["CUT; sleep 1; touch HERE/ran", "cat >/dev/null; touch HERE/ran; CUT"])
    func cut(script: String) async throws {
        let host = try await ScriptHost(.ssh)
        let error = try await outcome(host, "cut\(UUID().uuidString.prefix(6)).test", placed: script.replacing("CUT", with: Self.cut))
        #expect(error.outcome == .sentOutcomeUnknown)
    }

    @Test("after a shared connection was cut the next operation opens another")
    func again() async throws {
        let host = try await ScriptHost(.ssh)
        let transport = try await host.placed("if [ -e HERE/cut ]; then echo whole; else touch HERE/cut; CUT; fi".replacing("HERE", with: host.path).replacing("CUT", with: Self.cut))
        await #expect(throws: TransportError.self) { try await host.run(transport) }
        #expect(try await host.run(transport).output == "whole\n")
    }

    @Test("two operations on one host go over one connection")
    func shared() async throws {
        let host = try await ScriptHost(.ssh)
        let transport = try await host.placed(#"p=$PPID; while [ "$(cat /proc/$p/comm)" != sshd ]; do p=$(cut -d' ' -f4 /proc/$p/stat); done; echo $p"#)
        let first = try await host.run(transport).output
        #expect(try await host.run(transport).output == first)
    }

    @Test("what is not told to go is not begun, even if it reads no input", arguments: [false, true])
    func go(told: Bool) async throws {
        let host = try await ScriptHost(.ssh)
        let script = RemoteScript(#"touch "$1""#, ["\(host.path)/ran"])
        let input = "\(host.path)/input"
        let loop = RemoteLoop()
        try Data(loop.request(script) + (told ? RemoteLoop.go(script, []) : Array("something else\n".utf8))).write(to: URL(fileURLWithPath: input))
        let line: [String] = ["sh", "-c", "(\(loop.command)) <'\(input)' >/dev/null 2>&1"]
        var words: [UnsafeMutablePointer<CChar>?] = line.map { strdup($0) }
        words.append(nil)
        defer { words.forEach { free($0) } }
        var child: pid_t = 0
        var status: Int32 = 0
        try #require(posix_spawn(&child, "/bin/sh", nil, nil, &words, environ) == 0 && waitpid(child, &status, 0) == child)
        #expect(host.has("ran") == told)
    }

    @Test("a name that ssh would read as an option is no destination")
    func option() async throws {
        let host = try await ScriptHost(.ssh)
        let error = try await outcome(host, "-oProxyCommand=touch \(host.path)/ran")
        #expect(error.outcome == .neverSent)
        #expect(error.detail.contains("no destination"))
        #expect(!host.has("ran"))
    }

    @Test("many more hosts than clients at once are asked, and all answer", .timeLimit(.minutes(10)))
    func fleet() async throws {
        let host = try await ScriptHost(.ssh)
        let transport = try await host.placed("cat")
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<70 {
                let target = TenantHost(id: "acme", host: "h\(number).test", transport: "ssh", labels: [:], env: host.target.env, state: host.target.state)
                group.addTask {
                    let action = RemoteAction(id: "op", operationClass: .reading, input: Array("\(number)".utf8), timeoutSeconds: 120)
                    return try await transport.run(action, on: target).output == "\(number)"
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }
}
