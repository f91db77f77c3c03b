import Foundation

/// The files of a cluster, whoever's programs run it.
struct ClusterData: Sendable {
    let folder: String

    var path: String { "\(folder)/data" }

    /// Its first process, when it runs.
    var postmaster: RunningProcess? {
        let lines = (try? String(contentsOfFile: "\(path)/postmaster.pid", encoding: .utf8))?.split(separator: "\n") ?? []
        guard let pid = lines.first.flatMap({ pid_t($0) }), let process = RunningProcess(pid) else { return nil }
        return process.program == "postgres" ? process : nil
    }
}
