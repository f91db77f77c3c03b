import Cutover
import Foundation
import Host

/// The tenant's workspace server as a process: its command, settings and pid file stand in the env file.
struct WorkspaceServer: Sendable {
    let env: EnvFile
    let runtime: ProcessRuntime

    init(_ env: EnvFile) throws {
        self.env = env
        self.runtime = ProcessRuntime(command: try env.require("WORKSPACE_SERVER_COMMAND"), pidFile: try env.require("WORKSPACE_SERVER_PIDFILE"))
    }

    /// Starts it with the env file's variables and waits until it is healthy.
    func start(within seconds: Double) async throws -> Int32 {
        try await runtime.start(environment: env.variables, log: try env.require("WORKSPACE_SERVER_LOG"))
        let doors = try AgentDoors(env)
        let deadline = Date().addingTimeInterval(seconds)
        while Date() < deadline {
            if await doors.isHealthy(), let pid = try runtime.running() { return pid }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw HostFault.said("the workspace server did not become healthy within \(Int(seconds)) s; see its log")
    }

    /// A variable as the running process has it, which may not be what the file says now.
    func runningVariable(_ key: String) throws -> String? {
        guard let (pid, _) = try runtime.anyRunning(), let text = try DurableFile.read("/proc/\(pid)/environ") else { return nil }
        for entry in text.split(separator: "\0") where entry.hasPrefix("\(key)=") { return String(entry.dropFirst(key.count + 1)) }
        return nil
    }

    func pid() throws -> Int32? { try runtime.anyRunning()?.pid }
    func runningCommand() throws -> String? { try runtime.anyRunning()?.command }
}
