import Foundation

/// The agents of one tenant: a process of their own.
struct AgentsProcess: Sendable {
    let layout: LabLayout
    let tenant: String
    let programs: Programs

    private var folder: TenantFolder { layout.tenant(tenant) }

    var running: RunningProcess? {
        guard let process = RunningProcess(pidFile: folder.agentsPID), process.arguments.contains("run-agents") else { return nil }
        return process
    }

    var isPaused: Bool { FileManager.default.fileExists(atPath: folder.pauseFile) }

    func startIfStopped() throws {
        guard running == nil else { return }
        let pid = try Spawn.detached(
            [programs.own, "run-agents", tenant, "--root", layout.root], environment: ["PATH": "/usr/bin:/bin"],
            log: folder.agentsLog)
        try Data("\(pid)\n".utf8).write(to: URL(fileURLWithPath: folder.agentsPID), options: .atomic)
    }

    func stop() { running?.stop(patienceSeconds: 15) }

    /// Returns once no act is in flight; at once when no agents run.
    func pause() throws {
        let word = UUID().uuidString
        try word.write(toFile: folder.pauseFile, atomically: true, encoding: .utf8)
        let patience = Date.now.addingTimeInterval(60)
        while running != nil, (try? String(contentsOfFile: folder.pausedFile, encoding: .utf8)) != word {
            guard Date.now < patience else {
                throw Spawn.Failed(description: "the agents of \(tenant) did not pause within 60 s; see \(folder.agentsLog)")
            }
            usleep(20_000)
        }
    }

    func resume() { unlink(folder.pauseFile) }
}
