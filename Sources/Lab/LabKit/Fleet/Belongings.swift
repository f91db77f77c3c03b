import Foundation

/// Which processes of this machine are a lab's.
struct Belongings {
    enum Kind: String, CaseIterable {
        case agents, ssm, orchestrator, server, plugin, sshd
    }

    let layout: LabLayout
    let postgresPorts: [Int]

    /// Never this process nor one above it: whoever types `down` has the lab's path in its own arguments.
    func processes(_ kind: Kind) -> [RunningProcess] {
        let mine = ancestry()
        return RunningProcess.all.filter { !mine.contains($0.pid) && self.kind(of: $0) == kind }
    }

    // MARK: - Non public

    private func kind(of process: RunningProcess) -> Kind? {
        let arguments = process.arguments
        switch process.program {
        case "cutover-lab" where arguments.contains("run-agents"): return mentions(arguments) ? .agents : nil
        case "cutover-lab" where arguments.contains("run-ssm"): return mentions(arguments) ? .ssm : nil
        // On a host the program lies under its digest.
        case let program where (program == "cutoverctl" || program.hasPrefix("cutoverctl-")) && arguments.contains("host"):
            return mentions(arguments) || isOurs(process.environment) ? .orchestrator : nil
        case "sshd": return LabSSH.isOurs(process, layout) ? .sshd : nil
        case WorkspaceServerProcess.program: return isOurs(process.environment) ? .server : nil
        default: return process.environment["MEMORY_PLUGIN_DATABASE_URL"].map(isOurDatabase) == true ? .plugin : nil
        }
    }

    private func mentions(_ arguments: [String]) -> Bool {
        arguments.contains { argument in
            // `--state=/path` as well as `/path`.
            argument.split(separator: "=").contains { layout.holds($0) }
        }
    }

    private func isOurs(_ environment: [String: String]) -> Bool {
        environment["WORKSPACE_SERVER_PIDFILE"].map { layout.holds($0) } == true
            || environment["DATABASE_URL"].map(isOurDatabase) == true
    }

    private func isOurDatabase(_ url: String) -> Bool {
        postgresPorts.contains { url.contains("@127.0.0.1:\($0)/") || url.contains("@localhost:\($0)/") }
    }

    private func ancestry() -> Set<pid_t> {
        var found: Set<pid_t> = [getpid()]
        var at = RunningProcess(getpid())?.parent ?? 0
        while at > 1, found.insert(at).inserted { at = RunningProcess(at)?.parent ?? 0 }
        return found
    }
}
