import Foundation

/// A program run to its end, or this program in another role.
enum Child {
    /// Its exit status, and what it said on standard output until it ended. Blocks.
    static func run(_ arguments: [String]) throws -> (status: Int32, said: String) {
        let file = "/tmp/cutover-bench-said-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        defer { unlink(file) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // A file, not a pipe: a server among the descendants keeps a pipe open for ever.
        posix_spawn_file_actions_addopen(&actions, 1, file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        var child = pid_t()
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { argv.forEach { free($0) } }
        guard let program = arguments.first, posix_spawn(&child, program, &actions, nil, &argv, environ) == 0 else {
            throw Trouble("cannot start \(arguments.first ?? "nothing")")
        }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        return (status, (try? String(contentsOfFile: file, encoding: .utf8)) ?? "")
    }

    /// Runs this program as `role` and answers what it said; throws when it failed.
    static func play(_ role: String, _ arguments: [String]) async throws -> String {
        let (status, said) = try await withCheckedThrowingContinuation { done in
            Thread.detachNewThread { done.resume(with: Result { try run(["/proc/self/exe", "--as", role] + arguments) }) }
        }
        guard status == 0 else { throw Trouble("the child \(role) failed (status \(status))") }
        return said
    }

    /// The most memory this process ever had resident, in MiB.
    static func peakMiB() throws -> Double {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kib = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Double($0) })
        else { throw Trouble("/proc/self/status has no VmHWM") }
        return kib / 1024
    }
}
