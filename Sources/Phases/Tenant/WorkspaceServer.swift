import Cutover
import Foundation
import Host

/// The tenant's workspace server, a process or a container: its command and pid file, or its image and the container's name, stand in the env file,
/// beside its settings.
struct WorkspaceServer: Sendable {
    static let (command, image, container) = ("WORKSPACE_SERVER_COMMAND", "WORKSPACE_SERVER_IMAGE", "WORKSPACE_SERVER_CONTAINER")

    let env: EnvFile
    let runtime: any ServiceRuntime

    /// The variable that says which version is to run.
    static func version(_ env: EnvFile) -> String { env[image] == nil ? command : image }

    init(_ env: EnvFile) throws {
        self.env = env
        if let image = env[Self.image] {
            let name = try env.require(Self.container)
            self.runtime = try ContainerChoice(image: image, options: env["WORKSPACE_SERVER_OPTIONS"].map { $0.split(separator: " ").map(String.init) }).runtime(
                name, env, arguments: (env["WORKSPACE_SERVER_ARGUMENTS"] ?? "").split(separator: " ").map(String.init))
            return
        }
        self.runtime = ProcessRuntime(command: try env.require("WORKSPACE_SERVER_COMMAND"), pidFile: try env.require("WORKSPACE_SERVER_PIDFILE"))
    }

    /// Starts it with the env file's variables and waits until it is healthy.
    func start(within seconds: Double, _ operation: OperationID) async throws -> Int32 {
        let log = env["WORKSPACE_SERVER_LOG"] ?? ""
        try await runtime.start(environment: env.variables, log: log, operation: operation)
        let doors = try AgentDoors(env)
        let deadline = Date().addingTimeInterval(seconds)
        while Date() < deadline {
            if await doors.isHealthy(), let pid = try await runtime.running() { return pid }
            try await Task.sleep(for: .milliseconds(20))
        }
        let said = env[Self.image] == nil ? "" : await runtime.lastWords(log: log, lines: 20)
        throw HostFault.said("the workspace server did not become healthy within \(Int(seconds)) s; \(said.isEmpty ? "see its log" : Redaction(env).clean(said))")
    }

    /// A variable as the running process has it, which may not be what the file says now.
    func runningVariable(_ key: String) async throws -> String? {
        guard let (pid, _) = try await runtime.anyRunning(), let text = try DurableFile.read("/proc/\(pid)/environ") else { return nil }
        for entry in text.split(separator: "\0") where entry.hasPrefix("\(key)=") { return String(entry.dropFirst(key.count + 1)) }
        return nil
    }

    func pid() async throws -> Int32? { try await runtime.anyRunning()?.pid }
    /// The command line or the image of what runs.
    func runningVersion() async throws -> String? { try await runtime.anyRunning()?.what }
}
