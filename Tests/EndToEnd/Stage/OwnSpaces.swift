import Foundation

/// Whether this machine lets a case have mounts and processes of its own.
enum OwnSpaces {
    /// Throws `Skip` where `script` fails in spaces of its own.
    static func require(_ script: String, _ stage: Stage) async throws {
        guard getuid() == 0 else { throw Skip("only root can have spaces of its own") }
        let tried = try await RunningProgram.start(
            "/usr/bin/unshare", ["--mount", "--uts", "--pid", "--cgroup", "--fork", "--kill-child", "--mount-proc", "/bin/sh", "-ec", script], environment: [:],
            folder: stage.folder, log: "\(stage.logs)/own-spaces"
        ).ended()
        guard tried.code == 0 else { throw Skip("no spaces of its own here: \(tried.said)") }
    }
}
