import Foundation

/// A tenant's workspace server, started from its env file alone, as the orchestrator will start it again.
struct WorkspaceServerProcess: Sendable {
    let env: TenantEnv

    static let program = "lab-workspace-server"

    var running: RunningProcess? {
        guard let process = RunningProcess(pidFile: env["WORKSPACE_SERVER_PIDFILE"]), process.program == Self.program else { return nil }
        return process
    }

    func startIfStopped() throws {
        guard running == nil else { return }
        let command = env["WORKSPACE_SERVER_COMMAND"].split(separator: " ").map(String.init)
        let pid = try Spawn.detached(command, environment: env.values, log: env["WORKSPACE_SERVER_LOG"])
        try Data("\(pid)\n".utf8).write(to: URL(fileURLWithPath: env["WORKSPACE_SERVER_PIDFILE"]), options: .atomic)
        try awaitHealth(pid)
    }

    private func awaitHealth(_ pid: pid_t) throws {
        let client = CurlClient()
        let call = WebCall(method: "GET", url: env["WORKSPACE_SERVER_URL"] + "/health", timeoutMilliseconds: 500)
        for _ in 0..<200 {
            if (try? client.send(call))?.status == 200 { return }
            // It is our child: once dead it stays a zombie, which does not count as running.
            guard RunningProcess(pid) != nil else { break }
            usleep(50_000)
        }
        throw Spawn.Failed(description: "the workspace server did not come up; see \(env["WORKSPACE_SERVER_LOG"])")
    }
}
